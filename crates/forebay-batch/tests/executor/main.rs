//! The behaviour of the executor through its public API.
//!
//! Futures are polled by hand, tasks run when the test says so, calls end when the test says so, and
//! time passes when the test says so. Each module lists the properties it holds.

#[path = "../harness/backend.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod backend;
#[path = "../harness/hand.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod hand;
#[path = "../harness/mutations.rs"]
mod mutations;
#[path = "../harness/pool.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod pool;

mod accidents;
mod ends;
mod inline;
mod limits;
mod model;
mod order;
mod permits;
mod policies;
mod recursion;
mod results;
mod withdrawal;
