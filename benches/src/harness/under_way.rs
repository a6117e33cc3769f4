//! Tasks under way, and the moment at which none is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How many tasks are under way. Cheaper than a set of them, which would show in what is counted for
/// each.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    count: AtomicUsize,
    none_left: Notify,
}

/// Counts one of them until it is dropped, however its task ends.
#[derive(Debug)]
pub(crate) struct Guest(Arc<UnderWay>);

impl UnderWay {
    /// Returns once none is left, if there ever was one.
    ///
    /// # Cancel safety
    ///
    /// It can be called again: the moment is not lost.
    pub(crate) async fn none_left(&self) {
        self.none_left.notified().await;
    }
}

impl Guest {
    pub(crate) fn new(under_way: &Arc<UnderWay>) -> Self {
        under_way.count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(under_way))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Each release pairs with the last one's acquire: what the tasks recorded is seen by
        // whoever is notified. The permit is kept if nobody waits yet.
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none_left.notify_one();
        }
    }
}
