use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::error::RecvError;
use crate::owned_slice::OwnedSlice;
use crate::subscription::Subscription;

/// A stream of what a [`Subscription`] receives, in [`OwnedSlice`]s.
pub struct OwnedSlices<T, E = std::convert::Infallible> {
    /// `None` after the end.
    subscription: Option<Subscription<T, E>>,
}

impl<T, E> OwnedSlices<T, E> {
    pub(crate) const fn new(subscription: Subscription<T, E>) -> Self {
        Self {
            subscription: Some(subscription),
        }
    }

    /// Returns the subscription that the stream reads, unless the stream has ended.
    #[must_use]
    pub const fn subscription(&self) -> Option<&Subscription<T, E>> {
        self.subscription.as_ref()
    }
}

impl<T, E: Clone> Stream for OwnedSlices<T, E> {
    type Item = Result<OwnedSlice<T>, RecvError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(subscription) = &mut self.subscription else {
            return Poll::Ready(None);
        };
        let polled = subscription.poll_owned_slice(cx);
        if let Poll::Ready(Err(_)) = &polled {
            self.subscription = None;
        }
        polled.map(Some)
    }
}

impl<T, E: Clone> FusedStream for OwnedSlices<T, E> {
    fn is_terminated(&self) -> bool {
        self.subscription.is_none()
    }
}

impl<T, E> fmt::Debug for OwnedSlices<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedSlices")
            .field(&self.subscription)
            .finish()
    }
}
