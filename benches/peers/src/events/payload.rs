//! What is published.

use std::sync::Arc;

/// An event that knows its number in the stream.
pub trait Payload: Clone + Send + Sync + 'static {
    /// Returns the event with this number.
    fn numbered(number: u64) -> Self;

    /// Returns the number.
    fn number(&self) -> u64;
}

impl Payload for u64 {
    fn numbered(number: u64) -> Self {
        number
    }

    fn number(&self) -> u64 {
        *self
    }
}

impl Payload for Arc<u64> {
    fn numbered(number: u64) -> Self {
        Self::new(number)
    }

    fn number(&self) -> u64 {
        **self
    }
}
