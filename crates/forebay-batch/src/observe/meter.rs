use crate::stats::Stats;

/// The metrics of one batcher or executor, which are brought up to date whenever a call ends.
pub(crate) struct Meter {
    /// In the order of [`COUNTED`].
    counters: [metrics::Counter; COUNTED.len()],
    keys: metrics::Histogram,
}

/// The name of a count, and where it is.
type Counted = (&'static str, fn(&Stats) -> u64);

/// What is counted.
const COUNTED: [Counted; 16] = [
    ("loads", |stats| stats.loads),
    ("hits", |stats| stats.hits),
    ("joins", |stats| stats.joins),
    ("calls", |stats| stats.calls),
    ("keys", |stats| stats.keys),
    ("errors", |stats| stats.errors),
    ("panics", |stats| stats.panics),
    ("timeouts", |stats| stats.timeouts),
    ("bisections", |stats| stats.bisections),
    ("ignored", |stats| stats.ignored),
    ("cancelled", |stats| stats.cancelled),
    ("withdrawn", |stats| stats.withdrawn),
    ("abandoned", |stats| stats.abandoned),
    ("lost", |stats| stats.lost),
    ("rejected", |stats| stats.rejected),
    ("cycles", |stats| stats.cycles),
];

impl Meter {
    /// Registers the metrics with the recorder that is installed by now.
    pub(crate) fn new(name: &str) -> Self {
        let counter = |(event, _): Counted| {
            let metric = format!("forebay_batch_{event}_total");
            metrics::counter!(metric, "name" => name.to_owned())
        };
        Self {
            counters: COUNTED.map(counter),
            keys: metrics::histogram!("forebay_batch_keys_per_call", "name" => name.to_owned()),
        }
    }

    /// Adds what has happened between `before` and `now`, and the keys of the call that ended.
    pub(crate) fn publish(&self, before: &Stats, now: &Stats, keys: u64) {
        for (counter, (_, count)) in self.counters.iter().zip(COUNTED) {
            let more = count(now).saturating_sub(count(before));
            if more > 0 {
                counter.increment(more);
            }
        }
        self.keys.record(keys as f64);
    }
}
