//! What a provider does, seen through its public calls, in virtual time.
//!
//! * [`requests`]: each request gets one answer; however many ask, one marker is under way.
//! * [`markers`]: what becomes of a marker, and of those who wait for it.
//! * [`expiry`]: snapshots live as long as they are fetched from, within bounds, whoever looks when.
//! * [`serving`]: each fetch gets one answer, for any numbers.
//! * [`pressure`]: windows, rates, queues, and what the transport could not send.
//! * [`bounds`]: how much is kept, and what goes first.
//! * [`pruning`]: how much of the log may go.
//! * [`slices`]: how much is done in one call.
//! * [`random`]: all of this together, under random calls with numbers at every edge.
//! * [`counters`]: what metrics say of it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bounds;
mod calls;
#[cfg(feature = "metrics")]
#[path = "../harness/counted.rs"]
mod counted;
#[cfg(feature = "metrics")]
mod counters;
mod expiry;
mod markers;
mod pressure;
mod pruning;
mod random;
mod requests;
mod rig;
mod serving;
mod slices;
