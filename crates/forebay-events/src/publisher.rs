pub(crate) mod builder;
mod rolling;

use std::fmt;
use std::sync::Arc;

use forebay_core::{LogId, Sequence};

use crate::chain::Chain;
use crate::chain::end::End;
use crate::chain::place::Place;
use crate::chain::segment::Segment;
use crate::chain::slots::Pen;
use crate::error::{NotRising, SpliceError};
use crate::log::Log;
use crate::position::Position;
use crate::publisher::builder::Builder;
use crate::retention::Rules;
use crate::source::Source;

/// Writes a log, and is the only one who does: it cannot be cloned.
///
/// Publishing costs the same for any number of readers, as long as they do not wait; waking many
/// of those who do is left to a task. A log ends when its publisher says so: see
/// [`close`](Publisher::close), [`fail`](Publisher::fail) and [`splice_into`](Publisher::splice_into).
/// Where it is dropped instead, readers get
/// [`RecvError::PublisherLost`](crate::RecvError::PublisherLost) after the last event.
///
/// # Examples
///
/// ```
/// use forebay_events::Publisher;
///
/// let mut log = Publisher::<&str>::new();
/// let mut reader = log.source().subscribe();
///
/// log.append(7, "seven")?;
/// log.append_all(9, ["nine", "nine, too"]).unwrap();
///
/// let entry = reader.try_next().unwrap().unwrap();
/// assert_eq!((entry.sequence().get(), *entry), (7, "seven"));
/// # Ok::<(), forebay_events::NotRising<&str>>(())
/// ```
pub struct Publisher<T: Send + Sync + 'static, E: Send + Sync + 'static = std::convert::Infallible>
{
    chain: Arc<Chain<T, E>>,
    pen: Pen<T>,
    head: Sequence,
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> Publisher<T, E> {
    /// Creates a log that keeps events only for those who have yet to read them.
    ///
    /// # Examples
    ///
    /// See [`Publisher`].
    #[must_use]
    pub fn new() -> Self {
        Builder::new().build_unchecked()
    }

    /// Returns a builder, for a log with settings.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    #[must_use]
    pub fn builder() -> Builder<T, E> {
        Builder::new()
    }

    /// Creates a log of what comes after `before`: a cursor from before that is stale.
    pub(crate) fn with_log(id: LogId, log: Arc<Log<T>>, rules: Rules, before: Sequence) -> Self {
        let pen = Pen::new(Segment::root());
        let chain = Chain::new(id, log, Arc::clone(pen.segment()), rules, before);
        Self {
            chain: Arc::new(chain),
            pen,
            head: before,
        }
    }

    /// Publishes an event.
    ///
    /// # Errors
    ///
    /// [`NotRising`] with the event, if `sequence` is not greater than that of every earlier call.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// log.append(7, "seven")?;
    ///
    /// let refused = log.append(7, "again").unwrap_err();
    /// assert_eq!((refused.rejected, refused.head.get()), ("again", 7));
    /// # Ok::<(), forebay_events::NotRising<&str>>(())
    /// ```
    #[inline]
    pub fn append(&mut self, sequence: impl Into<Sequence>, event: T) -> Result<(), NotRising<T>> {
        let sequence = sequence.into();
        if sequence <= self.head {
            return Err(NotRising::new(event, sequence, self.head));
        }
        match self.pen.push(sequence, event) {
            Ok(()) => self.publish(sequence, 1),
            Err(event) => self.append_rolling(sequence, event),
        }
        Ok(())
    }

    /// Publishes an event with the sequence after the last one, and returns that.
    ///
    /// # Errors
    ///
    /// [`NotRising`] with the event, if there is no sequence left.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// log.append(7, "seven")?;
    /// assert_eq!(log.push("eight")?.get(), 8);
    /// # Ok::<(), forebay_events::NotRising<&str>>(())
    /// ```
    #[inline]
    pub fn push(&mut self, event: T) -> Result<Sequence, NotRising<T>> {
        match self.head.next() {
            Some(sequence) => self.append(sequence, event).map(|()| sequence),
            None => Err(NotRising::new(event, Sequence::MAX, self.head)),
        }
    }

    /// Publishes events that share a sequence, all in one step: a reader sees none of them or can
    /// read all. Returns how many there were.
    ///
    /// Without any event it is [`advance`](Publisher::advance). If the iterator panics, nothing was
    /// published and the publisher can be used as before.
    ///
    /// # Errors
    ///
    /// [`NotRising`] with the events, if `sequence` is not greater than that of every earlier call.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// let mut reader = log.source().subscribe();
    /// assert_eq!(log.append_all(1, ["one", "of two"])?, 2);
    ///
    /// assert!(!reader.try_next()?.unwrap().is_last());
    /// assert_eq!(reader.cursor().sequence().get(), 0);
    /// assert!(reader.try_next()?.unwrap().is_last());
    /// assert_eq!(reader.cursor().sequence().get(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_all<I>(
        &mut self,
        sequence: impl Into<Sequence>,
        events: I,
    ) -> Result<usize, NotRising<I>>
    where
        I: IntoIterator<Item = T>,
    {
        let sequence = sequence.into();
        if sequence <= self.head {
            return Err(NotRising::new(events, sequence, self.head));
        }
        let mut events = events.into_iter();
        let mut draft = self.pen.draft();
        if !draft.take_from(&mut events) {
            // Nothing is published before the iterator has given all, or it may still panic.
            let rest: Vec<T> = events.collect();
            let count = draft.len() + rest.len();
            draft.fill(sequence);
            self.append_rest(sequence, rest, count);
            return Ok(count);
        }
        let count = draft.len();
        draft.fill(sequence);
        self.publish(sequence, count);
        Ok(count)
    }

