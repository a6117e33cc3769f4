//! Spans and metrics, or nothing at all where their features are off.

#[cfg(feature = "metrics")]
mod meter;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(not(feature = "tracing"))]
mod no_spans;

#[cfg(feature = "metrics")]
pub(crate) use self::meter::Meter;
#[cfg(not(feature = "tracing"))]
pub(crate) use self::no_spans::{Asker, Askers, CallSpan, is_traced};
#[cfg(feature = "tracing")]
pub(crate) use self::spans::{Asker, Askers, CallSpan, is_traced};

/// What a span says of a call when it begins.
#[cfg_attr(
    not(feature = "tracing"),
    allow(dead_code, reason = "nobody reads it then")
)]
pub(crate) struct Beginning {
    pub(crate) keys: usize,
    /// How many wait for it.
    pub(crate) waiters: usize,
    /// How long the oldest unit has waited, where that is known.
    pub(crate) queue_us: Option<u64>,
    pub(crate) trigger: &'static str,
}
