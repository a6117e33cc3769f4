//! The `reads` subcommand, run as a user runs it.
//!
//! * [`model`]: one seed gives one report, and singleflight's calls are those of the simulation.
//! * [`ideal`]: it is what it says, and nobody who keeps nothing does better.
//! * [`sqlite`]: every strategy answers right on a database, in both loops.
//! * [`postgres`]: the same on a server, which has nothing of ours afterwards.
//! * [`traces`]: what a trace may look like, and that each loop replays all of it.
//! * [`refusals`]: bad input ends with status 2, one line that helps, and no file.
//! * [`interrupts`]: Ctrl-C shows what was measured so far.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../harness/program.rs"]
mod program;
#[cfg(target_os = "linux")]
#[path = "../harness/running.rs"]
mod running;

mod counts;
mod ideal;
#[cfg(unix)]
mod interrupts;
mod model;
#[cfg(unix)]
mod postgres;
mod refusals;
#[cfg(unix)]
mod server;
mod sqlite;
mod traces;
