use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::desk::{Desk, Work};

/// Waits until nothing waits and nothing is in flight, made by
/// [`Batcher::drain`](crate::Batcher::drain) and [`Executor::drain`](crate::Executor::drain).
#[must_use = "futures do nothing unless polled"]
pub struct Drain<'a> {
    desk: &'a (dyn Drained + Sync),
    place: Option<usize>,
}

/// What can be waited for to be idle.
pub(crate) trait Drained {
    /// Carries drivers on, where those who wait do.
    fn help(&self, helper: &Waker);

    /// Notes who waits; `false` if nothing is left to wait for.
    fn wait(&self, place: &mut Option<usize>, waker: &Waker) -> bool;

    fn stop(&self, place: usize);
}

impl<W, X, E> Drained for Desk<W, X, E>
where
    W: Work<Own = X, Error = E>,
{
    fn help(&self, helper: &Waker) {
        self.driving.help(helper);
    }

    fn wait(&self, place: &mut Option<usize>, waker: &Waker) -> bool {
        let (waits, garbage) = self.work().queue().drain(place, waker);
        drop(garbage);
        waits
    }

    fn stop(&self, place: usize) {
        let garbage = self.work().queue().stop_draining(place);
        drop(garbage);
    }
}

impl<'a> Drain<'a> {
    pub(crate) fn new(desk: &'a (dyn Drained + Sync)) -> Self {
        Self { desk, place: None }
    }
}

impl Future for Drain<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.desk.help(cx.waker());
        if this.desk.wait(&mut this.place, cx.waker()) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Drop for Drain<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.desk.stop(place);
        }
    }
}

impl fmt::Debug for Drain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}
