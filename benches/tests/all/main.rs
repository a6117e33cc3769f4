//! The `all` subcommand, run as a user runs it.
//!
//! * [`page`]: one page has every question, in short and whole, and what was lost.
//! * [`choices`]: what is asked, on which disk, and what comes out can be chosen.
//! * [`failures`]: a part that fails is named, fails the run, and costs the others nothing.
//! * [`interrupts`]: Ctrl-C shows what was measured so far.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../harness/program.rs"]
mod program;

mod choices;
mod failures;
#[cfg(target_os = "linux")]
mod interrupts;
mod page;

/// Every question.
const QUESTIONS: [&str; 5] = [
    "Many callers, one row",
    "Many rows, one by one",
    "Changes to many watchers",
    "A laggard",
    "Positions that outlast a crash",
];
