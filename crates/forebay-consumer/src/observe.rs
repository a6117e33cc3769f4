//! Metrics and events of a consumer, or nothing at all where their features are off.

use forebay_core::Cursor;

use crate::retry::retrying::Doing;

/// What happens in one consumer. The metrics are those of the recorder that is installed when it is
/// built.
pub(crate) struct Observer {
    #[cfg(feature = "metrics")]
    metrics: Metrics,
    #[cfg(feature = "tracing")]
    name: std::sync::Arc<str>,
}

#[cfg(feature = "metrics")]
struct Metrics {
    applied: metrics::Counter,
    batches: metrics::Counter,
    commits: metrics::Counter,
    store_failures: metrics::Counter,
    handler_failures: metrics::Counter,
    interruptions: metrics::Counter,
    begun_anew: metrics::Counter,
    uncommitted: metrics::Gauge,
}

#[cfg(feature = "metrics")]
impl Metrics {
    fn new(name: &str) -> Self {
        let counter = |event| {
            let metric = format!("forebay_consumer_{event}_total");
            metrics::counter!(metric, "name" => name.to_owned())
        };
        Self {
            applied: counter("applied"),
            batches: counter("batches"),
            commits: counter("commits"),
            store_failures: counter("store_failures"),
            handler_failures: counter("handler_failures"),
            interruptions: counter("interruptions"),
            begun_anew: counter("begun_anew"),
            uncommitted: metrics::gauge!("forebay_consumer_uncommitted", "name" => name.to_owned()),
        }
    }
}

#[cfg_attr(
    not(all(feature = "metrics", feature = "tracing")),
    allow(
        unused_variables,
        clippy::unused_self,
        clippy::missing_const_for_fn,
        reason = "what is not observed is not looked at"
    )
)]
impl Observer {
    pub(crate) fn new(name: &std::sync::Arc<str>) -> Self {
        Self {
            #[cfg(feature = "metrics")]
            metrics: Metrics::new(name),
            #[cfg(feature = "tracing")]
            name: std::sync::Arc::clone(name),
        }
    }

    /// Begins to follow, from there or as somebody new.
    pub(crate) fn opening(&self, from: Option<Cursor>) {
        #[cfg(feature = "tracing")]
        match from {
            Some(from) => tracing::debug!(name = %self.name, %from, "a consumer goes on"),
            None => tracing::debug!(name = %self.name, "a consumer begins as somebody new"),
        }
    }

    #[inline]
    pub(crate) fn applied(&self, items: u64) {
        #[cfg(feature = "metrics")]
        {
            self.metrics.applied.increment(items);
            self.metrics.batches.increment(1);
        }
    }

    pub(crate) fn committed(&self, uncommitted: u64) {
        #[cfg(feature = "metrics")]
        {
            self.metrics.commits.increment(1);
            self.metrics.uncommitted.set(uncommitted as f64);
        }
    }

    /// Something failed, and is tried again or ends the consumer.
    pub(crate) fn failed(&self, doing: Doing, error: &str) {
        #[cfg(feature = "metrics")]
        match doing {
            Doing::Follow => &self.metrics.interruptions,
            Doing::Apply | Doing::BeginAnew | Doing::Flush => &self.metrics.handler_failures,
            Doing::Load | Doing::Commit | Doing::Reset => &self.metrics.store_failures,
        }
        .increment(1);
        #[cfg(feature = "tracing")]
        tracing::warn!(name = %self.name, %error, "a consumer could not {doing}");
    }

    /// Something between what was applied and what comes is missing.
    pub(crate) fn gap(&self, error: Option<&str>) {
        #[cfg(feature = "tracing")]
        match error {
            Some(error) => tracing::warn!(name = %self.name, %error, "a consumer misses something"),
            None => tracing::warn!(name = %self.name, "a consumer misses something"),
        }
    }

    /// What was applied is forgotten.
    pub(crate) fn begun_anew(&self) {
        #[cfg(feature = "metrics")]
        self.metrics.begun_anew.increment(1);
        #[cfg(feature = "tracing")]
        tracing::debug!(name = %self.name, "a consumer begins anew");
    }

    pub(crate) fn ended(&self, end: crate::consumer::summary::End) {
        #[cfg(feature = "tracing")]
        tracing::debug!(name = %self.name, ?end, "a consumer has ended");
    }
}
