//! The driver over streams in memory, with a clock that stands still unless everybody waits.
//!
//! * A session catches up from all who have the state, and from the others when one is cut off.
//! * Progress never goes back, and ends where everything is there.
//! * What is no message closes the connection it came on, with the reason, and nothing else.
//! * What the host tells reaches the provider and the session.
//! * A peer that does not read is not waited for, and is given up in the end.
//! * However much there is to decode, others have a turn after each slice of it.
//! * Settings that make no sense are refused.
//! * A driver that stops in the middle says so to everybody, and gives the session back.
//! * Connections come back, after waits that double.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "each task stands for another process"
)]

#[cfg(feature = "metrics")]
#[path = "../harness/counted.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod counted;
mod ending;
mod fetching;
mod frames;
mod reading;
mod redialling;
mod rig;
mod settings;
mod slices;
mod telling;
