//! Spans and metrics, or nothing at all where their features are off.

use forebay_core::LoadError;

#[cfg(not(feature = "tracing"))]
pub(crate) use self::no_spans::{LoadSpan, Spanned};
#[cfg(feature = "tracing")]
pub(crate) use self::spans::{LoadSpan, Spanned};

#[cfg(feature = "tracing")]
mod spans {
    use tracing::instrument::{Instrument, Instrumented};
    use tracing::{Span, debug_span};

    /// A load within its span.
    pub(crate) type Spanned<F> = Instrumented<F>;

    /// The span of a load, which those that share its outcome follow from.
    #[derive(Clone)]
    pub(crate) struct LoadSpan(Span);

    impl LoadSpan {
        pub(crate) const fn none() -> Self {
            Self(Span::none())
        }

        /// The span that the caller is in.
        pub(crate) fn current() -> Self {
            Self(Span::current())
        }

        pub(crate) fn of<F>(load: &Spanned<F>) -> Self {
            Self(load.span().clone())
        }

        pub(crate) fn begin<F>(group: &str, role: &'static str, load: F) -> Spanned<F> {
            load.instrument(debug_span!("singleflight.load", group, role))
        }

        /// Links the caller's span to that of the load which answered it.
        pub(crate) fn link(&self) {
            if !self.0.is_disabled() {
                Span::current().follows_from(&self.0);
            }
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod no_spans {
    pub(crate) type Spanned<F> = F;

    #[derive(Clone)]
    pub(crate) struct LoadSpan;

    impl LoadSpan {
        pub(crate) const fn none() -> Self {
            Self
        }

        pub(crate) const fn current() -> Self {
            Self
        }

        pub(crate) const fn of<F>(_: &F) -> Self {
            Self
        }

        pub(crate) fn begin<F>(_: &str, _: &'static str, load: F) -> F {
            load
        }

        #[allow(clippy::unused_self, reason = "the twin with spans needs it")]
        pub(crate) const fn link(&self) {}
    }
}

/// The metrics of one group.
pub(crate) struct Meter {
    #[cfg(feature = "metrics")]
    handles: Handles,
}

/// What is counted.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(feature = "metrics"),
    allow(dead_code, reason = "nobody counts failures then")
)]
pub(crate) enum Event {
    Load,
    Join,
    Promotion,
    Timeout,
    Hedge,
    LeaderLost,
    Panic,
    Failure,
    Rejected,
}

#[cfg(not(feature = "metrics"))]
impl Meter {
    pub(crate) const fn new(_: &str) -> Self {
        Self {}
    }

    pub(crate) const fn count(&self, _: Event) {
        let _ = self;
    }

    pub(crate) const fn loaded<T, E>(&self, _: &Result<T, LoadError<E>>) {
        let _ = self;
    }

    pub(crate) const fn landed(&self, _: usize) {
        let _ = self;
    }
}

#[cfg(feature = "metrics")]
struct Handles {
    counters: [metrics::Counter; 9],
    followers: metrics::Histogram,
}

#[cfg(feature = "metrics")]
impl Meter {
    /// Registers the metrics of a group with the recorder that is installed by now.
    pub(crate) fn new(group: &str) -> Self {
        let counter = |event: &str| {
            let name = format!("forebay_singleflight_{event}_total");
            metrics::counter!(name, "group" => group.to_owned())
        };
        // In the order of `Event`.
        let counters = [
            counter("loads"),
            counter("joins"),
            counter("promotions"),
            counter("timeouts"),
            counter("hedges"),
            counter("leaders_lost"),
            counter("panics"),
            counter("failures"),
            counter("rejected"),
        ];
        let followers =
            metrics::histogram!("forebay_singleflight_followers", "group" => group.to_owned());
        Self {
            handles: Handles {
                counters,
                followers,
            },
        }
    }

    pub(crate) fn count(&self, event: Event) {
        self.handles.counters[event as usize].increment(1);
    }

    /// Counts a load that failed, by how it did.
    pub(crate) fn loaded<T, E>(&self, outcome: &Result<T, LoadError<E>>) {
        match outcome {
            Ok(_) => {}
            Err(LoadError::Panicked(_)) => self.count(Event::Panic),
            Err(LoadError::Rejected) => self.count(Event::Rejected),
            Err(_) => self.count(Event::Failure),
        }
    }

    /// Records how many followers a flight had when it landed.
    pub(crate) fn landed(&self, followers: usize) {
        self.handles.followers.record(followers as f64);
    }
}
