//! Compares the strategies of forebay's read path on a real or a modelled backend.
//!
//! The program `forebay-bench` is a thin front; its parts are here, so that benches, tests and fuzz
//! targets reach them. Nothing in it is an interface to build on.
//!
//! What a run asks for:
//! * [`trace`], recorded reads; [`workload`], where keys come from; [`plan`], keys and times.
//! * [`random`], draws that are the same on every machine; [`row`], what backends hold.
//!
//! What is compared:
//! * [`strategy`], the table of strategies, and [`trial`], one run of one of them.
//! * [`tasks`], where a strategy runs tasks of its own.
//! * [`backend`], databases and the model; [`simulation`], what strategies would do on the model.
//! * [`allocator`], what counts allocations.
//! * [`crowd`] and [`hand`], singleflight and the batcher polled by hand, for the benches.
//!
//! What comes out:
//! * [`report`], its data and its formats; [`failure`], why there is none.
//! * [`cmp`], what changed between two reports; [`cli`], the command line.
#![deny(unsafe_code)]

pub mod allocator;
mod arrivals;
pub mod backend;
pub mod cli;
pub mod cmp;
pub mod crowd;
mod executor;
pub mod failure;
pub mod hand;
mod interrupt;
mod machine;
pub mod plan;
mod progress;
pub mod random;
mod reads;
mod recorder;
pub mod report;
pub mod row;
mod session;
pub mod simulation;
pub mod strategy;
pub mod tasks;
pub mod trace;
pub mod trial;
pub mod workload;
