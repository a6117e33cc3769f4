//! The store in memory.
//!
//! * It does what every checkpoint store must, claims included: [`conforming`].
//! * Its limits, labels, listing and counters: [`keeping`].
//! * Watches give the newest state, and end with the store: [`watching`].
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
#[path = "../harness/fixture.rs"]
mod fixture;

mod conforming;
mod keeping;
mod watching;

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};

const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);
const OTHER_KEY: ResumeKey = ResumeKey::from_bytes([8; 32]);

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}
