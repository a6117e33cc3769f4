//! Metrics: the counters agree with what happened, and carry the name of the group.

use forebay_core::LoadError;
use forebay_singleflight::WhenFull;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::Group;
use crate::backend::Backend;
use crate::hand::{Hand, at_once};

fn recorded(test: impl FnOnce(&Snapshotter)) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || test(&snapshotter));
}

/// Returns what was counted, without zeros, and the values of the histogram.
fn counted(snapshotter: &Snapshotter) -> (Vec<(String, u64)>, Vec<f64>) {
    let (mut counters, mut followers) = (Vec::new(), Vec::new());
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        let labels: Vec<_> = key
            .labels()
            .map(|label| (label.key(), label.value()))
            .collect();
        assert_eq!(labels, [("group", "users")]);
        match value {
            DebugValue::Counter(0) => {}
            DebugValue::Counter(count) => {
                let name = key.name().strip_prefix("forebay_singleflight_");
                let event = name.and_then(|name| name.strip_suffix("_total"));
                counters.push((event.unwrap_or("?").to_owned(), count));
            }
            DebugValue::Histogram(values) => {
                assert_eq!(key.name(), "forebay_singleflight_followers");
                followers.extend(values.into_iter().map(|value| value.into_inner()));
            }
            DebugValue::Gauge(_) => panic!("a gauge goes wrong when anything is missed"),
        }
    }
    counters.sort();
    (counters, followers)
}

fn count(event: &str, count: u64) -> (String, u64) {
    (event.to_owned(), count)
}

#[test]
fn shared_load_is_counted_once() {
    recorded(|snapshotter| {
        let group = Group::builder().name("users").build().unwrap();
        let backend = Backend::new();
        let leader = Hand::waiting(group.work("k", || backend.load()));
        let _one = Hand::waiting(group.work("k", || backend.load()));
        let _two = Hand::waiting(group.work("k", || backend.load()));
        backend.answer(0, 7);
        assert_eq!(leader.output(), Ok(7));
        let (counters, followers) = counted(snapshotter);
        assert_eq!(counters, [count("joins", 2), count("loads", 1)]);
        assert_eq!(followers, [2.0]);
    });
}

#[test]
fn losses_panics_and_rejections_are_counted() {
    recorded(|snapshotter| {
        let builder = Group::builder().name("users");
        let group = builder.max_leaders(1, WhenFull::Reject).build().unwrap();
        let backend = Backend::<u64>::new();
        let leader = Hand::waiting(group.work("k", || backend.load()));
        let mut promoted = Hand::waiting(group.work("k", || backend.load()));
        drop(leader);
        promoted.still_waits();
        let rejected = at_once(group.work("other", || backend.load()));
        assert_eq!(rejected, Err(LoadError::Rejected));
        backend.panic(1, "poisoned row");
        promoted.poll_panics();

        let (counters, _) = counted(snapshotter);
        let expected = [
            count("joins", 1),
            count("leaders_lost", 1),
            count("loads", 2),
            count("panics", 1),
            count("promotions", 1),
            count("rejected", 1),
        ];
        assert_eq!(counters, expected);
    });
}
