//! The behaviour of `forebay-batch` through its public API.
//!
//! Futures are polled by hand, tasks run when the test says so, calls end when the test says so, and
//! time passes when the test says so. Each module lists the properties it holds.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../harness/backend.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod backend;
#[path = "../harness/circular.rs"]
mod circular;
#[path = "../harness/hand.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod hand;
#[path = "../harness/pool.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod pool;
#[path = "../harness/roaming.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod roaming;
#[path = "../harness/scene.rs"]
mod scene;

mod answers;
mod backpressure;
mod bisecting;
mod caching;
mod cancelling;
mod closing;
mod config;
#[cfg(feature = "metrics")]
mod counters;
mod cycles;
mod destructors;
mod dispatching;
mod filling;
mod foreign_code;
mod gathering;
mod groups;
mod inline;
mod javascript;
mod joining;
mod limits;
mod many;
mod off;
mod panics;
mod permits;
mod recursion;
mod runtimes;
mod stage;
mod stats;
mod timeouts;
#[cfg(feature = "tokio")]
mod tokio_runtime;
mod windows;
