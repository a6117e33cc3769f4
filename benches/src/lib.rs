//! Compares forebay's strategies with each other and with others.
//!
//! The program `forebay-bench` is a thin front; its parts are here, so that benches, tests and fuzz
//! targets reach them. Nothing in it is an interface to build on.
//!
//! What a run asks for:
//! * [`trace`], recorded reads; [`workload`], where keys come from; [`plan`], keys and times.
//! * [`random`], draws that are the same on every machine; [`row`], what backends hold.
//!
//! What is compared on the read path:
//! * [`strategy`], the table of strategies, and [`trial`], one run of one of them.
//! * [`tasks`], where a strategy runs tasks of its own.
//! * [`backend`], databases and the model; [`simulation`], what strategies would do on the model.
//! * [`crowd`] and [`hand`], singleflight and the batcher polled by hand, for the benches.
//!
//! What is compared on the follow path:
//! * [`fanout`], the table of strategies, and [`delivery`], one run of one of them.
//! * [`follow`], a log and its readers polled by hand, for the benches.
//! * [`positions`], stores of positions for the benches.
//! * [`keeper`], the table of stores of positions; [`store`], what one is; `shift`, writers at work.
//!
//! What comes out:
//! * [`allocator`], what counts allocations.
//! * [`report`], its data and its formats; [`failure`], why there is none.
//! * [`cmp`], what changed between two reports; [`program`], all of it behind a command line.
#![deny(unsafe_code)]

pub mod allocator;
mod arrivals;
pub mod backend;
mod cli;
mod checkpoints;
pub mod cmp;
pub mod crowd;
pub mod delivery;
mod drivers;
mod events;
mod executor;
pub mod failure;
pub mod fanout;
pub mod follow;
pub mod hand;
mod harness;
pub mod keeper;
pub mod plan;
pub mod positions;
pub mod program;
pub mod random;
mod reads;
mod recorder;
pub mod report;
pub mod row;
mod session;
mod shift;
pub mod simulation;
pub mod store;
pub mod strategy;
pub mod tasks;
pub mod trace;
pub mod trial;
pub mod workload;
