//! Compares forebay's strategies with each other and with others.
//!
//! The program `forebay-bench` is a thin front; its parts are here, so that benches, tests and fuzz
//! targets reach them. Nothing in it is an interface to build on.
//!
//! Each subcommand that measures has a room, with what it compares and how:
//! * [`reads`], ways to read through a backend.
//! * [`events`], ways to give every event to every subscriber.
//! * [`catchup`], ways for a replica that fell behind to catch up.
//! * [`checkpoints`], ways to keep positions durably.
//!
//! `all` asks each of them, and puts what they find on one page. What they share:
//! * `cli`, what can be asked for; [`program`], all of it behind a command line; `measurement`, the
//!   subcommands that measure.
//! * `harness`, what runs when, and with what it is measured; [`random`], draws that are the same
//!   on every machine; [`allocator`], what counts allocations.
//! * [`report`], its data and its formats; [`cmp`], what changed between two of them; [`failure`],
//!   why there is none.
#![deny(unsafe_code)]

mod all;
pub mod allocator;
pub mod catchup;
pub mod checkpoints;
mod cli;
pub mod cmp;
pub mod events;
pub mod failure;
mod harness;
mod measurement;
pub mod program;
pub mod random;
pub mod reads;
pub mod report;
