//! `set`, `reset`, `remove` and `label`.

use std::path::Path;

use forebay_checkpoint::{CheckpointError, FileStore, Row};
use forebay_core::{Checkpoint, CheckpointStore, Commit, Cursor};
use futures::executor::block_on;
use serde::Serialize;

use crate::cli::{KeyArguments, LabelArguments, ResetArguments, SetArguments};
use crate::failure::Failure;
use crate::key;
use crate::output::{plain, print, print_json};
use crate::session::{Create, Session};
use crate::shape::CheckpointShape;

#[derive(Serialize)]
struct ChangeShape {
    key: String,
    label: Option<String>,
    /// `advanced`, `unchanged`, `reset`, `removed` or `labelled`.
    outcome: &'static str,
    before: Option<CheckpointShape>,
    now: Option<CheckpointShape>,
}

/// A key of an open store, and how it is called.
struct Subject {
    store: FileStore,
    row: Row,
    /// So many digits tell it apart.
    digits: usize,
    name: String,
}

impl Subject {
    fn open(session: &Session, file: &Path, text: &str, create: Create) -> Result<Self, Failure> {
        let store = session.open(file, create)?;
        let rows = store.rows();
        let row = key::named(text, &rows, file)?;
        let digits = key::shown_digits(&rows);
        let name = key::name(&row, digits);
        Ok(Self {
            store,
            row,
            digits,
            name,
        })
    }

    /// Expects the key to be listed, rather than merely well-formed.
    fn expect_listed(&self, file: &Path) -> Result<(), Failure> {
        if self.row.checkpoint.is_some() || self.row.label.is_some() {
            return Ok(());
        }
        let (key, file) = (&self.row.key, file.display());
        Err(Failure::no(format!(
            "there is no key {key} in {file}; list shows all"
        )))
    }

    fn target(&self, request: &ResetArguments) -> Result<Checkpoint, Failure> {
        let cursor = request.position.after(self.row.checkpoint.as_ref());
        let Some(cursor) = cursor else {
            return Err(Failure::no(format!(
                "{} has no position, and so no log to take; give the position as LOG-SEQUENCE",
                self.name
            )));
        };
        let target = Checkpoint::new(cursor);
        Ok(match &request.event_id {
            Some(event_id) => target.with_event_id(event_id.as_str()),
            None => target,
        })
    }

    fn finish(
        self,
        session: &Session,
        outcome: &'static str,
        now: Option<&Checkpoint>,
        said: &str,
    ) -> Result<(), Failure> {
        self.store.close_blocking()?;
        if !session.json {
            return print(&format!("{}  {said}\n", self.name));
        }
        print_json(&ChangeShape {
            key: self.row.key.to_string(),
            label: self.row.label.as_deref().map(str::to_owned),
            outcome,
            before: self.row.checkpoint.as_ref().map(CheckpointShape::of),
            now: now.map(CheckpointShape::of),
        })
    }
}

pub(crate) fn set(session: &Session, request: &SetArguments) -> Result<(), Failure> {
    let (to, reset) = (&request.to, request.reset);
    if reset {
        return self::reset(session, to);
    }
    let mut subject = Subject::open(session, &to.file, &to.key, Create::OnRequest(to.create))?;
    let target = subject.target(to)?;
    let key = &subject.row.key;
    let commit = match subject.store.commit_blocking(key, target.clone()) {
        Err(CheckpointError::OtherLog { stored, .. }) => {
            let (name, stored) = (&subject.name, stored.cursor());
            return Err(Failure::refused(format!(
                "{name} is at {stored}, in another log; use reset to go over to this one"
            )));
        }
        commit => commit?,
    };
    match commit {
        Commit::Advanced { previous } => {
            let before = previous.map(|sequence| Cursor::new(target.log(), sequence));
            let said = moved(before, target.cursor());
            // Somebody may have moved it since it was looked up.
            let looked_up = subject.row.checkpoint.take();
            let looked_up = looked_up.filter(|found| Some(found.cursor()) == before);
            subject.row.checkpoint = looked_up.or_else(|| before.map(Checkpoint::new));
            subject.finish(session, "advanced", Some(&target), &said)
        }
        Commit::Unchanged { current } => {
            let is_same = current.cursor() == target.cursor()
                && (target.event_id().is_none() || current.event_id() == target.event_id());
            if !is_same {
                return Err(Failure::refused(behind(&subject.name, &current, &target)));
            }
            let said = format!("{}, as before", current.cursor());
            subject.row.checkpoint = Some(current.clone());
            subject.finish(session, "unchanged", Some(&current), &said)
        }
    }
}

