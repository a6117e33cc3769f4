//! The `checkpoints` subcommand, run as a user runs it.
//!
//! * [`answers`]: every strategy commits at every point, alone and from several processes, and what
//!   was acknowledged is there.
//! * [`figures`]: what is counted stands apart from what is measured, goals are held against it, and
//!   two reports compare.
//! * [`defects`]: what goes wrong where each commit rewrites a JSON file, and does not with ours.
//! * [`refusals`]: bad input ends with status 2, one line that helps, and no file.
//! * [`interrupts`]: Ctrl-C shows what was measured so far.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../harness/program.rs"]
mod program;
#[cfg(target_os = "linux")]
#[path = "../harness/running.rs"]
mod running;

mod answers;
mod defects;
mod figures;
#[cfg(target_os = "linux")]
mod interrupts;
mod refusals;
