//! Metrics: the counters agree with what happened, and carry the name of the log.

use std::time::Duration;

use forebay_core::{Cursor, LogId};
use forebay_events::{Publisher, Retention};
use forebay_testkit::HandRuntime;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::reader::{Error, Log, Reader, append_each};

fn recorded(test: impl FnOnce(&Snapshotter)) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || test(&snapshotter));
}

/// Returns what was counted since it was asked last, without zeros.
fn counted(snapshotter: &Snapshotter) -> Vec<(String, u64)> {
    let mut counters = Vec::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        let labels: Vec<_> = key
            .labels()
            .map(|label| (label.key(), label.value()))
            .collect();
        assert_eq!(labels, [("name", "prices")]);
        let DebugValue::Counter(count) = value else {
            panic!("there are counters only");
        };
        let name = key.name().strip_prefix("forebay_events_");
        let event = name.and_then(|name| name.strip_suffix("_total"));
        counters.push((event.unwrap_or("?").to_owned(), count));
    }
    counters.retain(|(_, count)| *count > 0);
    counters.sort();
    counters
}

fn counts<const N: usize>(counts: [(&str, u64); N]) -> Vec<(String, u64)> {
    let counts = counts.into_iter();
    counts
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}

fn named(retention: Retention, runtime: &HandRuntime) -> Log {
    let builder = Publisher::<u64, Error>::builder().name("prices");
    let builder = builder.retention(retention).runtime(runtime.clone());
    builder.build().unwrap()
}

#[test]
fn events_and_hand_overs_are_counted() {
    recorded(|snapshotter| {
        let runtime = HandRuntime::default();
        let mut log = named(Retention::READERS, &runtime);
        log.append(1, 1).unwrap();
        log.append_all(2, 0..40).unwrap();
        log.append_all(3, []).unwrap();
        log.append(3, 1).unwrap_err();
        assert_eq!(counted(snapshotter), counts([("published", 41)]));
        let readers: Vec<_> = (0..33).map(|_| Reader::waiting(&log)).collect();
        log.push(1).unwrap();
        runtime.run();
        drop(readers);
        let expected = counts([("handed_over", 1), ("published", 1)]);
        assert_eq!(counted(snapshotter), expected);
    });
}

#[test]
fn reader_that_is_cut_off_is_counted_once() {
    recorded(|snapshotter| {
        let retention = Retention::readers_up_to(10).grace(Duration::ZERO);
        let mut log = named(retention, &HandRuntime::default());
        let mut stuck = Reader::of(&log);
        append_each(&mut log, 1..=5_000);
        counted(snapshotter);
        stuck.events();
        stuck.end();
        let skipped = stuck.subscription.skip_to_oldest();
        let expected = counts([("lagged", 1), ("missed", skipped)]);
        assert_eq!(counted(snapshotter), expected);
        // It is counted again when it happens again.
        append_each(&mut log, 5_001..=9_000);
        stuck.events();
        stuck.end();
        let again = counted(snapshotter);
        assert!(again.contains(&("lagged".to_owned(), 1)), "{again:?}");
    });
}

#[test]
fn stale_cursors_are_counted() {
    recorded(|snapshotter| {
        let mut log = named(Retention::READERS, &HandRuntime::default());
        append_each(&mut log, 1..=5_000);
        counted(snapshotter);
        let (source, id) = (log.source(), log.log_id());
        let other = LogId::new(id.get().wrapping_add(1));
        for cursor in [
            Cursor::new(id, 1.into()),
            Cursor::new(id, 6_000.into()),
            Cursor::new(other, 1.into()),
        ] {
            source.resume(cursor).unwrap_err();
        }
        source.resume(Cursor::new(id, 5_000.into())).unwrap();
        assert_eq!(counted(snapshotter), counts([("stale", 3)]));
    });
}
