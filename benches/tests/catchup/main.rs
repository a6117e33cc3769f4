//! The `catchup` subcommand, run as a user runs it.
//!
//! * [`answers`]: every strategy catches up at every point, over both networks, and does what it says.
//! * [`model`]: virtual time is that of the lines, and a seed names one counted section.
//! * [`figures`]: what is counted stands apart from what is measured, and two reports compare.
//! * [`refusals`]: bad input ends with status 2, one line that helps, and no file.
//! * [`interrupts`]: Ctrl-C shows what was measured so far.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../harness/program.rs"]
mod program;
#[cfg(target_os = "linux")]
#[path = "../harness/running.rs"]
mod running;

mod answers;
mod figures;
#[cfg(target_os = "linux")]
mod interrupts;
mod model;
mod refusals;
