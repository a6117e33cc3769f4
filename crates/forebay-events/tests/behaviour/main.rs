//! The behaviour of the log of `forebay-events` through its public API.
//!
//! Readers are polled by hand, the pump runs when the test says so, and time passes when the test
//! says so. Each module lists the properties it holds.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../harness/payload.rs"]
mod payload;
#[path = "../harness/reader.rs"]
mod reader;
#[path = "../harness/wakers.rs"]
mod wakers;

mod appending;
mod batches;
mod cancelling;
#[cfg(feature = "metrics")]
mod counters;
mod cursors;
mod ends;
mod fairness;
mod forcing;
mod foreign_code;
mod freeing;
mod grace;
mod lagging;
mod long_chains;
mod pinning;
mod pumping;
mod resuming;
mod retention;
mod runtimes;
mod settings;
mod slices;
mod splicing;
mod streams;
#[cfg(feature = "tokio")]
mod tokio_runtime;
mod waking;
