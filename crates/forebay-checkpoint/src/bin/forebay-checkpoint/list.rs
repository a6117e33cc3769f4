//! `list` and `get`.

use forebay_checkpoint::Row;
use serde::Serialize;

use crate::cli::{KeyArguments, ListArguments};
use crate::failure::Failure;
use crate::key;
use crate::output::{lines, plain, print, print_json, table};
use crate::session::Session;
use crate::shape::RowShape;

/// The place of a cell without anything in it.
const NOTHING: &str = "-";

const HEAD: [&str; 5] = ["KEY", "LABEL", "LOG", "SEQUENCE", "EVENT ID"];
const SEQUENCE_COLUMN: usize = 3;

#[derive(Serialize)]
struct ListShape {
    file: String,
    keys: Vec<RowShape>,
}

pub(crate) fn list(session: &Session, request: &ListArguments) -> Result<(), Failure> {
    let reader = session.read(&request.file)?;
    let rows = reader.rows();
    if session.json {
        return print_json(&ListShape {
            file: request.file.display().to_string(),
            keys: rows.iter().map(RowShape::of).collect(),
        });
    }
    let digits = if request.full {
        usize::MAX
    } else {
        key::shown_digits(&rows)
    };
    print(&listed(&rows, digits))
}

/// Lays out keys as `list` shows them.
pub(crate) fn listed(rows: &[Row], digits: usize) -> String {
    let rows = rows.iter().map(|row| {
        let stored = row.checkpoint.as_ref();
        let event_id = stored.and_then(|stored| stored.event_id());
        [
            key::short(&row.key, digits),
            or_nothing(row.label.as_deref().map(plain)),
            or_nothing(stored.map(|stored| stored.log().to_string())),
            or_nothing(stored.map(|stored| stored.sequence().get().to_string())),
            or_nothing(event_id.map(plain)),
        ]
    });
    table(HEAD, SEQUENCE_COLUMN, &rows.collect::<Vec<_>>())
}

pub(crate) fn get(session: &Session, request: &KeyArguments) -> Result<(), Failure> {
    let reader = session.read(&request.file)?;
    let row = key::named(&request.key, &reader.rows(), &request.file)?;
    if row.checkpoint.is_none() && row.label.is_none() {
        let (key, file) = (&request.key, request.file.display());
        return Err(Failure::no(format!(
            "there is no key {key} in {file}; list shows all"
        )));
    }
    if session.json {
        return print_json(&RowShape::of(&row));
    }
    let stored = row.checkpoint.as_ref();
    let event_id = stored.and_then(|stored| stored.event_id());
    print(&lines(&[
        ("key", row.key.to_string()),
        ("label", or_nothing(row.label.as_deref().map(plain))),
        (
            "position",
            or_nothing(stored.map(|stored| stored.cursor().to_string())),
        ),
        ("event id", or_nothing(event_id.map(plain))),
    ]))
}

fn or_nothing(text: Option<String>) -> String {
    text.unwrap_or_else(|| NOTHING.to_owned())
}
