//! What the tool says to whoever started it.

use std::io::{self, Write, stderr, stdout};

use serde::Serialize;

use crate::failure::Failure;

/// Prints what was asked for.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = stdout().lock();
    readable(
        output
            .write_all(text.as_bytes())
            .and_then(|()| output.flush()),
    )
}

/// Prints one line of JSON.
pub(crate) fn print_json(shape: &impl Serialize) -> Result<(), Failure> {
    let mut line = serde_json::to_string(shape).map_err(|error| Failure::output(&error.into()))?;
    line.push('\n');
    print(&line)
}

/// Prints something beside what was asked for. Nobody has to read it.
pub(crate) fn note(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

pub(crate) fn readable(written: io::Result<()>) -> Result<(), Failure> {
    written.map_err(|error| Failure::output(&error))
}

/// Lays out a table: as wide as it has to be, numbers to the right.
pub(crate) fn table<const N: usize>(head: [&str; N], right: usize, rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let lines = || std::iter::once(&head).chain(rows);
    let width = |column: usize| lines().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut table = String::new();
    for row in lines() {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, &width))| {
            if column == right {
                format!("{cell:>width$}")
            } else {
                format!("{cell:width$}")
            }
        });
        table.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        table.push('\n');
    }
    table
}

/// Lays out what is known of one thing, a line for each.
pub(crate) fn lines(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = facts
        .iter()
        .map(|(name, fact)| format!("{name:width$}  {fact}\n"));
    lines.collect()
}

/// Returns a text from outside as it can be shown: it is seen, and can neither end a line nor move the
/// cursor of a terminal.
pub(crate) fn plain(text: &str) -> String {
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    let shown = text.chars().flat_map(|letter| {
        let escape = is_active(letter).then(|| letter.escape_default());
        let itself = (!is_active(letter)).then_some(letter);
        escape.into_iter().flatten().chain(itself)
    });
    shown.collect()
}

/// Whether a terminal does something for a character rather than show it, such as writing the other
/// way round.
fn is_active(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