fn behind(name: &str, current: &Checkpoint, target: &Checkpoint) -> String {
    if current.cursor() != target.cursor() {
        return format!(
            "{name} is at {}, beyond {}; use reset to go back",
            current.cursor(),
            target.sequence().get()
        );
    }
    let event_id = match current.event_id() {
        Some(event_id) => format!("with event id {event_id}"),
        None => "without an event id".to_owned(),
    };
    format!(
        "{name} is at {} {event_id}; use reset to replace that",
        current.cursor()
    )
}

pub(crate) fn reset(session: &Session, request: &ResetArguments) -> Result<(), Failure> {
    let subject = Subject::open(
        session,
        &request.file,
        &request.key,
        Create::OnRequest(request.create),
    )?;
    let target = subject.target(request)?;
    block_on(subject.store.reset(&subject.row.key, target.clone()))?;
    let before = subject.row.checkpoint.as_ref().map(Checkpoint::cursor);
    let said = moved(before, target.cursor());
    subject.finish(session, "reset", Some(&target), &said)
}

pub(crate) fn remove(session: &Session, request: &KeyArguments) -> Result<(), Failure> {
    let mut subject = Subject::open(session, &request.file, &request.key, Create::Never)?;
    subject.expect_listed(&request.file)?;
    subject.row.checkpoint = block_on(subject.store.remove(&subject.row.key))?;
    let said = match &subject.row.checkpoint {
        Some(removed) => format!("removed, was at {}", removed.cursor()),
        None => "removed, had no position".to_owned(),
    };
    subject.finish(session, "removed", None, &said)
}

pub(crate) fn label(session: &Session, request: &LabelArguments) -> Result<(), Failure> {
    if request.text.is_none() && !request.remove {
        return show_label(session, request);
    }
    let text = request.text.as_deref();
    if text == Some("") {
        return Err(Failure::usage(
            "a label is not empty; --remove takes it away",
        ));
    }
    let mut subject = Subject::open(session, &request.file, &request.key, Create::Never)?;
    if request.remove {
        subject.expect_listed(&request.file)?;
    }
    block_on(subject.store.label(&subject.row.key, text))?;
    let before = std::mem::replace(&mut subject.row.label, text.map(Into::into));
    let shown = |label: Option<&str>| label.map_or_else(|| "none".to_owned(), plain);
    let said = format!("label {} -> {}", shown(before.as_deref()), shown(text));
    subject.name = key::short(&subject.row.key, subject.digits);
    let now = subject.row.checkpoint.clone();
    subject.finish(session, "labelled", now.as_ref(), &said)
}

fn show_label(session: &Session, request: &LabelArguments) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct LabelShape<'a> {
        key: String,
        label: &'a str,
    }
    let reader = session.read(&request.file)?;
    let row = key::named(&request.key, &reader.rows(), &request.file)?;
    let Some(label) = row.label.as_deref() else {
        let key = &request.key;
        return Err(Failure::no(format!("{key} has no label")));
    };
    if session.json {
        let key = row.key.to_string();
        return print_json(&LabelShape { key, label });
    }
    print(&format!("{}\n", plain(label)))
}

fn moved(before: Option<Cursor>, now: Cursor) -> String {
    match before {
        Some(before) => format!("{before} -> {now}"),
        None => format!("none -> {now}"),
    }
}
