pub(crate) mod closing;
pub(crate) mod frame;
pub(crate) mod membership;
mod phase;
mod polling;

use std::fmt;
use std::future::poll_fn;
use std::hash::Hash;
use std::sync::Arc;
use std::task::{Poll, ready};

use forebay_core::{Cursor, LoadError, LogId, Sequence};

use crate::hub::error::FeedError;
use crate::hub::feed::closing::{Closing, FeedCloser};
use crate::hub::feed::frame::Frame;
use crate::hub::feed::membership::Membership;
use crate::hub::feed::phase::{Phase, Progress, Step, feed_error};
use crate::hub::snapshot::build::{Build, Outcome, attempt_of};
use crate::{RecvError, Subscription};

type Ready = Poll<Result<(), RecvError<std::convert::Infallible>>>;

/// What a subscriber of a hub reads: a snapshot and then every event after it, or, where it resumed,
/// every event after its cursor.
///
/// It goes at its own pace and runs on any executor. Dropping it gives up what the hub kept for it.
///
/// # Examples
///
/// ```
/// # use std::convert::Infallible;
/// # use forebay_core::Sequence;
/// # use forebay_events::{Hub, SnapshotSource, SnapshotWriter, Subject};
/// # struct Services;
/// # impl SnapshotSource<&'static str, &'static str> for Services {
/// #     type Error = Infallible;
/// #     async fn snapshot(
/// #         &self,
/// #         _: &Subject<&'static str>,
/// #         out: &mut SnapshotWriter<&'static str>,
/// #     ) -> Result<Sequence, Infallible> {
/// #         out.push("web is up").await;
/// #         Ok(Sequence::new(7))
/// #     }
/// # }
/// use forebay_events::{Frame, Request};
///
/// # #[cfg(feature = "tokio")]
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut publisher = Hub::builder(Services).build().unwrap();
/// let hub = publisher.hub();
/// let mut feed = hub.subscribe(Request::new("health").key("web")).unwrap();
/// assert!(matches!(feed.next().await.unwrap(), Frame::Snapshot(&"web is up")));
/// assert!(matches!(feed.next().await.unwrap(), Frame::EndOfSnapshot(_)));
///
/// publisher.publish_one(8, &"health".into(), "web", "web is down").unwrap();
/// let frame = feed.next().await.unwrap();
/// assert!(matches!(frame, Frame::Event(entry) if *entry == "web is down"));
///
/// // Whoever was there until this event goes on right after it.
/// let cursor = feed.cursor().unwrap();
/// drop(feed);
/// let again = hub.subscribe(Request::new("health").key("web").resume(cursor)).unwrap();
/// assert_eq!(again.cursor(), Some(cursor));
/// # });
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
    pub async fn next(&mut self) -> Result<Frame<'_, T>, FeedError<E>> {
        let step = poll_fn(|cx| self.step(|events| events.poll_ready(cx))).await?;
        self.frame(step)
    }

    /// Returns the next frame, or `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// As [`next`](Feed::next).
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
    #[must_use]
    pub fn lag(&self) -> u64 {
        match self.phase {
            Phase::Ended(..) => 0,
            Phase::Snapshot(_) | Phase::Follow { .. } => self.events.lag(),
        }
    }

    /// Returns a handle by which somebody else can close this feed.
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

    /// Finds out what comes next, without taking it.
    fn step(
        &mut self,
        mut ready: impl FnMut(&mut Subscription<T>) -> Ready,
    ) -> Poll<Result<Step, FeedError<E>>> {
        loop {
            if let Some(error) = self.ended() {
                return Poll::Ready(Err(error));
            }
            let found = match self.phase {
                Phase::Snapshot(_) => ready!(self.step_in_snapshot(&mut ready)),
                Phase::Follow { is_skipping } => match ready!(ready(&mut self.events)) {
                    Ok(()) if is_skipping && self.skip() => None,
                    Ok(()) => Some(Step::Event),
                    Err(error) => {
                        let error = self.line_ended(error);
                        self.finish(error);
                        None
                    }
                },
                Phase::Ended(..) => None,
            };
            if let Some(step) = found {
                return Poll::Ready(Ok(step));
            }
        }
    }

    /// Returns why there is nothing more, and ends the feed if its line was ended at once.
    fn ended(&mut self) -> Option<FeedError<E>> {
        let forced = self
            .membership
            .as_ref()
            .and_then(|membership| membership.line.forced());
        if let Some(reason) = forced {
            self.finish(FeedError::ForceClosed(reason));
        }
        match &self.phase {
            Phase::Ended(error, _) => Some(error.clone()),
            Phase::Snapshot(_) | Phase::Follow { .. } => None,
        }
    }

    fn step_in_snapshot(
        &mut self,
        ready: &mut impl FnMut(&mut Subscription<T>) -> Ready,
    ) -> Poll<Option<Step>> {
        let Phase::Snapshot(progress) = &mut self.phase else {
            return Poll::Ready(None);
        };
        if progress.announces {
            if let Some(reason) = self.membership.as_ref().and_then(closed_by) {
                self.finish(FeedError::ForceClosed(reason));
                return Poll::Ready(None);
            }
            progress.announces = false;
            return Poll::Ready(Some(Step::NewSnapshot));
        }
        match ready!(ready(&mut self.events)) {
            Ok(()) => {
                let next = self.events.next_sequence().unwrap_or_default();
                let is_piece = progress.enter(attempt_of(next));
                progress.has_pieces |= is_piece;
                Poll::Ready(is_piece.then_some(Step::Piece))
            }
            Err(error) => Poll::Ready(self.snapshot_ended(error)),
        }
    }

    /// Goes on with the events after the snapshot, once all of it was read.
    fn snapshot_ended(&mut self, error: RecvError<std::convert::Infallible>) -> Option<Step> {
        if let RecvError::ForceClosed(reason) = error {
            self.finish(FeedError::ForceClosed(reason));
            return None;
        }
        let build = self
            .membership
            .as_ref()
            .and_then(|membership| membership.reads.clone());
        let outcome = build.as_deref().and_then(Build::outcome);
        match (outcome, &mut self.phase) {
            (Some(Ok(outcome)), Phase::Snapshot(progress)) => {
                if !progress.enter(outcome.attempt) {
                    return None;
                }
                self.follow(outcome)
            }
            (Some(Err(error)), _) => {
                let error = error.clone();
                self.finish(error);
                None
            }
            _ => {
                self.finish(FeedError::Snapshot(LoadError::Abandoned));
                None
            }
        }
    }

    fn follow(&mut self, outcome: &Outcome<T>) -> Option<Step> {
        self.events = outcome.splice.subscribe();
        self.floor = outcome.sequence;
        let membership = self.membership.as_mut()?;
        if let Some(closing) = &membership.closing {
            closing.follow(self.events.closer());
        }
        if let Some(reason) = closed_by(membership) {
            self.finish(FeedError::ForceClosed(reason));
            return None;
        }
        membership.reads = None;
        self.phase = Phase::Follow { is_skipping: true };
        Some(Step::EndOfSnapshot(outcome.sequence))
    }

    /// Passes over the next event if the subscriber knows it; returns whether it did.
    fn skip(&mut self) -> bool {
        let next = self.events.next_sequence();
        let is_known = next.is_some_and(|next| next <= self.floor);
        if is_known {
            let _ = self.events.try_next();
        } else {
            self.phase = Phase::Follow { is_skipping: false };
        }
        is_known
    }

    fn line_ended(&self, error: RecvError<std::convert::Infallible>) -> FeedError<E> {
        let end = match &error {
            RecvError::ForceClosed(_) | RecvError::Lagged { .. } => None,
            _ => self
                .membership
                .as_ref()
                .and_then(|membership| membership.ledger.ended()),
        };
        let forced = self
            .membership
            .as_ref()
            .and_then(|membership| membership.line.forced());
        match (forced, end) {
            (Some(reason), _) => FeedError::ForceClosed(reason),
            (None, Some(end)) => end.to_feed_error(),
            (None, None) => feed_error(error),
        }
    }

    /// Ends the feed: what the hub kept for it is given up now, not when the feed is dropped.
    fn finish(&mut self, error: FeedError<E>) {
        let cursor = self.cursor();
        self.phase = Phase::Ended(error, cursor);
        self.membership = None;
        self.events.let_go();
    }

    fn frame(&mut self, step: Step) -> Result<Frame<'_, T>, FeedError<E>> {
        let is_piece = match step {
            Step::NewSnapshot => return Ok(Frame::NewSnapshot),
            Step::EndOfSnapshot(sequence) => return Ok(Frame::EndOfSnapshot(sequence)),
            Step::Piece => true,
            Step::Event => false,
        };
        let entry = self.events.try_next().map_err(feed_error)?;
        let entry = entry.ok_or(FeedError::PublisherLost)?;
        Ok(if is_piece {
            Frame::Snapshot(entry.event())
        } else {
            Frame::Event(entry)
        })
    }
}

fn closed_by<K, T, E>(membership: &Membership<K, T, E>) -> Option<crate::Reason>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    membership
        .closing
        .as_ref()
        .and_then(|closing| closing.reason())
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
