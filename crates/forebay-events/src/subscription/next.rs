use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::entry::{Entry, Slice};
use crate::error::RecvError;
use crate::subscription::Subscription;

/// Waits for an event; made by [`Subscription::next`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Next<'a, T, E> {
    /// `None` once it has given the event.
    subscription: Option<&'a mut Subscription<T, E>>,
}

impl<'a, T, E> Next<'a, T, E> {
    pub(crate) const fn new(subscription: &'a mut Subscription<T, E>) -> Self {
        Self {
            subscription: Some(subscription),
        }
    }
}

impl<'a, T, E: Clone> Future for Next<'a, T, E> {
    type Output = Result<Entry<'a, T>, RecvError<E>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(subscription) = self.subscription.take() else {
            return Poll::Pending;
        };
        match subscription.poll_ready(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(subscription.take().ok_or(RecvError::PublisherLost)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.subscription = Some(subscription);
                Poll::Pending
            }
        }
    }
}

impl<T, E> fmt::Debug for Next<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Next").field(&self.subscription).finish()
    }
}

/// Waits for events; made by [`Subscription::next_slice`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct NextSlice<'a, T, E> {
    /// `None` once it has given the events.
    subscription: Option<&'a mut Subscription<T, E>>,
}

impl<'a, T, E> NextSlice<'a, T, E> {
    pub(crate) const fn new(subscription: &'a mut Subscription<T, E>) -> Self {
        Self {
            subscription: Some(subscription),
        }
    }
}

impl<'a, T, E: Clone> Future for NextSlice<'a, T, E> {
    type Output = Result<Slice<'a, T>, RecvError<E>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(subscription) = self.subscription.take() else {
            return Poll::Pending;
        };
        match subscription.poll_ready(cx) {
            Poll::Ready(Ok(())) => {
                Poll::Ready(subscription.take_slice().ok_or(RecvError::PublisherLost))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.subscription = Some(subscription);
                Poll::Pending
            }
        }
    }
}

impl<T, E> fmt::Debug for NextSlice<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NextSlice")
            .field(&self.subscription)
            .finish()
    }
}
