//! Interleaved rounds: what disturbs the machine for a while disturbs every peer, and the least
//! figure of several rounds is the one that was disturbed least.

use crate::peers::{Entry, Probe};
use crate::table::Row;

/// Checks every peer's answers, probes each in turn for a number of rounds, and returns the least
/// figure of each.
///
/// A round begins with another peer than the one before, so that none always follows the same.
///
/// # Panics
///
/// When a peer gives a wrong answer.
pub fn least<Q: Probe>(question: &Q, entries: &[Entry<Q>], rounds: usize) -> Vec<Row> {
    let row = |entry: &Entry<Q>| Row {
        name: entry.name,
        kind: entry.kind,
        figures: Vec::new(),
    };
    let mut rows: Vec<Row> = entries.iter().map(row).collect();
    for entry in entries {
        (entry.check)();
    }
    for round in 0..rounds {
        for turn in 0..entries.len() {
            let index = (round + turn) % entries.len();
            let figures = (entries[index].probe)(question);
            keep_least(&mut rows[index].figures, figures);
        }
    }
    rows
}

fn keep_least(least: &mut Vec<Option<f64>>, figures: Vec<Option<f64>>) {
    if least.is_empty() {
        *least = figures;
        return;
    }
    for (least, figure) in least.iter_mut().zip(figures) {
        *least = least.zip(figure).map(|(least, figure)| least.min(figure));
    }
}
