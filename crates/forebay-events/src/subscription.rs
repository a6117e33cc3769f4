pub(crate) mod chunks;
pub(crate) mod closer;
pub(crate) mod next;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use forebay_core::{Cursor, Sequence};

use crate::chain::end::End;
use crate::chain::place::{Halt, Place};
use crate::chain::waiters::Berth;
use crate::entry::{Entry, Slice};
use crate::error::{Reason, RecvError};
use crate::position::Position;
use crate::subscription::chunks::Chunks;
use crate::subscription::closer::{Closer, Control};
use crate::subscription::next::{Next, NextSlice};

/// Reads a log from some position on, at its own pace.
///
/// It receives every event after that position, once and in order, and is told when that is not
/// possible. It delays neither the publisher nor other readers. While it has not read an event, the
/// log keeps that event and all after it, unless its retention says otherwise; [`lag`] says how many
/// that are.
///
/// A clone stands at the same position and goes its own way. It runs on any executor.
///
/// [`lag`]: Subscription::lag
///
/// # Examples
///
/// ```
/// use forebay_events::{Publisher, RecvError};
///
/// # futures::executor::block_on(async {
/// let mut prices = Publisher::<u32>::new();
/// let mut reader = prices.source().subscribe();
///
/// prices.append(1, 100)?;
/// prices.append(2, 101)?;
/// assert_eq!(*reader.next().await?, 100);
/// assert_eq!(reader.lag(), 1);
///
/// prices.close();
/// assert_eq!(*reader.next().await?, 101);
/// assert_eq!(reader.next().await.unwrap_err(), RecvError::Closed);
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
pub struct Subscription<T, E = std::convert::Infallible> {
    place: Place<T, E>,
    berth: Berth,
    /// Made when somebody asks for a [`Closer`].
    control: Option<Arc<Control>>,
    /// Events before this slot are given without a further look: nobody can have closed the
    /// subscription, and its task need not let others run.
    granted: u32,
    /// How many more polls in a row may be ready, besides those for granted events.
    left: u8,
    /// It was said that the reader was cut off.
    told: bool,
}

/// So many polls in a row are ready before other tasks may run: as many as tokio lets a task do.
const STREAK_MAX: u8 = 128;

impl<T, E> Subscription<T, E> {
    pub(crate) const fn new(place: Place<T, E>) -> Self {
        Self {
            place,
            berth: Berth::NONE,
            control: None,
            granted: 0,
            left: STREAK_MAX,
            told: false,
        }
    }

    /// Returns how many events were published and not yet received, at the cost of one atomic
    /// load.
    ///
    /// What comes after a splice is counted once the reader is there.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.place.lag()
    }

    /// Returns the last sequence of which all events were received; where nothing is left to
    /// receive, the one that the publisher has advanced to.
    ///
    /// [`Source::resume`](crate::Source::resume) continues right after it. In the middle of the
    /// events of one append, it is still the sequence before.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.place.cursor()
    }

    /// Returns where the reader stands. It keeps alive what comes after.
    #[must_use]
    pub fn position(&self) -> Position<T, E> {
        Position::new(self.place.clone())
    }

    /// Returns a handle by which somebody else can close this subscription.
    ///
    /// From the first one on, each event costs the reader one more atomic load.
    pub fn closer(&mut self) -> Closer {
        self.take_back();
        let (place, berth) = (&self.place, self.berth);
        let control = self
            .control
            .get_or_insert_with(|| Control::new(place.chain().waiter(berth)));
        Closer::new(Arc::clone(control))
    }

    /// After [`RecvError::Lagged`], moves to the oldest event that is still there and whose sequence
    /// is whole; returns how many were missed. Otherwise it does nothing.
    pub fn skip_to_oldest(&mut self) -> u64 {
        self.told = false;
        self.granted = 0;
        self.place.skip_to_oldest()
    }

    /// Returns the sequence of the next event in reach.
    pub(crate) fn next_sequence(&self) -> Option<Sequence> {
        let reach = self.place.reach();
        let (segment, events) = reach.look(reach.at())?;
        (!events.is_empty()).then(|| segment.sequence(reach.at()))
    }

    /// Whether an event is in reach and nobody can have closed the subscription.
    #[inline]
    const fn is_ready(&self) -> bool {
        self.place.reach().ahead() > 0 && self.control.is_none()
    }

    fn closed(&self) -> Option<Reason> {
        self.control.as_ref()?.reason()
    }

    /// Grants nothing any more.
    fn take_back(&mut self) {
        let unused = self.granted.saturating_sub(self.place.reach().at());
        self.left += unused as u8;
        self.granted = 0;
    }

    /// Takes the next event out of what is in reach.
    #[inline]
    fn take(&mut self) -> Option<Entry<'_, T>> {
        let (segment, at, event) = self.place.reach_mut().next()?;
        Some(Entry::new(segment, at, event))
    }

    fn take_slice(&mut self) -> Option<Slice<'_, T>> {
        let at = self.place.reach().at();
        let count = self.place.reach().look(at)?.1.len() as u32;
        if count == 0 {
            return None;
        }
        // It was one poll, however many events it gives.
        if self.granted > at {
            self.take_back();
            self.left -= 1;
        }
        self.place.pass(count);
        let (segment, events) = self.place.reach().look(at)?;
        Some(Slice::new(segment, at, events.get(..count as usize)?))
    }
}

