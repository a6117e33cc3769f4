//! Metrics and events of a file, or nothing at all where their features are off.
//!
//! What happens often is counted by the engine and told as a metric once for each turn; what happens
//! seldom is an event of its own.
#![cfg_attr(
    not(all(feature = "metrics", feature = "tracing")),
    allow(unused_variables, reason = "what is not observed is not looked at")
)]

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::file::counters::Counters;

/// The metrics of one file: those of the recorder that is installed when it is opened.
pub(crate) struct Metrics {
    #[cfg(feature = "metrics")]
    told: Told,
}

#[cfg(feature = "metrics")]
type Count = fn(&Counters) -> u64;

#[cfg(feature = "metrics")]
struct Told {
    counters: Vec<(metrics::Counter, Count)>,
    lock_timeouts: metrics::Counter,
    keys: metrics::Gauge,
    queued: metrics::Gauge,
    batch_calls: metrics::Histogram,
    turn_seconds: metrics::Histogram,
    lock_wait_seconds: metrics::Histogram,
}

#[cfg(feature = "metrics")]
const COUNTERS: [(&str, Count); 15] = [
    ("commits", |it| it.commits),
    ("unchanged", |it| it.unchanged),
    ("refused", |it| it.refused),
    ("blocks", |it| it.blocks),
    ("written_bytes", |it| it.bytes),
    ("syncs", |it| it.syncs),
    ("foreign_blocks", |it| it.foreign_blocks),
    ("torn_tails", |it| it.torn_tails),
    ("torn_bytes", |it| it.torn_bytes),
    ("replacements", |it| it.replacements),
    ("failures", |it| it.failures),
    ("healed", |it| it.healed),
    ("salvages", |it| it.salvages),
    ("lost_records", |it| it.lost_records),
    ("lock_waits", |it| it.lock_waits),
];

/// What one turn of the thread of a file came to.
#[cfg_attr(
    not(feature = "metrics"),
    allow(dead_code, reason = "it is told to metrics alone")
)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turned {
    /// How many calls it was for.
    pub(crate) calls: usize,
    /// How many wait for the next one.
    pub(crate) queued: usize,
    pub(crate) keys: usize,
    pub(crate) took: Duration,
}

#[allow(
    clippy::unused_self,
    clippy::missing_const_for_fn,
    reason = "without metrics there is nothing in it"
)]
impl Metrics {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            #[cfg(feature = "metrics")]
            told: Told::new(path),
        }
    }

    pub(crate) fn turned(&self, before: &Counters, now: &Counters, turn: Turned) {
        #[cfg(feature = "metrics")]
        {
            for (counter, count) in &self.told.counters {
                let more = count(now).saturating_sub(count(before));
                if more > 0 {
                    counter.increment(more);
                }
            }
            self.told.keys.set(turn.keys as f64);
            self.told.queued.set(turn.queued as f64);
            self.told.batch_calls.record(turn.calls as f64);
            self.told.turn_seconds.record(turn.took);
        }
    }

    pub(crate) fn lock_waited(&self, path: &Path, waited: Duration) {
        #[cfg(feature = "metrics")]
        self.told.lock_wait_seconds.record(waited);
        #[cfg(feature = "tracing")]
        tracing::trace!(path = %path.display(), ?waited, "another process had the lock");
    }

    pub(crate) fn lock_timed_out(&self, path: &Path) {
        #[cfg(feature = "metrics")]
        self.told.lock_timeouts.increment(1);
        #[cfg(feature = "tracing")]
        tracing::debug!(path = %path.display(), "a call is withdrawn, for another process keeps the lock");
    }
}

#[cfg(feature = "metrics")]
impl Told {
    fn new(path: &Path) -> Self {
        let labels = [metrics::Label::new("path", path.display().to_string())];
        let counter = |what: &str| {
            let name = format!("forebay_checkpoint_{what}_total");
            metrics::counter!(name, labels.iter())
        };
        let counters = COUNTERS.map(|(what, count)| (counter(what), count));
        Self {
            counters: counters.into(),
            lock_timeouts: counter("lock_timeouts"),
            keys: metrics::gauge!("forebay_checkpoint_keys", labels.iter()),
            queued: metrics::gauge!("forebay_checkpoint_queued", labels.iter()),
            batch_calls: metrics::histogram!("forebay_checkpoint_batch_calls", labels.iter()),
            turn_seconds: metrics::histogram!("forebay_checkpoint_turn_seconds", labels.iter()),
            lock_wait_seconds: metrics::histogram!(
                "forebay_checkpoint_lock_wait_seconds",
                labels.iter()
            ),
        }
    }
}

/// A crash left something behind the tail that was never acknowledged.
pub(crate) fn torn(path: &Path, at: u64, bytes: u64) {
    #[cfg(feature = "tracing")]
    tracing::warn!(path = %path.display(), at, bytes, "what a crash left half written is dropped");
}

pub(crate) fn replaced(path: &Path, generation: u64, bytes: u64) {
    #[cfg(feature = "tracing")]
    tracing::debug!(path = %path.display(), generation, bytes, "the file was replaced by a new one");
}

/// Somebody else has put another file at the path.
pub(crate) fn moved(path: &Path) {
    #[cfg(feature = "tracing")]
    tracing::debug!(path = %path.display(), "another file has taken the path, and is read");
}

/// Told once for each file that is opened.
pub(crate) fn not_replaced(path: &Path, error: &io::Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        path = %path.display(), %error,
        "the file cannot be replaced by a shorter one, and grows"
    );
}

pub(crate) fn has_several_names(path: &Path, names: u64) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        path = %path.display(), names,
        "the file has several names, so it is never replaced by a shorter one"
    );
}

pub(crate) fn failed(path: &Path, doing: &str, error: &io::Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(path = %path.display(), doing, %error, "the file could not be written");
}

/// What had failed was made up for by a new file, or by cutting it off.
pub(crate) fn healed(path: &Path) {
    #[cfg(feature = "tracing")]
    tracing::warn!(path = %path.display(), "what could not be written was taken back");
}

pub(crate) fn not_healed(path: &Path, error: &io::Error) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        path = %path.display(), %error,
        "what could not be written may be there or not; nothing is committed before a new file is"
    );
}

pub(crate) fn damaged(path: &Path, offset: u64) {
    #[cfg(feature = "tracing")]
    tracing::error!(path = %path.display(), offset, "what was durable is damaged");
}

pub(crate) fn salvaged(path: &Path, kept: &Path, behind: usize, lost_records: u64) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        path = %path.display(), kept = %kept.display(), behind, lost_records,
        "a damaged file was replaced by what could be read of it"
    );
}

pub(crate) fn imported(path: &Path, kept: &Path, keys: usize) {
    #[cfg(feature = "tracing")]
    tracing::info!(
        path = %path.display(), kept = %kept.display(), keys,
        "the file of an older client was taken over"
    );
}
