//! The hub, through its public interface: what subscribers of a key or of a whole topic get, from
//! snapshots, after cursors and at every end.
//!
//! Feeds are polled by hand, snapshots are written by hand or from a store, and the runtime on which
//! they are built runs when it is told to. `model` plays random histories against a naive hub.
#![allow(
    clippy::print_stdout,
    reason = "tests that measure say what they measured"
)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../harness/wakers.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod wakers;

mod scene;
mod source;

mod auto_traits;
mod behind;
mod caching;
mod counters;
mod cancelling;
mod ending;
mod failing;
mod following;
mod foreign_code;
mod forcing;
mod freeing;
mod memory;
mod model;
mod refreshing;
mod resuming;
mod sharing;
mod tokio_runtime;
