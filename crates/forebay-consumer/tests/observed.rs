//! What a consumer records: the names in its README, and no others.
//!
//! * Each kind of thing that happens has a counter of its own, and counts in no other.
//! * The gauge shows what was applied and not committed, as of the last commit.
//! * All of them bear the name of the consumer, which is `consumer` unless it was named.
#![cfg(feature = "metrics")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "behaviour/harness"]
#[allow(dead_code, reason = "each program uses its part of it")]
mod harness {
    pub(crate) mod clock;
    pub(crate) mod scene;
    pub(crate) mod script;
    pub(crate) mod shelf;
    pub(crate) mod worker;
}

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_consumer::{FollowError, OnGap, Retry};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::harness::scene::Scene;
use crate::harness::script::{Broken, Event, items, reached};
use crate::harness::shelf::Fault;
use crate::harness::worker::Go;

const SECOND: Duration = Duration::from_secs(1);
const RETRY: Retry = Retry::exponential(SECOND, SECOND);

/// Returns what is recorded meanwhile, by the name of the metric without what all of them have.
fn recorded(name: &str, test: impl FnOnce()) -> BTreeMap<String, u64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, test);
    let all = snapshotter.snapshot().into_vec().into_iter();
    all.map(|(key, _, _, value)| {
        let (_, key) = key.into_parts();
        let labels: Vec<_> = key
            .labels()
            .map(|label| (label.key(), label.value()))
            .collect();
        assert_eq!(labels, [("name", name)]);
        let value = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Gauge(gauge) => gauge.into_inner() as u64,
            DebugValue::Histogram(_) => panic!("there is none"),
        };
        let metric = key.name().strip_prefix("forebay_consumer_").unwrap();
        (metric.to_owned(), value)
    })
    .collect()
}

fn all(values: [(&str, u64); 8]) -> BTreeMap<String, u64> {
    BTreeMap::from(values.map(|(name, value)| (name.to_owned(), value)))
}

#[test]
fn what_succeeds_is_counted_once() {
    let counted = recorded("consumer", || {
        let scene = Scene::new([vec![items(1..=5)]]).storing(1, 0);
        let mut running = scene.start_with(|builder| builder.batch_max(3).commit_every(3));
        scene.store.hold();
        scene.log.push(items(6..=8));
        running.run();
        scene.log.push(items(9..=9));
        running.run();
        scene.store.release();
        running.run();
    });
    let expected = all([
        ("applied_total", 9),
        ("batches_total", 4),
        ("begun_anew_total", 0),
        ("commits_total", 2),
        ("handler_failures_total", 0),
        ("interruptions_total", 0),
        ("store_failures_total", 0),
        ("uncommitted", 1),
    ]);
    assert_eq!(counted, expected);
}

#[test]
fn what_fails_is_counted_where_it_belongs() {
    let counted = recorded("billing", || {
        let interrupted = || Event::Fails(FollowError::Interrupted(Broken));
        let gap = Event::Fails(FollowError::Stale(Broken));
        let plans = [vec![interrupted()], vec![items(8..=8), gap]];
        let scene = Scene::new(plans).storing(1, 7);
        scene.log.plan(Ok(vec![reached(2, 1)]));
        scene.log.plan(Err(FollowError::Refused(Broken)));
        scene.store.fail([Fault::Busy, Fault::Busy]);
        scene.worker.applies([Go::Fails]);
        scene.worker.begins_anew([Go::Fails]);
        let mut running = scene.start_with(|builder| {
            builder
                .name("billing")
                .retry(RETRY)
                .on_gap(OnGap::BeginAnew)
        });
        for _ in 0..5 {
            running.advance(SECOND);
        }
        scene.store.fail([Fault::Busy, Fault::Unanswered]);
        scene.worker.flushes([Go::Fails]);
        scene.log.push(reached(2, 2));
        for _ in 0..4 {
            running.advance(SECOND);
        }
        scene.log.push(reached(2, 3));
        running.run();
        running.advance(SECOND);
        scene.log.push(interrupted());
        running.run();
        running.advance(SECOND);
        assert!(running.has_ended());
    });
    let expected = all([
        ("applied_total", 1),
        ("batches_total", 1),
        ("begun_anew_total", 1),
        ("commits_total", 2),
        ("handler_failures_total", 3),
        // It broke off twice, and refused at last.
        ("interruptions_total", 3),
        ("store_failures_total", 4),
        ("uncommitted", 0),
    ]);
    assert_eq!(counted, expected);
}
