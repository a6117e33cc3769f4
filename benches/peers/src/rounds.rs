//! Interleaved rounds: what disturbs the machine for a while disturbs every peer of a round.

use crate::entry::Entry;
use crate::table::Row;

/// Checks every peer's answers and probes each in turn, for a number of rounds.
///
/// A round begins with another peer than the one before, so that none always follows the same.
///
/// # Panics
///
/// When a peer gives a wrong answer.
pub fn interleaved<Q>(question: &Q, entries: &[Entry<Q>], rounds: usize) -> Vec<Row> {
    let row = |entry: &Entry<Q>| Row {
        name: entry.name,
        settings: entry.settings,
        kind: entry.kind,
        rounds: Vec::new(),
    };
    let mut rows: Vec<Row> = entries.iter().map(row).collect();
    for entry in entries {
        (entry.check)();
    }
    for round in 0..rounds {
        for turn in 0..entries.len() {
            let index = (round + turn) % entries.len();
            rows[index].rounds.push((entries[index].probe)(question));
        }
    }
    rows
}
