use std::sync::atomic::Ordering;

use forebay_rt::sync::AtomicUsize;

/// How many answers may be in the cache although a clear has made them stale.
///
/// Answers are put into the cache outside of every lock. A clear that comes in the meantime cannot
/// take out what is not there yet, so it counts the key here, and whoever fills the cache takes the
/// answer out again. Until then no load asks the cache: a load that starts after a clear has
/// returned reads a count that is not zero, or finds the answer gone.
pub(crate) struct Unsettled(AtomicUsize);

impl Unsettled {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Whether the cache may be asked. Pairs with `settle`: who reads 0 finds the cache without
    /// what was counted.
    #[inline]
    pub(crate) fn is_clear(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// Counts an answer. The lock under which this happens orders it before the clear returns.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The answers were taken out of the cache.
    pub(crate) fn settle(&self, count: usize) {
        self.0.fetch_sub(count, Ordering::Release);
    }
}
