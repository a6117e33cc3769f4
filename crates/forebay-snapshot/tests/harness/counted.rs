//! What is counted, while a test runs.

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

/// Runs a test that has its own recorder.
pub(crate) fn recorded(test: impl FnOnce(&Snapshotter)) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || test(&snapshotter));
}

/// Returns what was counted since this was asked last, without zeros: `what`, or `what why`, and of
/// histograms how many values there were.
pub(crate) fn counted(snapshotter: &Snapshotter, machine: &str) -> Vec<(String, u64)> {
    let mut counts = Vec::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        let name = key.name().strip_prefix("forebay_snapshot_").unwrap();
        let Some(name) = name.strip_prefix(machine) else {
            continue;
        };
        let mut name = name
            .trim_end_matches("_total")
            .trim_start_matches('_')
            .to_owned();
        for label in key.labels() {
            assert_eq!(label.key(), "why");
            name.push(' ');
            name.push_str(label.value());
        }
        let count = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Histogram(values) => values.len() as u64,
            DebugValue::Gauge(_) => panic!("there are no gauges"),
        };
        counts.push((name, count));
    }
    counts.retain(|(_, count)| *count > 0);
    counts.sort();
    counts
}

pub(crate) fn counts<const N: usize>(counts: [(&str, u64); N]) -> Vec<(String, u64)> {
    let counts = counts.into_iter();
    counts
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}
