//! The questions, one file each.

mod allocations;
mod arrivals;
mod cpu;
mod defects;
mod hit;
mod late_binding;
mod load_many;
mod lone;
mod mutations;
mod poison;
mod sqlite;

use crate::question::Question;

/// Every question, in the order in which they are printed.
pub const ALL: &[Question] = &[
    Question {
        name: "cpu",
        ask: cpu::ask,
    },
    Question {
        name: "allocations",
        ask: allocations::ask,
    },
    Question {
        name: "lone",
        ask: lone::ask,
    },
    Question {
        name: "load-many",
        ask: load_many::ask,
    },
    Question {
        name: "hit",
        ask: hit::ask,
    },
    Question {
        name: "sqlite",
        ask: sqlite::ask,
    },
    Question {
        name: "arrivals",
        ask: arrivals::ask,
    },
    Question {
        name: "late-binding",
        ask: late_binding::ask,
    },
    Question {
        name: "poison",
        ask: poison::ask,
    },
    Question {
        name: "defects",
        ask: defects::ask,
    },
    Question {
        name: "mutations",
        ask: mutations::ask,
    },
];
