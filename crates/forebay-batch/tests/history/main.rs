//! Random histories of a batcher, held against a sequential oracle.
//!
//! Loads of one and of many keys are made, polled and dropped, calls end in every way and load
//! themselves, keys are cleared and put in, time passes, permits and runtimes come and go, in any
//! order and under any settings. The oracle is told when a call begins, and says everything else:
//!
//! * a call has the keys that have waited longest, each once, and never more than the maximum;
//! * each load that is polled is ready with its own answer, or waits, and whoever has an answer was
//!   woken: a load after a clear never gets what was read before it, a fresh one only what was read
//!   for it;
//! * keys that wait, keys in calls and what is cached are those of the oracle;
//! * no more calls run than may, and no key waits without a reason.
//!
//! At the end, loads that are polled only when they are woken all come to their answers, and nothing
//! is left.

#[path = "../harness/hand.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod hand;
#[path = "../harness/pool.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod pool;
#[path = "../harness/roaming.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod roaming;

mod drive;
mod event;
mod ledger;
mod model;

/// How permits fail; none of them does here.
mod backend {
    pub(crate) type Error = &'static str;
}

use proptest::prelude::*;

use crate::drive::Drive;
use crate::event::{Event, Rules, events, rules};

fn run(rules: &Rules, events: &[Event]) {
    if rules.is_grouped {
        let groups = rules.clone();
        let group_of = move |key: &u8| groups.group_of(*key);
        play(
            Drive::new(rules, |builder| builder.group_by(group_of)),
            events,
        );
    } else {
        play(Drive::new(rules, |builder| builder), events);
    }
}

fn play<G>(mut drive: Drive<G>, events: &[Event])
where
    G: Eq + std::hash::Hash + Send + 'static,
{
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
        cases: cases.unwrap_or(2_000),
        failure_persistence: None,
        max_shrink_iters: 500_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn batcher_agrees_with_the_oracle(rules in rules(), events in events()) {
        run(&rules, &events);
    }
}
