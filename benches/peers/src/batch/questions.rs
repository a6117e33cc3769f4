//! The questions, one file each.

mod cpu;

use crate::question::Question;

/// Every question, in the order in which they are printed.
pub const ALL: &[Question] = &[Question {
    name: "cpu",
    ask: cpu::ask,
}];
