//! Metrics and events of a log, or nothing at all where their features are off.

/// What happens in one log. The metrics are those of the recorder that is installed when the log is
/// built.
pub(crate) struct Observer {
    #[cfg(feature = "metrics")]
    metrics: Option<Metrics>,
}

#[cfg(feature = "metrics")]
struct Metrics {
    published: metrics::Counter,
    handed_over: metrics::Counter,
    lagged: metrics::Counter,
    missed: metrics::Counter,
    stale: metrics::Counter,
}

#[cfg(feature = "metrics")]
impl Metrics {
    fn new(name: &str) -> Self {
        let counter = |event| {
            let metric = format!("forebay_events_{event}_total");
            metrics::counter!(metric, "name" => name.to_owned())
        };
        Self {
            published: counter("published"),
            handed_over: counter("handed_over"),
            lagged: counter("lagged"),
            missed: counter("missed"),
            stale: counter("stale"),
        }
    }
}

#[cfg_attr(
    not(all(feature = "metrics", feature = "tracing")),
    allow(
        unused_variables,
        clippy::unused_self,
        reason = "what is not observed is not looked at"
    )
)]
impl Observer {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            #[cfg(feature = "metrics")]
            metrics: Some(Metrics::new(name)),
        }
    }

    /// Of logs that are part of something which is observed itself.
    pub(crate) const fn none() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            metrics: None,
        }
    }

    #[inline]
    pub(crate) fn published(&self, events: u64) {
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.published.increment(events);
        }
    }

    /// Readers that waited were given to the pump.
    pub(crate) fn handed_over(&self) {
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.handed_over.increment(1);
        }
    }

    /// A reader learned that it was cut off.
    pub(crate) fn lagged(&self, missed: u64) {
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.lagged.increment(1);
            metrics.missed.increment(missed);
        }
        #[cfg(feature = "tracing")]
        tracing::debug!(missed, "a reader was too slow and was cut off");
    }

    /// A reader could not go on from its cursor.
    pub(crate) fn stale(&self, stale: &crate::error::Stale) {
        #[cfg(feature = "metrics")]
        if let Some(metrics) = &self.metrics {
            metrics.stale.increment(1);
        }
        #[cfg(feature = "tracing")]
        tracing::debug!(%stale, "a reader could not go on from its cursor");
    }
}
