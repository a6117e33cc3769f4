use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::chunk::Chunk;
use crate::error::RecvError;
use crate::subscription::Subscription;

/// A stream of what a [`Subscription`] receives, in [`Chunk`]s.
pub struct Chunks<T, E = std::convert::Infallible> {
    /// `None` after the end.
    subscription: Option<Subscription<T, E>>,
}

impl<T, E> Chunks<T, E> {
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

impl<T, E: Clone> Stream for Chunks<T, E> {
    type Item = Result<Chunk<T>, RecvError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(subscription) = &mut self.subscription else {
            return Poll::Ready(None);
        };
        let polled = subscription.poll_chunk(cx);
        if let Poll::Ready(Err(_)) = &polled {
            self.subscription = None;
        }
        polled.map(Some)
    }
}

impl<T, E: Clone> FusedStream for Chunks<T, E> {
    fn is_terminated(&self) -> bool {
        self.subscription.is_none()
    }
}

impl<T, E> fmt::Debug for Chunks<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Chunks").field(&self.subscription).finish()
    }
}
