use std::collections::BTreeMap;
use std::io::stdout;
use std::time::{Duration, Instant};

use forebay_checkpoint::Row;
use forebay_core::ResumeKey;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

use crate::cli::WatchArguments;
use crate::failure::Failure;
use crate::key;
use crate::output::{plain, print, print_json};
use crate::session::Session;
use crate::shape::RowShape;

/// So often it is looked whether somebody has written.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A file that takes long to read is read less often: this much of the time goes into it at the most.
const READING_SHARE: u32 = 10;

#[derive(Serialize)]
struct ChangeShape {
    /// `now` for what is stored at first, `advanced`, `reset`, `removed` or `labelled`.
    change: &'static str,
    #[serde(flatten)]
    row: RowShape,
}

pub(crate) fn watch(session: &Session, request: &WatchArguments) -> Result<(), Failure> {
    let mut reader = session.read(&request.file)?;
    let mut rows = reader.rows();
    let wanted = match &request.key {
        Some(text) => Some(key::named(text, &rows, &request.file)?),
        None => None,
    };
    let mut digits = key::shown_digits(&rows);
    let mut known = following(&rows, wanted.as_ref());
    if let Some(wanted) = &wanted {
        known.entry(wanted.key).or_insert_with(|| wanted.clone());
    }
    for row in known.values() {
        show(session, "now", row, digits)?;
    }
    loop {
        let began = Instant::now();
        if reader.refresh()? {
            rows = reader.rows();
            digits = digits.max(key::shown_digits(&rows));
            let now = following(&rows, wanted.as_ref());
            for (change, row) in changes(&known, &now) {
                show(session, change, &row, digits)?;
            }
            known = now;
        }
        let pause = LOOK_EVERY.max(began.elapsed().saturating_mul(READING_SHARE));
        if !is_read_for(pause) {
            return Ok(());
        }
    }
}

type Known = BTreeMap<ResumeKey, Row>;

fn following(rows: &[Row], wanted: Option<&Row>) -> Known {
    let is_wanted = |row: &&Row| wanted.is_none_or(|wanted| wanted.key == row.key);
    let rows = rows.iter().filter(is_wanted);
    rows.map(|row| (row.key, row.clone())).collect()
}

/// Returns what happened between two looks, in the order of the keys.
fn changes(before: &Known, now: &Known) -> Vec<(&'static str, Row)> {
    let mut changes = Vec::new();
    for (key, row) in now {
        let change = match before.get(key) {
            Some(before) => change(before, row),
            None => change(&Row::new(*key, None), row),
        };
        changes.extend(change.map(|change| (change, row.clone())));
    }
    for key in before.keys().filter(|key| !now.contains_key(key)) {
        let was_there = before.get(key).is_some_and(is_something);
        if was_there {
            changes.push(("removed", Row::new(*key, None)));
        }
    }
    changes
}

const fn is_something(row: &Row) -> bool {
    row.checkpoint.is_some() || row.label.is_some()
}

fn change(before: &Row, now: &Row) -> Option<&'static str> {
    match (&before.checkpoint, &now.checkpoint) {
        (before, now) if before == now => {}
        (None, Some(_)) => return Some("advanced"),
        (Some(before), Some(now)) if before.log() == now.log() => {
            let advanced = before.sequence() < now.sequence();
            return Some(if advanced { "advanced" } else { "reset" });
        }
        (Some(_), Some(_)) => return Some("reset"),
        _ => return Some("removed"),
    }
    (before.label != now.label).then_some("labelled")
}

fn show(session: &Session, change: &'static str, row: &Row, digits: usize) -> Result<(), Failure> {
    if session.json {
        let row = RowShape::of(row);
        return print_json(&ChangeShape { change, row });
    }
    let mut line = format!("{change:8}  {}", key::name(row, digits));
    if let Some(stored) = &row.checkpoint {
        line.push_str(&format!("  {}", stored.cursor()));
        if let Some(event_id) = stored.event_id() {
            line.push_str(&format!("  {}", plain(event_id)));
        }
    }
    line.push('\n');
    print(&line)
}

/// Waits, and returns whether somebody still reads the output: a pipe that is closed ends the wait,
/// so that nobody is left behind who watches for nobody.
fn is_read_for(pause: Duration) -> bool {
    let output = stdout();
    let mut asked = [PollFd::new(&output, PollFlags::empty())];
    let pause = Timespec::try_from(pause).ok();
    match poll(&mut asked, pause.as_ref()) {
        Ok(0) | Err(_) => true,
        Ok(_) => !asked.iter().any(|asked| {
            asked
                .revents()
                .intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL)
        }),
    }
}
