//! Random histories of a group, held against a sequential oracle.
//!
//! Calls are made, polled and dropped, loads end in every way, keys are forgotten and claimed, time
//! passes, groups are cloned and dropped, in any order and under any settings. After each event:
//!
//! * each call that was polled is ready with what the oracle says, or waits;
//! * loads started and loads running are those of the oracle, and so are the flights in the table
//!   and their followers;
//! * whoever has something to do was woken, and nobody else.
//!
//! At the end, calls that are polled only when they are woken all come to their answer, and no
//! flight, load, task or timer is left.

#[path = "../harness/backend.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod backend;
#[path = "../harness/hand.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod hand;

mod drive;
mod event;
mod flights;
mod model;

use foldhash::fast::RandomState;
use forebay_core::LoadError;
use forebay_singleflight::Singleflight;
use proptest::prelude::*;

use crate::drive::Drive;
use crate::event::{Event, Rules, events, rules};

type Error = &'static str;
type Group = Singleflight<u8, u64, Error>;
type Leader = forebay_singleflight::Leader<u8, u64, Error, RandomState>;
type Outcome = Result<u64, LoadError<Error>>;

fn run(rules: &Rules, events: &[Event]) {
    let mut drive = Drive::new(rules);
    for event in events {
        drive.apply(event);
    }
    drive.finish();
}

/// As many cases as `PROPTEST_CASES` says, and otherwise what a few seconds allow.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(3_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn group_agrees_with_the_oracle(rules in rules(), events in events()) {
        run(&rules, &events);
    }
}
