//! The `events` subcommand, run as a user runs it.
//!
//! * [`deliveries`]: who may lose nothing loses nothing, and who loses says so, in either loop.
//! * [`figures`]: what is counted stands apart from what is measured, and two reports compare.
//! * [`refusals`]: bad input ends with status 2, one line that helps, and no file.
//! * [`interrupts`]: Ctrl-C shows what was measured so far.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../harness/program.rs"]
mod program;
#[cfg(target_os = "linux")]
#[path = "../harness/running.rs"]
mod running;

mod deliveries;
mod figures;
#[cfg(target_os = "linux")]
mod interrupts;
mod refusals;
