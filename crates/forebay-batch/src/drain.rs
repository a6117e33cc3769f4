use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::desk::{Desk, Work};

/// Waits until nothing waits and nothing is in flight, made by
/// [`Batcher::drain`](crate::Batcher::drain) and [`Executor::drain`](crate::Executor::drain).
#[must_use = "futures do nothing unless polled"]
pub struct Drain<'a>(Draining<&'a (dyn Drained + Sync)>);

/// A drain of the runtime's own, where those who wait carry out calls and nobody waits any more.
pub(crate) struct Tending(Draining<Arc<dyn Drained + Send + Sync>>);

struct Draining<D> {
    desk: D,
    place: Option<usize>,
}

/// What can be waited for to be idle.
pub(crate) trait Drained {
    /// Carries drivers on, where those who wait do.
    fn help(&self, helper: &Waker);

    /// Notes who waits; `false` if nothing is left to wait for.
    fn wait(&self, place: &mut Option<usize>, waker: &Waker) -> bool;

    fn stop(&self, place: usize);

    /// Leaves drivers to others, where those who wait carry them on.
    fn leave(&self);

    /// Drops drivers that nobody can carry on.
    fn drop_forsaken(&self);
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
        // A driver that was woken before the waker was left has found nobody to go on.
        self.driving.pass_on();
        waits
    }

    fn stop(&self, place: usize) {
        let garbage = self.work().queue().stop_draining(place);
        drop(garbage);
    }

    fn leave(&self) {
        self.driving.leave();
    }

    fn drop_forsaken(&self) {
        self.driving.drop_forsaken();
    }
}

impl<'a> Drain<'a> {
    pub(crate) fn new(desk: &'a (dyn Drained + Sync)) -> Self {
        Self(Draining { desk, place: None })
    }
}

impl Tending {
    /// It counts as one who waits from now on.
    pub(crate) fn new(desk: Arc<dyn Drained + Send + Sync>) -> Self {
        let mut place = None;
        desk.wait(&mut place, Waker::noop());
        Self(Draining { desk, place })
    }
}

impl<D: Deref<Target: Drained>> Draining<D> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.desk.help(cx.waker());
        if self.desk.wait(&mut self.place, cx.waker()) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    fn stop(&mut self) {
        if let Some(place) = self.place.take() {
            self.desk.stop(place);
        }
    }
}

impl Future for Drain<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().0.poll(cx)
    }
}

impl Future for Tending {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().0.poll(cx)
    }
}

impl Drop for Drain<'_> {
    fn drop(&mut self) {
        self.0.stop();
        self.0.desk.leave();
    }
}

impl Drop for Tending {
    fn drop(&mut self) {
        self.0.stop();
        self.0.desk.drop_forsaken();
    }
}

impl fmt::Debug for Drain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}
