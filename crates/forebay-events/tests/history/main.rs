//! Random histories of logs and their readers, held against a vector of events and an index for
//! each reader.
//!
//! Events are appended alone and in batches, batches break, readers come in every way, read in
//! every way, wait, are closed, cut off and dropped, logs end and go on as others, the pump runs or
//! does not, time passes and runtimes end, in any order and with any retention. The oracle says:
//!
//! * each event that a reader gets, its sequence, and whether it is the last of that; when it has
//!   to wait, and how its log ends;
//! * its lag and its cursor, after every step, and who waits for which log;
//! * that a cursor resumes where what follows it must still be there, and nowhere else in silence;
//! * that only who was too far behind for too long is cut off, and misses exactly what it is told.
//!
//! Whoever waits for something that has come was woken, at the latest by the pump, and nobody is
//! woken for nothing. In the end every event was dropped.

#[path = "../harness/payload.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod payload;
#[path = "../harness/wakers.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod wakers;

mod drive;
mod event;
mod follower;
mod model;
mod publishing;

use proptest::prelude::*;

use crate::drive::Drive;
use crate::event::{events, rules};

/// As many cases as `PROPTEST_CASES` says, and otherwise what a few seconds allow.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(2_000),
        failure_persistence: None,
        max_shrink_iters: 100_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn logs_agree_with_the_oracle(rules in rules(), events in events()) {
        let mut drive = Drive::new(&rules);
        for event in &events {
            drive.apply(event);
        }
        drive.finish();
    }
}
