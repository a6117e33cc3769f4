use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::error::RecvError;
use crate::owned_slice::OwnedSlice;
use crate::subscription::Subscription;

/// A stream of what a [`Subscription`] receives, in [`OwnedSlice`]s.
///
/// Made by [`Subscription::into_stream`]. After an error, which is its last item, it is fused. An
/// item keeps the memory of its events for as long as it is kept, so a consumer that collects
/// them holds what the log would have given back.
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
    ///
    /// # Examples
    ///
    /// Where to go on another time, and how far behind the reader is:
    ///
    /// ```
    /// use forebay_events::Publisher;
    /// use futures::StreamExt;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// let mut slices = log.source().subscribe().into_stream();
    /// log.append_all(7, ["one", "two"])?;
    /// let reader = slices.subscription().ok_or("the log has not ended")?;
    /// assert_eq!((reader.lag(), reader.cursor().sequence().get()), (2, 0));
    ///
    /// log.close();
    /// futures::executor::block_on(slices.by_ref().for_each(|_| async {}));
    /// assert!(slices.subscription().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
