use std::fmt;
use std::sync::Arc;

use forebay_core::{Cursor, LogId, Sequence};

use crate::chain::Chain;
use crate::chain::history::Spot;
use crate::chain::place::Place;
use crate::error::Stale;
use crate::position::Position;
use crate::stats::Stats;
use crate::subscription::Subscription;

/// Where readers subscribe to a log.
///
/// It may outlive the publisher, and keeps no event alive that the log itself does not keep.
///
/// # Examples
///
/// ```
/// use forebay_events::{Publisher, Retention};
///
/// let mut log = Publisher::<&str>::builder()
///     .retention(Retention::window(100))
///     .build()?;
/// let source = log.source();
///
/// log.append(1, "one").unwrap();
/// let mut reader = source.subscribe();
/// let cursor = reader.cursor();
/// drop(reader);
///
/// log.append(2, "two").unwrap();
/// let mut reader = source.resume(cursor).unwrap();
/// assert_eq!(reader.try_next().unwrap().as_deref(), Some(&"two"));
/// # Ok::<(), forebay_events::ConfigError>(())
/// ```
pub struct Source<T, E = std::convert::Infallible> {
    chain: Arc<Chain<T, E>>,
}

impl<T, E> Source<T, E> {
    pub(crate) const fn new(chain: Arc<Chain<T, E>>) -> Self {
        Self { chain }
    }

    /// Returns a subscription to what is published from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<u32>::new();
    /// log.append(1, 10)?;
    /// let mut reader = log.source().subscribe();
    /// log.append(2, 20)?;
    /// assert_eq!(reader.try_next()?.as_deref(), Some(&20));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Subscription<T, E> {
        Subscription::new(self.place(self.chain.newest_spot()))
    }

    /// Returns a subscription that begins with the oldest event that is still kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, Retention};
    ///
    /// let mut log = Publisher::<u32>::builder()
    ///     .retention(Retention::window(100))
    ///     .build()?;
    /// log.append(1, 10)?;
    /// log.append(2, 20)?;
    /// let mut reader = log.source().subscribe_oldest();
    /// assert_eq!(reader.try_next()?.as_deref(), Some(&10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn subscribe_oldest(&self) -> Subscription<T, E> {
        Subscription::new(self.place(self.chain.newest(|newest| newest.oldest())))
    }

    /// Returns a subscription to all that comes after `cursor`, so that a reader that was away
    /// goes on as if it had not been. It costs a search, however much is kept.
    ///
    /// Where a cursor was kept outside of the process, [`Builder::log_id`](crate::Builder::log_id)
    /// decides whether a log knows it again.
    ///
    /// # Errors
    ///
    /// [`Stale`], if something that comes after the cursor is not there any more, or if the cursor
    /// is not of this log.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::{Cursor, LogId, Sequence};
    /// use forebay_events::{Publisher, Stale};
    ///
    /// let mut log = Publisher::<u32>::new();
    /// log.append_all(1, [10, 11])?;
    /// log.append(2, 20)?;
    /// let source = log.source();
    ///
    /// let after_one = Cursor::new(source.log_id(), Sequence::new(1));
    /// assert_eq!(source.resume(after_one)?.try_next()?.as_deref(), Some(&20));
    ///
    /// let of_another = Cursor::new(LogId::new(7), Sequence::new(1));
    /// assert_eq!(source.resume(of_another).unwrap_err(), Stale::OtherLog);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(&self, cursor: Cursor) -> Result<Subscription<T, E>, Stale> {
        let found = if cursor.log() == self.chain.id() {
            self.after(cursor.sequence())
        } else {
            Err(Stale::OtherLog)
        };
        if let Err(stale) = &found {
            self.chain.log().observer.stale(stale);
        }
        found.map(Subscription::new)
    }

    fn after(&self, sequence: Sequence) -> Result<Place<T, E>, Stale> {
        let found = self.chain.newest(|newest| {
            let published = self.chain.state().published();
            // The head is stored a moment after the events up to it can be read.
            let head = newest.complete_at(published).max(self.chain.head());
            if sequence > head {
                return Err(Stale::Ahead { head });
            }
            newest
                .after(sequence)
                .map_err(|oldest| Stale::Gap { oldest })
        });
        found.map(|spot| self.place(spot))
    }

    fn place(&self, spot: Spot<T>) -> Place<T, E> {
        Place::new(Arc::clone(&self.chain), spot)
    }

    /// Returns the position after the last event.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<u32>::new();
    /// let start = log.source().position();
    /// log.append(1, 10)?;
    /// assert_eq!(start.subscribe().lag(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn position(&self) -> Position<T, E> {
        Position::new(self.place(self.chain.newest_spot()))
    }

    /// Returns the position before the oldest event that is still kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, Retention};
    ///
    /// let mut log = Publisher::<u32>::builder()
    ///     .retention(Retention::window(100))
    ///     .build()?;
    /// log.append(1, 10)?;
    /// let oldest = log.source().oldest();
    /// assert_eq!(oldest.cursor().sequence().get(), 0);
    /// assert_eq!(oldest.subscribe().lag(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn oldest(&self) -> Position<T, E> {
        Position::new(self.place(self.chain.newest(|newest| newest.oldest())))
    }

    /// Returns the last sequence that was published; zero before the first.
    ///
    /// Reads one atomic. What is published meanwhile is not waited for: to follow, subscribe.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// let source = log.source();
    /// log.append(7, "seven")?;
    /// assert_eq!(source.head().get(), 7);
    /// # Ok::<(), forebay_events::NotRising<&str>>(())
    /// ```
    #[must_use]
    pub fn head(&self) -> Sequence {
        self.chain.head()
    }

    /// Returns by what cursors tell this log from others.
    ///
    /// # Examples
    ///
    /// See [`resume`](Source::resume).
    #[must_use]
    pub fn log_id(&self) -> LogId {
        self.chain.id()
    }

    /// Returns what the log holds. The numbers are taken one after the other while others go on.
    ///
    /// # Examples
    ///
    /// See [`Stats`].
    #[must_use]
    pub fn stats(&self) -> Stats {
        let log = self.chain.log();
        let freed = log.freed();
        let published = self.chain.state().published();
        Stats {
            published,
            retained: published.saturating_sub(freed),
            oldest: Sequence::new(log.oldest()),
            head: self.head(),
            waiting: self.chain.waiting() as usize,
        }
    }
}

impl<T, E> Clone for Source<T, E> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.chain))
    }
}

impl<T, E> fmt::Debug for Source<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("log_id", &self.log_id())
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}
