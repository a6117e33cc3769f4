use std::sync::atomic::Ordering;

use forebay_core::LoadError;
use forebay_rt::sync::AtomicU64;

use crate::hub::error::FeedError;
use crate::hub::topic::Subject;

/// What happened in a hub since it was built.
pub(crate) struct Counters {
    pub(crate) published: Counter,
    pub(crate) unfollowed: Counter,
    pub(crate) resumed: Counter,
    pub(crate) stale: Counter,
    pub(crate) builds: Counter,
    pub(crate) shared: Counter,
    pub(crate) hits: Counter,
    pub(crate) retries: Counter,
    pub(crate) failures: Counter,
    pub(crate) cancelled: Counter,
    pub(crate) force_closed: Counter,
}

/// One count, which is a metric too where the feature is on.
pub(crate) struct Counter {
    count: AtomicU64,
    #[cfg(feature = "metrics")]
    metric: metrics::Counter,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            published: Counter::new("published"),
            unfollowed: Counter::new("unfollowed"),
            resumed: Counter::new("resumed"),
            stale: Counter::new("stale"),
            builds: Counter::new("snapshots"),
            shared: Counter::new("snapshots_shared"),
            hits: Counter::new("snapshots_reused"),
            retries: Counter::new("snapshots_retried"),
            failures: Counter::new("snapshots_failed"),
            cancelled: Counter::new("snapshots_cancelled"),
            force_closed: Counter::new("force_closed"),
        }
    }

    /// Counts the end of a build. One that was cancelled is counted where that was done.
    pub(crate) fn build_ended<E>(&self, error: Option<&FeedError<E>>) {
        match error {
            None | Some(FeedError::Snapshot(LoadError::Abandoned)) => {}
            Some(_) => self.failures.count(),
        }
    }
}

impl Counter {
    #[cfg_attr(
        not(feature = "metrics"),
        allow(unused_variables, reason = "the name is that of the metric")
    )]
    fn new(name: &'static str) -> Self {
        Self {
            count: AtomicU64::new(0),
            #[cfg(feature = "metrics")]
            metric: metrics::counter!(format!("forebay_events_hub_{name}_total")),
        }
    }

    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: usize) {
        if more == 0 {
            return;
        }
        // Relaxed: a count, on which nothing hangs.
        self.count.fetch_add(more as u64, Ordering::Relaxed);
        #[cfg(feature = "metrics")]
        self.metric.increment(more as u64);
    }

    pub(crate) fn value(&self) -> u64 {
        // Relaxed: see `add`.
        self.count.load(Ordering::Relaxed)
    }
}

/// The span in which a snapshot is built.
pub(crate) struct BuildSpan {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl BuildSpan {
    #[cfg(feature = "tracing")]
    pub(crate) fn new<K>(subject: &Subject<K>) -> Self {
        let topic = subject.topic().as_str();
        let whole_topic = subject.key().is_none();
        Self {
            span: tracing::debug_span!("events.snapshot", topic, whole_topic),
        }
    }

    #[cfg(not(feature = "tracing"))]
    pub(crate) const fn new<K>(_: &Subject<K>) -> Self {
        Self {}
    }

    /// Lets a build run within the span.
    #[cfg(feature = "tracing")]
    pub(crate) fn within<F: Future>(self, build: F) -> impl Future<Output = F::Output> {
        tracing::Instrument::instrument(build, self.span)
    }

    #[cfg(not(feature = "tracing"))]
    pub(crate) fn within<F: Future>(self, build: F) -> F {
        let Self {} = self;
        build
    }
}
