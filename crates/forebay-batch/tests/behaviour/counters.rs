//! Metrics: the counters agree with what happened, and carry the name of the batcher.

use forebay_batch::PerRequest;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::backend::Step;
use crate::hand::{at_once, settle};
use crate::scene::Scene;

fn recorded(test: impl FnOnce(&Snapshotter)) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || test(&snapshotter));
}

/// Returns what was counted, without zeros, and the values of the histogram.
fn counted(snapshotter: &Snapshotter) -> (Vec<(String, u64)>, Vec<f64>) {
    let (mut counters, mut keys) = (Vec::new(), Vec::new());
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        let labels: Vec<_> = key
            .labels()
            .map(|label| (label.key(), label.value()))
            .collect();
        assert_eq!(labels, [("name", "users")]);
        match value {
            DebugValue::Counter(0) => {}
            DebugValue::Counter(count) => {
                let name = key.name().strip_prefix("forebay_batch_");
                let event = name.and_then(|name| name.strip_suffix("_total"));
                counters.push((event.unwrap_or("?").to_owned(), count));
            }
            DebugValue::Histogram(values) => {
                assert_eq!(key.name(), "forebay_batch_keys_per_call");
                keys.extend(values.into_iter().map(|value| value.into_inner()));
            }
            DebugValue::Gauge(_) => panic!("a gauge goes wrong when anything is missed"),
        }
    }
    counters.sort();
    (counters, keys)
}

fn count(event: &str, count: u64) -> (String, u64) {
    (event.to_owned(), count)
}

#[test]
fn loads_joins_calls_and_hits_are_counted() {
    recorded(|snapshotter| {
        let cached = |builder: crate::scene::Plain| builder.name("users").cache(PerRequest::new());
        let scene = Scene::answering(cached);
        let loads = scene.loads(&[1, 2, 1]);
        scene.run();
        settle(loads);
        assert!(at_once(scene.batcher.load(&1)).is_ok());
        let another = scene.load(&3);
        scene.run();
        assert!(another.output().is_ok());
        let (counters, keys) = counted(snapshotter);
        let expected = [
            count("calls", 2),
            count("hits", 1),
            count("joins", 1),
            count("keys", 3),
            count("loads", 4),
        ];
        assert_eq!(counters, expected);
        assert_eq!(keys, [2.0, 1.0]);
    });
}

#[test]
fn failures_and_those_who_leave_are_counted() {
    recorded(|snapshotter| {
        let bounded = |builder: crate::scene::Plain| builder.name("users").max_waiting(2);
        let scene = Scene::new(bounded);
        let failed = scene.load(&1);
        scene.run();
        let withdrawn = scene.loads(&[2, 3]);
        assert!(at_once(scene.batcher.load(&4)).is_err());
        drop(withdrawn);
        scene.backend.fail(0, "down");
        scene.run();
        assert!(failed.output().is_err());
        let panicked = scene.load(&5);
        scene.run();
        scene.backend.step(1, Step::Panic("poisoned row"));
        scene.run();
        assert!(panicked.output().is_err());
        let (counters, keys) = counted(snapshotter);
        let expected = [
            count("calls", 2),
            count("cancelled", 2),
            count("errors", 1),
            count("keys", 2),
            count("loads", 5),
            count("panics", 1),
            count("rejected", 1),
            count("withdrawn", 2),
        ];
        assert_eq!(counters, expected);
        assert_eq!(keys, [1.0, 1.0]);
    });
}