    /// Says that everything up to `sequence` is published, without an event. It wakes nobody: a
    /// reader that has nothing left to read finds it in its cursor.
    ///
    /// # Errors
    ///
    /// [`NotRising`], if `sequence` is not greater than that of every earlier call.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// let reader = log.source().subscribe();
    /// log.advance(100)?;
    /// assert_eq!(reader.cursor().sequence().get(), 100);
    /// # Ok::<(), forebay_events::NotRising<()>>(())
    /// ```
    pub fn advance(&mut self, sequence: impl Into<Sequence>) -> Result<(), NotRising<()>> {
        let sequence = sequence.into();
        if sequence <= self.head {
            return Err(NotRising::new((), sequence, self.head));
        }
        self.head = sequence;
        self.chain.set_head(sequence);
        Ok(())
    }

    /// Returns the last sequence; zero before the first.
    ///
    /// # Examples
    ///
    /// See [`push`](Publisher::push).
    #[must_use]
    pub const fn head(&self) -> Sequence {
        self.head
    }

    /// Returns by what cursors tell this log from others. It is random unless
    /// [`Builder::log_id`] has set it.
    ///
    /// # Examples
    ///
    /// See [`Builder::log_id`], and [`Source::resume`](crate::Source::resume) for what it is for.
    #[must_use]
    pub fn log_id(&self) -> LogId {
        self.chain.id()
    }

    /// Returns where others subscribe.
    ///
    /// # Examples
    ///
    /// See [`Publisher`].
    #[must_use]
    pub fn source(&self) -> Source<T, E> {
        Source::new(Arc::clone(&self.chain))
    }

    /// Returns the position after the last event.
    ///
    /// # Examples
    ///
    /// See [`splice_into`](Publisher::splice_into).
    #[must_use]
    pub fn position(&self) -> Position<T, E> {
        let spot = self.chain.newest_spot();
        Position::new(Place::new(Arc::clone(&self.chain), spot))
    }

    /// Ends the log. Readers get [`RecvError::Closed`](crate::RecvError::Closed) after the last
    /// event.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, RecvError};
    ///
    /// let mut log = Publisher::<&str>::new();
    /// let source = log.source();
    /// let mut reader = source.subscribe();
    /// log.append(1, "the last")?;
    /// log.close();
    ///
    /// assert_eq!(reader.try_next().unwrap().as_deref(), Some(&"the last"));
    /// assert_eq!(reader.try_next().unwrap_err(), RecvError::Closed);
    /// assert_eq!(source.subscribe().try_next().unwrap_err(), RecvError::Closed);
    /// # Ok::<(), forebay_events::NotRising<&str>>(())
    /// ```
    pub fn close(self) {
        self.chain.finish(End::Closed);
    }

    /// Ends the log with an error, which each reader gets a clone of, after the last event.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, RecvError};
    ///
    /// let log = Publisher::<u32, &str>::new();
    /// let mut reader = log.source().subscribe();
    /// log.fail("the disk is full");
    /// assert_eq!(reader.try_next().unwrap_err(), RecvError::Failed("the disk is full"));
    /// ```
    pub fn fail(self, error: E) {
        self.chain.finish(End::Failed(error));
    }

    /// Ends this log, and has its readers go on from `to` in another, as if what follows there had
    /// been published here.
    ///
    /// While somebody can still reach the end of this log, it keeps alive what comes after `to`.
    ///
    /// # Errors
    ///
    /// [`SpliceError`] with the publisher, if what follows `to` leads back into this log.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut rest = Publisher::<&str>::new();
    /// let from_here = rest.position();
    /// rest.append(2, "two")?;
    ///
    /// let mut beginning = Publisher::<&str>::new();
    /// let mut reader = beginning.source().subscribe();
    /// beginning.append(1, "one")?;
    /// beginning.splice_into(from_here).unwrap();
    ///
    /// assert_eq!(reader.try_next().unwrap().as_deref(), Some(&"one"));
    /// assert_eq!(reader.try_next().unwrap().as_deref(), Some(&"two"));
    /// # Ok::<(), forebay_events::NotRising<&str>>(())
    /// ```
    pub fn splice_into(self, to: Position<T, E>) -> Result<(), SpliceError<T, E>> {
        if self.chain.splice(to.into_place()) {
            Ok(())
        } else {
            Err(SpliceError::new(self))
        }
    }

    #[inline]
    fn publish(&mut self, sequence: Sequence, count: usize) {
        let wake = count > 0 && self.chain.publish(count as u64);
        self.head = sequence;
        self.chain.set_head(sequence);
        self.chain.log().observer.published(count as u64);
        if wake {
            self.chain.notify();
        }
    }
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> Default for Publisher<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> Drop for Publisher<T, E> {
    fn drop(&mut self) {
        // Does nothing after an ending that was meant.
        self.chain.finish(End::Lost);
    }
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> fmt::Debug for Publisher<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("log_id", &self.log_id())
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}
