use std::io::Read;
use std::path::Path;

use forebay_checkpoint::{CheckpointError, FileReader, FileStore, import_json_v1};
use forebay_core::{Checkpoint, CheckpointStore, Commit, ResumeKey};
use futures::executor::block_on;
use serde::Serialize;

use crate::cli::ImportArguments;
use crate::failure::Failure;
use crate::key;
use crate::output::{print, print_json};
use crate::session::{Create, Session};

/// So many bytes of positions are committed at once.
const BATCH_BYTES: usize = 1 << 20;
/// What a position takes beside its event id.
const POSITION_BYTES: usize = 64;

#[derive(Default, Serialize)]
struct Outcome {
    advanced: usize,
    unchanged: usize,
    reset: usize,
}

#[derive(Serialize)]
struct ImportShape {
    file: String,
    #[serde(flatten)]
    outcome: Outcome,
}

pub(crate) fn import(session: &Session, request: &ImportArguments) -> Result<(), Failure> {
    let outcome = match &request.from {
        Some(from) => import_from(session, request, from)?,
        None => take_over(session, request)?,
    };
    if session.json {
        return print_json(&ImportShape {
            file: request.file.display().to_string(),
            outcome,
        });
    }
    let Outcome {
        advanced,
        unchanged,
        reset,
    } = outcome;
    let mut said = format!("{advanced} keys advanced, {unchanged} unchanged");
    if request.reset {
        said.push_str(&format!(", {reset} reset"));
    }
    if request.from.is_none() {
        said.push_str("; the JSON is kept beside it, with .v1-backup behind its name");
    }
    print(&format!("{said}\n"))
}

/// Makes a checkpoint file of the JSON itself.
fn take_over(session: &Session, request: &ImportArguments) -> Result<Outcome, Failure> {
    match FileReader::open(&request.file) {
        Err(CheckpointError::JsonV1 { .. }) => {}
        Err(error) => return Err(error.into()),
        Ok(_) => {
            return Err(Failure::usage(format!(
                "{} is a checkpoint file; name the JSON to import behind it",
                request.file.display()
            )));
        }
    }
    let store = session
        .options()
        .import_json_v1(request.log)
        .open(&request.file)?;
    let advanced = store.stats().keys;
    store.close_blocking()?;
    Ok(Outcome {
        advanced,
        ..Outcome::default()
    })
}

fn import_from(
    session: &Session,
    request: &ImportArguments,
    from: &Path,
) -> Result<Outcome, Failure> {
    let json = read(from).map_err(|error| Failure::io("read", from, error))?;
    let imported =
        import_json_v1(&json, request.log).map_err(|error| Failure::import(from, &error))?;
    let store = session.open(&request.file, Create::OnRequest(request.create))?;
    let mut outcome = Outcome::default();
    let imported = if request.reset {
        reset(&store, imported, &mut outcome)?
    } else {
        expect_log(&store, &imported)?;
        imported
    };
    for batch in batches(imported) {
        for commit in block_on(store.commit_many(batch))? {
            match commit {
                Commit::Advanced { .. } => outcome.advanced += 1,
                Commit::Unchanged { .. } => outcome.unchanged += 1,
            }
        }
    }
    store.close_blocking()?;
    Ok(outcome)
}

fn read(from: &Path) -> std::io::Result<Vec<u8>> {
    if from.as_os_str() != "-" {
        return std::fs::read(from);
    }
    let mut json = Vec::new();
    std::io::stdin().lock().read_to_end(&mut json)?;
    Ok(json)
}

/// Expects no key to be in another log, before any is changed.
fn expect_log(store: &FileStore, imported: &[(ResumeKey, Checkpoint)]) -> Result<(), Failure> {
    let is_elsewhere = |(key, checkpoint): &&(ResumeKey, Checkpoint)| {
        let stored = store.load_now(key);
        stored.is_some_and(|stored| stored.log() != checkpoint.log())
    };
    let mut elsewhere = imported.iter().filter(is_elsewhere);
    let Some((first, _)) = elsewhere.next() else {
        return Ok(());
    };
    let rows = store.rows();
    let first = key::named(&first.to_string(), &rows, store.path())?;
    Err(Failure::refused(format!(
        "{} of {} keys in another log, the first {}; nothing was imported, --reset takes them over",
        elsewhere.count() + 1,
        imported.len(),
        key::name(&first, key::shown_digits(&rows))
    )))
}

/// Resets the keys that cannot be committed, and returns the others.
fn reset(
    store: &FileStore,
    imported: Vec<(ResumeKey, Checkpoint)>,
    outcome: &mut Outcome,
) -> Result<Vec<(ResumeKey, Checkpoint)>, Failure> {
    let mut others = Vec::with_capacity(imported.len());
    for (key, checkpoint) in imported {
        let is_back = store.load_now(&key).is_some_and(|stored| {
            stored.log() != checkpoint.log() || stored.sequence() > checkpoint.sequence()
        });
        if is_back {
            block_on(store.reset(&key, checkpoint))?;
            outcome.reset += 1;
        } else {
            others.push((key, checkpoint));
        }
    }
    Ok(others)
}

fn batches(imported: Vec<(ResumeKey, Checkpoint)>) -> Vec<Vec<(ResumeKey, Checkpoint)>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0;
    for (key, checkpoint) in imported {
        bytes += POSITION_BYTES + checkpoint.event_id().map_or(0, str::len);
        batch.push((key, checkpoint));
        if bytes >= BATCH_BYTES {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
    }
    batches.push(batch);
    batches
}
