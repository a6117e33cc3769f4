use tracing::instrument::Instrument;
use tracing::{Level, Span, debug_span, enabled, field};

use crate::observe::Beginning;

/// How many spans one call follows from at most; the others show up in its number of waiters.
const ASKERS_MAX: usize = 128;

/// The span of somebody who asks.
#[derive(Clone)]
pub(crate) struct Asker(Option<Span>);

/// The spans of those who asked for what is in a batch.
#[derive(Default)]
pub(crate) struct Askers(Vec<Span>);

/// The span of a call.
pub(crate) struct CallSpan(Span);

/// Whether calls have spans.
#[inline]
pub(crate) fn is_traced() -> bool {
    enabled!(Level::DEBUG)
}

impl Asker {
    #[inline]
    pub(crate) fn current() -> Self {
        let current = is_traced().then(Span::current);
        Self(current.filter(|span| !span.is_disabled()))
    }
}

impl Askers {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a span, or gives it back, to be dropped outside of the lock.
    #[inline]
    pub(crate) fn add(&mut self, asker: Asker) -> Option<Asker> {
        let span = asker.0?;
        if self.0.len() >= ASKERS_MAX {
            return Some(Asker(Some(span)));
        }
        self.0.push(span);
        None
    }
}

impl CallSpan {
    pub(crate) fn begin(kind: &'static str, name: &str, call: &Beginning, askers: Askers) -> Self {
        let span = debug_span!(
            "batch.call",
            kind,
            name,
            keys = call.keys,
            waiters = call.waiters,
            queue_us = field::Empty,
            trigger = call.trigger,
        );
        if !span.is_disabled() {
            if let Some(queue_us) = call.queue_us {
                span.record("queue_us", queue_us);
            }
            for asker in askers.0 {
                span.follows_from(asker);
            }
        }
        Self(span)
    }

    /// Lets a call run within the span.
    pub(crate) fn within<F: Future>(self, call: F) -> impl Future<Output = F::Output> {
        call.instrument(self.0)
    }
}
