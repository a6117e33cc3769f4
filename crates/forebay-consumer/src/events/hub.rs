use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};

use forebay_core::{Checkpoint, Sequence};
use forebay_events::{Feed, Frame, Hub, Request};
use futures_core::Stream;

use crate::error::FollowError;
use crate::events::error::HubError;
use crate::follow::items::Received;
use crate::follow::{Follow, Step};

/// A topic of a [`Hub`], or one key of it, to be followed: whoever is new, or was away for too long,
/// begins with a snapshot. Events are cloned, up to some hundred at a time.
///
/// Being away for too long is no error of a hub but a new snapshot, and so a gap without an error:
/// [`Cause::Gap`](crate::Cause::Gap) of nothing, unless it is to
/// [begin anew](crate::OnGap::BeginAnew), which a view of a hub usually is.
///
/// # Examples
///
/// ```
/// # use std::convert::Infallible;
/// # use forebay_core::Sequence;
/// # use forebay_events::{SnapshotSource, SnapshotWriter, Subject};
/// # struct Prices;
/// # impl SnapshotSource<&'static str, u32> for Prices {
/// #     type Error = Infallible;
/// #     async fn snapshot(
/// #         &self,
/// #         _: &Subject<&'static str>,
/// #         _: &mut SnapshotWriter<u32>,
/// #     ) -> Result<Sequence, Infallible> {
/// #         Ok(Sequence::ZERO)
/// #     }
/// # }
/// use forebay_consumer::FollowHub;
/// use forebay_events::{Hub, Request};
///
/// # #[cfg(feature = "tokio")]
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let publisher = Hub::builder(Prices).build()?;
/// let apples = FollowHub::new(publisher.hub(), Request::new("prices").key("apple"));
/// # let _ = apples;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FollowHub<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    hub: Hub<K, T, E>,
    request: Request<K>,
}

impl<K, T, E> FollowHub<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Follows what is requested, from wherever the consumer is.
    ///
    /// # Examples
    ///
    /// See [`FollowHub`].
    #[must_use]
    pub const fn new(hub: Hub<K, T, E>, request: Request<K>) -> Self {
        Self { hub, request }
    }
}

impl<K, T, E> Follow for FollowHub<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    type Items = Received<T>;
    type Error = HubError<E>;
    type Steps = HubSteps<K, T, E>;

    async fn follow(
        &self,
        from: Option<&Checkpoint>,
    ) -> Result<HubSteps<K, T, E>, FollowError<HubError<E>>> {
        let mut request = self.request.clone();
        if let Some(from) = from {
            request = request.resume(from.cursor());
        }
        let feed = self.hub.subscribe(request).map_err(HubError::subscribe)?;
        Ok(HubSteps {
            // A hub does not tell somebody new to forget, but a consumer that died in the middle of a
            // snapshot is new as well.
            is_anew: feed.cursor().is_none(),
            feed,
        })
    }

    fn head(&self) -> Option<Sequence> {
        Some(self.hub.head())
    }
}

impl<K, T, E> fmt::Debug for FollowHub<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowHub")
            .field("hub", &self.hub)
            .finish_non_exhaustive()
    }
}

/// What comes from a [`Hub`].
pub struct HubSteps<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    feed: Feed<K, T, E>,
    /// What was given is to be forgotten, which was not said yet.
    is_anew: bool,
}

/// So many events are cloned at a time.
const ITEMS_MAX: usize = 512;

impl<K, T, E> HubSteps<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Collects what is there, up to something that is no item.
    fn collect(
        &mut self,
        cx: &mut Context<'_>,
        items: &mut Received<T>,
    ) -> Poll<Option<FollowError<HubError<E>>>> {
        for _ in 0..ITEMS_MAX {
            let reaches = match std::task::ready!(self.feed.poll_next(cx)) {
                Ok(Frame::Snapshot(piece)) => {
                    items.push(piece.clone());
                    false
                }
                Ok(Frame::Event(entry)) => {
                    items.push(entry.event().clone());
                    entry.is_last()
                }
                Ok(Frame::EndOfSnapshot(_)) => true,
                Ok(Frame::NewSnapshot) => {
                    self.is_anew = true;
                    return Poll::Ready(None);
                }
                // A frame that is not known here is none that could be applied.
                Ok(_) => false,
                // It stays, so it is said again after what was collected.
                Err(error) => return Poll::Ready(Some(HubError::feed(error))),
            };
            if let Some(cursor) = self.feed.cursor().filter(|_| reaches) {
                items.reach(cursor);
            }
        }
        Poll::Ready(None)
    }
}

impl<K, T, E> Stream for HubSteps<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    type Item = Result<Step<Received<T>>, FollowError<HubError<E>>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if std::mem::replace(&mut self.is_anew, false) {
                return Poll::Ready(Some(Ok(Step::Anew)));
            }
            let mut items = Received::new();
            let collected = self.collect(cx, &mut items);
            if !items.is_empty() {
                return Poll::Ready(Some(Ok(Step::Items(items))));
            }
            match collected {
                Poll::Ready(Some(error)) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// Nothing of it is pinned.
impl<K, T, E> Unpin for HubSteps<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
}

impl<K, T, E> fmt::Debug for HubSteps<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSteps")
            .field("feed", &self.feed)
            .finish_non_exhaustive()
    }
}
