//! What every peer asks, so that all of them are given the same work.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::failure::Failure;

/// What is loaded for a key: a value, nothing, or a failure.
pub type Answer = Result<Option<u64>, Failure>;

/// Answers many keys in one call.
///
/// The answers are kept in the backend's own form, [`Found`](Self::Found), and each peer puts them
/// straight into the form that it wants, so that none pays for another one's.
pub trait Backend: Send + Sync + 'static {
    /// The answers to one call.
    type Found: Send + Sync;

    /// Asks for the values of `keys`.
    ///
    /// # Errors
    ///
    /// When the whole call fails and nothing was found.
    fn find(&self, keys: &[u64]) -> impl Future<Output = Result<Self::Found, Failure>> + Send;

    /// Returns what was found for `key`, which was at `position` of the call.
    fn value(found: &Self::Found, position: usize, key: u64) -> Option<u64>;

    /// Returns how many calls are carried out at once: what a pool in front of it would hold.
    fn connections(&self) -> usize {
        Semaphore::MAX_PERMITS
    }

    /// Returns how the call ended after it had found what it did.
    ///
    /// # Errors
    ///
    /// When it failed on the way.
    fn end(_found: &Self::Found) -> Result<(), Failure> {
        Ok(())
    }
}

/// Returns the value of a key, which tells it from all others.
#[must_use]
pub const fn value_of(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17)
}

/// A backend that costs next to nothing: it computes each value, and counts its calls.
#[derive(Debug, Default)]
pub struct Instantly {
    calls: AtomicUsize,
    largest: AtomicUsize,
}

impl Instantly {
    /// Returns how many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Returns how many keys the largest call had.
    pub(crate) fn largest(&self) -> usize {
        self.largest.load(Ordering::Relaxed)
    }
}

impl Backend for Instantly {
    type Found = ();

    async fn find(&self, keys: &[u64]) -> Result<(), Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if keys.len() > self.largest() {
            self.largest.fetch_max(keys.len(), Ordering::Relaxed);
        }
        Ok(())
    }

    fn value((): &(), _position: usize, key: u64) -> Option<u64> {
        Some(value_of(key))
    }
}
