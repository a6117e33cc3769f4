//! The questions, one file each.

mod append;
mod defects;
mod drain;
mod keys;
mod memory;
mod parked;
mod release;
mod resume;
mod snapshot;
mod stuck;
mod stream;
mod wake;

use crate::events::peers::tokio_broadcast;
use crate::question::Question;
use crate::table::{Column, Unit};

/// Every question, in the order in which they are printed.
pub const ALL: &[Question] = &[
    Question {
        name: "append",
        ask: append::ask,
    },
    Question {
        name: "parked",
        ask: parked::ask,
    },
    Question {
        name: "drain",
        ask: drain::ask,
    },
    Question {
        name: "stream",
        ask: stream::ask,
    },
    Question {
        name: "wake",
        ask: wake::ask,
    },
    Question {
        name: "memory",
        ask: memory::ask,
    },
    Question {
        name: "keys",
        ask: keys::ask,
    },
    Question {
        name: "release",
        ask: release::ask,
    },
    Question {
        name: "resume",
        ask: resume::ask,
    },
    Question {
        name: "snapshot",
        ask: snapshot::ask,
    },
    Question {
        name: "stuck",
        ask: stuck::ask,
    },
    Question {
        name: "defects",
        ask: defects::ask,
    },
];

/// Returns a column of nanoseconds with their ratios to those of tokio's broadcast.
const fn to_tokio(name: &'static str) -> Column {
    Column::new(name, Unit::NanosecondsTo(tokio_broadcast::NAME))
}

/// Returns the middle one of some figures.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
