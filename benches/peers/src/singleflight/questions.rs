//! The questions, one file each.

mod allocations;
mod cancel;
mod cascade;
mod failure;
mod follower;
mod handover;
mod hot_key;
mod memory;
mod overlap;
mod size;
mod timeout;
mod uncontended;
mod zipf;

use crate::question::Question;

/// Every question, in the order in which they are printed.
pub const ALL: &[Question] = &[
    Question {
        name: "uncontended",
        ask: uncontended::ask,
    },
    Question {
        name: "follower",
        ask: follower::ask,
    },
    Question {
        name: "timeout",
        ask: timeout::ask,
    },
    Question {
        name: "hot-key",
        ask: hot_key::ask,
    },
    Question {
        name: "zipf",
        ask: zipf::ask,
    },
    Question {
        name: "allocations",
        ask: allocations::ask,
    },
    Question {
        name: "memory",
        ask: memory::ask,
    },
    Question {
        name: "overlap",
        ask: overlap::ask,
    },
    Question {
        name: "cascade",
        ask: cascade::ask,
    },
    Question {
        name: "handover",
        ask: handover::ask,
    },
    Question {
        name: "failure",
        ask: failure::ask,
    },
    Question {
        name: "cancel",
        ask: cancel::ask,
    },
    Question {
        name: "size",
        ask: size::ask,
    },
];
