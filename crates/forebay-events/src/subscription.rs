pub(crate) mod owned_slices;
pub(crate) mod closer;
pub(crate) mod next;
mod polling;

use std::fmt;
use std::sync::Arc;

use forebay_core::{Cursor, Sequence};

use crate::chain::place::Place;
use crate::chain::waiters::Berth;
use crate::entry::{Entry, Slice};
use crate::error::{Reason, RecvError};
use crate::position::Position;
use crate::subscription::closer::{Closer, Control};
use crate::subscription::next::{Next, NextSlice};
use crate::subscription::owned_slices::OwnedSlices;

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
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<u32>::new();
    /// let mut reader = log.source().subscribe();
    /// log.append_all(1, [10, 11])?;
    /// assert_eq!(reader.lag(), 2);
    /// reader.try_next()?;
    /// assert_eq!(reader.lag(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.place.lag()
    }

    /// Returns the last sequence of which all events were received; where nothing is left to
    /// receive, the one that the publisher has advanced to.
    ///
    /// [`Source::resume`](crate::Source::resume) continues right after it. In the middle of the
    /// events of one append, it is still the sequence before.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<u32>::new();
    /// let mut reader = log.source().subscribe();
    /// log.append_all(1, [10, 11])?;
    /// reader.try_next()?;
    /// assert_eq!(reader.cursor().sequence().get(), 0);
    /// reader.try_next()?;
    /// assert_eq!(reader.cursor().sequence().get(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.place.cursor()
    }

    /// Returns where the reader stands. It keeps alive what comes after.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<u32>::new();
    /// let mut reader = log.source().subscribe();
    /// log.append_all(1, [10, 11])?;
    ///
    /// // What follows can be read twice, for as long as the position is there.
    /// let here = reader.position();
    /// reader.try_next_slice()?;
    /// let mut again = here.subscribe();
    /// assert_eq!(again.try_next()?.as_deref(), Some(&10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn position(&self) -> Position<T, E> {
        Position::new(self.place.clone())
    }

    /// Returns a handle by which somebody else can close this subscription.
    ///
    /// From the first one on, each event costs the reader one more atomic load.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, Reason, RecvError};
    ///
    /// let mut log = Publisher::<u32>::new();
    /// let mut reader = log.source().subscribe();
    /// let closer = reader.closer();
    /// log.append(1, 10)?;
    /// closer.close(Reason::Revoked);
    /// // Although there is an event.
    /// assert_eq!(reader.try_next().unwrap_err(), RecvError::ForceClosed(Reason::Revoked));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// # Examples
    ///
    /// See [`Retention::readers_up_to`](crate::Retention::readers_up_to).
    pub fn skip_to_oldest(&mut self) -> u64 {
        self.told = false;
        self.granted = 0;
        self.place.skip_to_oldest()
    }

    /// Keeps no event alive any more. It is for the end of whoever reads through this.
    pub(crate) fn let_go(&mut self) {
        self.granted = 0;
        self.place.let_go();
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

    /// Takes the next event out of what is in reach.
    #[inline]
    fn take(&mut self) -> Option<Entry<'_, T>> {
        let (segment, at, event) = self.place.reach_mut().next()?;
        Some(Entry::new(segment, at, event))
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
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// # futures::executor::block_on(async {
    /// let mut log = Publisher::<&str>::new();
    /// let mut reader = log.source().subscribe();
    /// log.append(7, "seven")?;
    ///
    /// let entry = reader.next().await?;
    /// assert_eq!((entry.sequence().get(), *entry), (7, "seven"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// # futures::executor::block_on(async {
    /// let mut log = Publisher::<u64>::new();
    /// let mut reader = log.source().subscribe();
    /// log.append_all(1, [10, 11])?;
    /// log.append(2, 20)?;
    ///
    /// let slice = reader.next_slice().await?;
    /// assert_eq!(slice.events(), [10, 11, 20]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn next_slice(&mut self) -> NextSlice<'_, T, E> {
        NextSlice::new(self)
    }

    /// Returns the next event, or `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// As [`next`](Subscription::next).
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, RecvError};
    ///
    /// let mut log = Publisher::<u32>::new();
    /// let mut reader = log.source().subscribe();
    /// assert!(reader.try_next()?.is_none());
    /// log.append(1, 10)?;
    /// assert_eq!(reader.try_next()?.as_deref(), Some(&10));
    /// log.close();
    /// assert_eq!(reader.try_next().unwrap_err(), RecvError::Closed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// # Examples
    ///
    /// As for [`next_slice`](Subscription::next_slice).
    #[inline]
    pub fn try_next_slice(&mut self) -> Result<Option<Slice<'_, T>>, RecvError<E>> {
        if !self.is_ready() {
            self.try_ready()?;
        }
        Ok(self.take_slice())
    }

    /// Turns it into a stream of owned slices.
    ///
    /// The stream ends after it has given the error with which the subscription ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, RecvError};
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut log = Publisher::<u32>::new();
    /// let mut slices = log.source().subscribe().into_stream();
    /// log.append_all(1, [10, 11])?;
    /// log.close();
    ///
    /// let slice = slices.next().await.unwrap()?;
    /// assert_eq!(*slice, [10, 11]);
    /// assert_eq!(slices.next().await.unwrap().unwrap_err(), RecvError::Closed);
    /// assert!(slices.next().await.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn into_stream(self) -> OwnedSlices<T, E> {
        OwnedSlices::new(self)
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
