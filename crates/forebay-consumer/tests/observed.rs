//! What a consumer records: the names in its README, and no others.
#![cfg(all(feature = "metrics", feature = "tokio"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use forebay_checkpoint::MemoryStore;
use forebay_consumer::{Consumer, FollowError, Received, Retry, Step, each, follow_fn};
use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

#[test]
fn everything_that_happens_is_counted_once() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let follow = follow_fn(|_: Option<Checkpoint>| async {
            let end = Cursor::new(LogId::new(1), 3.into());
            let items = Received::from(vec![1, 2, 3]).reaching(end);
            Ok::<_, FollowError<Infallible>>(futures::stream::iter([
                Ok(Step::Anew),
                Ok(Step::Items(items)),
            ]))
        });
        let mut failures = 1;
        let handler = each(move |_: &u64| {
            failures -= 1;
            std::future::ready(if failures == 0 { Err("busy") } else { Ok(()) })
        });
        let keep = (MemoryStore::new(), ResumeKey::from_bytes([7; 32]));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let consumer = Consumer::builder(follow, keep, handler)
                .name("billing")
                .retry(Retry::default());
            consumer.build().unwrap().run().await.unwrap();
        });
    });
    let counted: BTreeMap<_, _> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let (_, key) = key.into_parts();
            let labels: Vec<_> = key
                .labels()
                .map(|label| (label.key(), label.value()))
                .collect();
            assert_eq!(labels, [("name", "billing")]);
            let value = match value {
                DebugValue::Counter(count) => count,
                DebugValue::Gauge(gauge) => gauge.into_inner() as u64,
                DebugValue::Histogram(_) => panic!("there is none"),
            };
            (
                key.name()
                    .trim_start_matches("forebay_consumer_")
                    .to_owned(),
                value,
            )
        })
        .collect();
    let expected = [
        ("applied_total", 3),
        ("batches_total", 3),
        ("begun_anew_total", 1),
        ("commits_total", 1),
        ("handler_failures_total", 1),
        ("interruptions_total", 0),
        ("store_failures_total", 0),
        ("uncommitted", 0),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(counted, BTreeMap::from(expected));
}
