//! What holds a load back until the question lets it go.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::sync::Notify;

/// A load that waits until it is released, and counts how often it was begun.
///
/// It lives as long as the program, because a peer that spawns its loads takes nothing that
/// borrows; a question makes a handful.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: AtomicBool,
    loads: AtomicU64,
    opened: Notify,
}

impl Gate {
    /// Returns a new gate, closed.
    pub(crate) fn closed() -> &'static Self {
        Box::leak(Box::default())
    }

    /// Returns a new gate, open, so that it only counts.
    pub(crate) fn opened() -> &'static Self {
        let gate = Self::closed();
        gate.open();
        gate
    }

    /// Lets the loads go.
    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::Release);
        self.opened.notify_waiters();
    }

    /// Holds the loads back that begin from now on.
    pub(crate) fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    /// Returns how many loads have begun.
    pub(crate) fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    /// Loads `value` and wakes nobody: for futures that are polled by hand, of which the gate
    /// should cost next to nothing.
    pub(crate) fn by_hand<V: Unpin>(&'static self, value: V) -> ByHand<V> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        ByHand {
            gate: self,
            value: Some(value),
        }
    }

    /// Loads `value`, and wakes the load when the gate opens.
    pub(crate) async fn pass<V>(&'static self, value: V) -> V {
        self.loads.fetch_add(1, Ordering::Relaxed);
        let opened = self.opened.notified();
        if !self.open.load(Ordering::Acquire) {
            opened.await;
        }
        value
    }
}

/// The load of [`Gate::by_hand`].
#[derive(Debug)]
pub(crate) struct ByHand<V> {
    gate: &'static Gate,
    value: Option<V>,
}

impl<V: Unpin> Future for ByHand<V> {
    type Output = V;

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<V> {
        if !self.gate.open.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.value.take().map_or(Poll::Pending, Poll::Ready)
    }
}
