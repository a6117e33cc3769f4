use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::loading::Shared;

/// Waits until nothing waits and nothing is in flight, made by
/// [`Batcher::drain`](crate::Batcher::drain).
#[must_use = "futures do nothing unless polled"]
pub struct Drain<'a, K, V, E, G = ()> {
    shared: &'a Shared<K, V, E, G>,
    place: Option<usize>,
}

impl<'a, K, V, E, G> Drain<'a, K, V, E, G> {
    pub(crate) const fn new(shared: &'a Shared<K, V, E, G>) -> Self {
        Self {
            shared,
            place: None,
        }
    }
}

impl<K, V, E, G> Future for Drain<'_, K, V, E, G> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.shared.driving.help();
        let (waits, garbage) = this.shared.work().queue.drain(&mut this.place, cx.waker());
        drop(garbage);
        if waits {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl<K, V, E, G> Drop for Drain<'_, K, V, E, G> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let garbage = self.shared.work().queue.stop_draining(place);
            drop(garbage);
        }
    }
}

impl<K, V, E, G> fmt::Debug for Drain<'_, K, V, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}