impl<T, E: Clone> Subscription<T, E> {
    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// [`RecvError::Closed`], [`PublisherLost`](RecvError::PublisherLost) or
    /// [`Failed`](RecvError::Failed) after the last event, [`ForceClosed`](RecvError::ForceClosed)
    /// even before events that are there, and [`Lagged`](RecvError::Lagged) where events are
    /// missing.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the next call gives the same event.
    pub const fn next(&mut self) -> Next<'_, T, E> {
        Next::new(self)
    }

    /// Waits for events and takes all that lie side by side in memory: at least one, at most 512.
    ///
    /// It costs about as much as one event alone.
    ///
    /// # Errors
    ///
    /// As [`next`](Subscription::next).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the next call gives the same events.
    pub const fn next_slice(&mut self) -> NextSlice<'_, T, E> {
        NextSlice::new(self)
    }

    /// Returns the next event, or `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// As [`next`](Subscription::next).
    #[inline]
    pub fn try_next(&mut self) -> Result<Option<Entry<'_, T>>, RecvError<E>> {
        if !self.is_ready() {
            self.try_ready()?;
        }
        Ok(self.take())
    }

    /// Returns the next events that lie side by side in memory, or `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// As [`next`](Subscription::next).
    #[inline]
    pub fn try_next_slice(&mut self) -> Result<Option<Slice<'_, T>>, RecvError<E>> {
        if !self.is_ready() {
            self.try_ready()?;
        }
        Ok(self.take_slice())
    }

    /// Returns whether there is an event, and leaves no waker where there is none.
    pub(crate) fn try_ready(&mut self) -> Result<bool, RecvError<E>> {
        if let Some(reason) = self.closed() {
            return Err(RecvError::ForceClosed(reason));
        }
        Ok(self.place.reach().ahead() > 0 || self.advance()?)
    }

    /// Waits until there is an event, for futures and streams of your own: then
    /// [`try_next`](Subscription::try_next) gives one.
    ///
    /// After 128 polls in a row that were ready, one is not, and wakes its task at once, so that a
    /// reader that always finds something lets others run. With the feature `tokio`, a task that has
    /// used up its budget waits as well.
    ///
    /// # Errors
    ///
    /// As [`next`](Subscription::next).
    #[inline]
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        if self.place.reach().at() < self.granted {
            return Poll::Ready(Ok(()));
        }
        self.poll_slow(cx)
    }

    #[cfg_attr(
        not(feature = "tokio"),
        allow(clippy::needless_pass_by_ref_mut, reason = "tokio's budget needs it")
    )]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        if let Some(reason) = self.closed() {
            return Poll::Ready(Err(RecvError::ForceClosed(reason)));
        }
        if self.place.reach().ahead() == 0 {
            ready!(self.poll_advance(cx))?;
        }
        if self.left == 0 {
            self.left = STREAK_MAX;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.control.is_none() {
            let reach = self.place.reach();
            let count = reach.ahead().min(u32::from(self.left));
            self.granted = reach.at() + count;
            self.left -= count as u8;
        } else {
            self.left -= 1;
        }
        Poll::Ready(Ok(()))
    }

    #[cfg(not(feature = "tokio"))]
    fn poll_advance(&mut self, cx: &Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        self.poll_park(cx)
    }

    #[cfg(feature = "tokio")]
    fn poll_advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        let budget = ready!(tokio::task::coop::poll_proceed(cx));
        let result = ready!(self.poll_park(cx));
        budget.made_progress();
        Poll::Ready(result)
    }

    fn poll_park(&mut self, cx: &Context<'_>) -> Poll<Result<(), RecvError<E>>> {
        loop {
            if self.advance()? {
                return Poll::Ready(Ok(()));
            }
            if let Some(control) = &self.control
                && let Err(reason) = control.register(cx.waker())
            {
                return Poll::Ready(Err(RecvError::ForceClosed(reason)));
            }
            if self.place.park(&mut self.berth, cx.waker()) {
                self.left = STREAK_MAX;
                return Poll::Pending;
            }
        }
    }

    /// Finds the next event; returns whether there is one.
    fn advance(&mut self) -> Result<bool, RecvError<E>> {
        self.granted = 0;
        let chain = Arc::as_ptr(self.place.chain());
        let found = self.place.advance();
        if !std::ptr::eq(chain, Arc::as_ptr(self.place.chain())) {
            // Those who wait for the chain before were all woken at its end.
            self.berth = Berth::NONE;
        }
        found.map_err(|halt| match halt {
            Halt::Lagged => self.lagged(),
            Halt::Ended => self.ended(),
        })
    }

    #[cold]
    fn lagged(&mut self) -> RecvError<E> {
        let missed = self.place.missed();
        if !std::mem::replace(&mut self.told, true) {
            self.place.chain().log().observer.lagged(missed);
        }
        RecvError::Lagged { missed }
    }

    #[cold]
    fn ended(&self) -> RecvError<E> {
        match self.place.chain().end() {
            Some(End::Closed) => RecvError::Closed,
            Some(End::Failed(error)) => RecvError::Failed(error.clone()),
            _ => RecvError::PublisherLost,
        }
    }

    /// Turns it into a stream of owned slices.
    ///
    /// The stream ends after it has given the error with which the subscription ends.
    #[must_use]
    pub const fn into_stream(self) -> Chunks<T, E> {
        Chunks::new(self)
    }

    pub(crate) fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<crate::chunk::Chunk<T>, RecvError<E>>> {
        ready!(self.poll_ready(cx))?;
        let reach = self.place.reach().clone();
        let log = Arc::clone(self.place.chain().log());
        let chunk = crate::chunk::Chunk::new(reach, log);
        if self.granted > 0 {
            self.take_back();
            self.left -= 1;
        }
        self.place.pass(chunk.len() as u32);
        Poll::Ready(Ok(chunk))
    }
}

/// Without the right that a closer may take back from the original alone; but where that was done,
/// the clone is closed as well.
impl<T, E> Clone for Subscription<T, E> {
    fn clone(&self) -> Self {
        let closed = self.control.as_ref().filter(|control| control.is_closed());
        Self {
            place: self.place.clone(),
            berth: Berth::NONE,
            control: closed.cloned(),
            granted: 0,
            left: STREAK_MAX,
            told: false,
        }
    }
}

impl<T, E> Drop for Subscription<T, E> {
    fn drop(&mut self) {
        self.place.chain().leave(&mut self.berth);
        if let Some(control) = &self.control {
            control.leave();
        }
    }
}

impl<T, E> fmt::Debug for Subscription<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("cursor", &self.cursor())
            .field("lag", &self.lag())
            .finish_non_exhaustive()
    }
}
