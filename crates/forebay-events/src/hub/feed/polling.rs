use std::hash::Hash;
use std::task::{Context, Poll, ready};

use crate::hub::error::FeedError;
use crate::hub::feed::Feed;
use crate::hub::feed::frame::Frame;

impl<K, T, E> Feed<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Waits for the next frame, for futures and streams of your own.
    ///
    /// # Errors
    ///
    /// As [`next`](Feed::next).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use forebay_core::Sequence;
    /// # use forebay_events::{Hub, SnapshotSource, SnapshotWriter, Subject};
    /// # struct Nothing;
    /// # impl SnapshotSource<u32, u32> for Nothing {
    /// #     type Error = Infallible;
    /// #     async fn snapshot(
    /// #         &self,
    /// #         _: &Subject<u32>,
    /// #         _: &mut SnapshotWriter<u32>,
    /// #     ) -> Result<Sequence, Infallible> {
    /// #         Ok(Sequence::ZERO)
    /// #     }
    /// # }
    /// use std::future::poll_fn;
    ///
    /// use forebay_events::{Frame, Request};
    ///
    /// # #[cfg(feature = "tokio")]
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let publisher = Hub::builder(Nothing).build()?;
    /// let mut feed = publisher.hub().subscribe(Request::new("health").key(7))?;
    /// let ends = poll_fn(|cx| {
    ///     let frame = feed.poll_next(cx);
    ///     frame.map_ok(|frame| matches!(frame, Frame::EndOfSnapshot(_)))
    /// });
    /// assert!(ends.await?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame<'_, T>, FeedError<E>>> {
        let step = ready!(self.step(|events| events.poll_ready(cx)))?;
        Poll::Ready(self.frame(step))
    }
}
