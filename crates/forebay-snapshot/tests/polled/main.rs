//! What a polled provider does, seen by a host that polls it by hand, in virtual time.
//!
//! * [`polling`]: when a poll is ready, who is woken, and what time it is then.
//! * [`markers`]: what goes into the log, and what comes of it.
//! * [`sending`]: what becomes of messages that are not sent.
//! * [`ranges`]: items by their numbers.
//! * [`replicas`]: a log, three providers, and a session that installs what they have.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;
mod markers;
mod polling;
mod ranges;
mod replicas;
mod sending;
