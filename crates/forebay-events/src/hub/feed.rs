pub(crate) mod closing;
pub(crate) mod frame;
pub(crate) mod membership;
mod phase;
mod stepping;
mod polling;

use std::fmt;
use std::future::poll_fn;
use std::hash::Hash;
use std::sync::Arc;
use std::task::Poll;

use forebay_core::{Cursor, LogId, Sequence};

use crate::Subscription;
use crate::hub::error::FeedError;
use crate::hub::feed::closing::{Closing, FeedCloser};
use crate::hub::feed::frame::Frame;
use crate::hub::feed::membership::Membership;
use crate::hub::feed::phase::{Phase, Progress};

/// What a subscriber of a hub reads: a snapshot and then every event after it, or, where it resumed,
/// every event after its cursor.
///
/// It goes at its own pace and runs on any executor. Dropping it gives up what the hub kept for it.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "tokio")]
/// # mod example {
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/services.rs"));
/// use forebay_events::{Frame, Hub, Request};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # pub async fn main() {
/// let mut publisher = Hub::builder(Services).build().unwrap();
/// let hub = publisher.hub();
/// let mut feed = hub.subscribe(Request::new("health").key("web")).unwrap();
/// assert!(matches!(feed.next().await.unwrap(), Frame::Snapshot(&"web is up")));
/// assert!(matches!(feed.next().await.unwrap(), Frame::EndOfSnapshot(_)));
/// assert!(feed.try_next().unwrap().is_none());
///
/// publisher.publish_one(8, &"health".into(), "web", "web is down").unwrap();
/// assert_eq!(feed.lag(), 1);
/// let frame = feed.next().await.unwrap();
/// assert!(matches!(frame, Frame::Event(entry) if *entry == "web is down"));
///
/// // Whoever was there until this event goes on right after it.
/// let cursor = feed.cursor().unwrap();
/// drop(feed);
/// let again = hub.subscribe(Request::new("health").key("web").resume(cursor)).unwrap();
/// assert_eq!(again.cursor(), Some(cursor));
/// # }
/// # }
/// # #[cfg(feature = "tokio")]
/// # example::main();
/// ```
pub struct Feed<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Until the feed has ended.
    membership: Option<Membership<K, T, E>>,
    /// Of the snapshot, then of the line.
    events: Subscription<T>,
    log: LogId,
    /// What the subscriber knows already; events up to it are left out.
    floor: Sequence,
    phase: Phase<E>,
}

impl<K, T, E> Feed<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Creates a feed of what comes after `floor`, which the subscriber knows.
    pub(crate) fn following(
        membership: Membership<K, T, E>,
        events: Subscription<T>,
        log: LogId,
        floor: Sequence,
    ) -> Self {
        let phase = Phase::Follow { is_skipping: true };
        Self::new(membership, events, log, floor, phase)
    }

    /// Creates a feed that begins with a snapshot, in place of what the subscriber knows if it is
    /// `renewed`.
    pub(crate) fn reading(
        membership: Membership<K, T, E>,
        pieces: Subscription<T>,
        log: LogId,
        renewed: bool,
    ) -> Self {
        let phase = Phase::Snapshot(Progress::new(renewed));
        Self::new(membership, pieces, log, Sequence::ZERO, phase)
    }

    fn new(
        membership: Membership<K, T, E>,
        mut events: Subscription<T>,
        log: LogId,
        floor: Sequence,
        phase: Phase<E>,
    ) -> Self {
        if let Some(closing) = &membership.closing {
            closing.follow(events.closer());
        }
        Self {
            membership: Some(membership),
            events,
            log,
            floor,
            phase,
        }
    }

    /// Waits for the next frame.
    ///
    /// # Errors
    ///
    /// [`FeedError`] says why the feed has ended. What was published before is given first, but for
    /// [`ForceClosed`](FeedError::ForceClosed).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the next call gives the same frame.
    ///
    /// # Examples
    ///
    /// See [`Feed`].
    pub async fn next(&mut self) -> Result<Frame<'_, T>, FeedError<E>> {
        let step = poll_fn(|cx| self.step(|events| events.poll_ready(cx))).await?;
        self.frame(step)
    }

    /// Returns the next frame, or `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// As [`next`](Feed::next).
    ///
    /// # Examples
    ///
    /// See [`Feed`].
    pub fn try_next(&mut self) -> Result<Option<Frame<'_, T>>, FeedError<E>> {
        let step = self.step(|events| match events.try_ready() {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        });
        match step {
            Poll::Ready(step) => self.frame(step?).map(Some),
            Poll::Pending => Ok(None),
        }
    }

    /// Returns where to resume: after the last sequence all of whose events were given. `None` until
    /// the end of the snapshot was given.
    ///
    /// # Examples
    ///
    /// See [`Feed`].
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        match self.phase {
            Phase::Snapshot(_) => None,
            Phase::Follow { .. } => {
                let read = self.events.cursor().sequence();
                Some(Cursor::new(self.log, self.floor.max(read)))
            }
            Phase::Ended(_, cursor) => cursor,
        }
    }

    /// Returns how many frames are there to be read: pieces of the snapshot until it was read, then
    /// events, of which some may turn out to be in the snapshot.
    ///
    /// # Examples
    ///
    /// See [`Feed`].
    #[must_use]
    pub fn lag(&self) -> u64 {
        match self.phase {
            Phase::Ended(..) => 0,
            Phase::Snapshot(_) | Phase::Follow { .. } => self.events.lag(),
        }
    }

    /// Returns a handle by which somebody else can close this feed.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "tokio")]
    /// # mod example {
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/services.rs"));
    /// use forebay_events::{FeedError, Hub, Reason, Request};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # pub async fn main() {
    /// let publisher = Hub::builder(Services).build().unwrap();
    /// let mut feed = publisher.hub().subscribe(Request::new("health")).unwrap();
    /// let closer = feed.closer();
    /// closer.close(Reason::Revoked);
    /// assert_eq!(feed.next().await.unwrap_err(), FeedError::ForceClosed(Reason::Revoked));
    /// # }
    /// # }
    /// # #[cfg(feature = "tokio")]
    /// # example::main();
    /// ```
    pub fn closer(&mut self) -> FeedCloser {
        let Some(membership) = &mut self.membership else {
            let closing = Arc::new(Closing::default());
            closing.leave();
            return FeedCloser::new(closing);
        };
        let events = &mut self.events;
        let closing = membership.closing.get_or_insert_with(|| {
            let closing = Arc::new(Closing::default());
            closing.follow(events.closer());
            closing
        });
        FeedCloser::new(Arc::clone(closing))
    }
}

impl<K, T, E> fmt::Debug for Feed<K, T, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("cursor", &self.cursor())
            .field("lag", &self.lag())
            .finish_non_exhaustive()
    }
}
