mod closures;

use std::fmt;
use std::ops::Deref;

use forebay_core::Checkpoint;

pub use self::closures::{Batches, Each, batches, each};

/// What is done with what comes.
///
/// [`each`](crate::each) and [`batches`](crate::batches) make one of a closure.
///
/// # Semantics
///
/// * Batches come one after the other and in order, never two at once.
/// * An error means that the batch was not applied, or not all of it: after a while it comes again,
///   the same items, unless [`is_fatal`](Self::is_fatal) says that there is no point. So what is
///   applied twice must come to the same as what is applied once, or be recognised.
/// * Once [`apply`](Self::apply) has returned `Ok`, the items count as applied: the position after
///   them may be committed, right after a [`flush`](Self::flush).
/// * A panic ends the consumer, and nothing is committed after it.
///
/// # Examples
///
/// A sum that survives in a file, written when a position is about to be committed:
///
/// ```
/// use std::fs::File;
/// use std::io::{self, Write};
///
/// use forebay_consumer::{Batch, Handler};
///
/// struct Sum {
///     total: u64,
///     file: File,
/// }
///
/// impl Handler<u64> for Sum {
///     type Error = io::Error;
///
///     async fn apply(&mut self, batch: Batch<'_, u64>) -> io::Result<()> {
///         self.total += batch.iter().sum::<u64>();
///         Ok(())
///     }
///
///     async fn begin_anew(&mut self) -> io::Result<()> {
///         self.total = 0;
///         Ok(())
///     }
///
///     async fn flush(&mut self) -> io::Result<()> {
///         writeln!(self.file, "{}", self.total)?;
///         self.file.sync_data()
///     }
/// }
/// ```
pub trait Handler<T>: Send {
    /// How it fails.
    type Error: fmt::Display + Send;

    /// Applies a batch.
    ///
    /// # Errors
    ///
    /// Its own. The same batch comes again.
    ///
    /// # Cancel safety
    ///
    /// It is dropped where the consumer is, or where it takes too long after a stop. What it has
    /// done of the batch by then is done again by whoever goes on.
    fn apply(
        &mut self,
        batch: Batch<'_, T>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Forgets everything that was applied: what comes does not lead on from there. A snapshot
    /// follows, or the oldest items there are.
    ///
    /// The stored position is void by then, so that nobody goes on behind a state that is not whole.
    ///
    /// # Errors
    ///
    /// Its own. It is called again.
    ///
    /// # Cancel safety
    ///
    /// As [`apply`](Self::apply).
    fn begin_anew(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async { Ok(()) }
    }

    /// Makes what was applied as durable as a position is: it is called right before each commit, and
    /// so as rarely as that. Nothing is applied meanwhile.
    ///
    /// # Errors
    ///
    /// Its own. It is called again, and nothing is committed before it succeeds.
    ///
    /// # Cancel safety
    ///
    /// As [`apply`](Self::apply).
    fn flush(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async { Ok(()) }
    }

    /// Returns whether there is no point in trying again after this error, so that the consumer ends
    /// with it. It is asked after each error, and `false` unless it is written otherwise.
    fn is_fatal(&self, error: &Self::Error) -> bool {
        let _ = error;
        false
    }

    /// Returns how many items it takes at once, for one that can say; none would be one. It is asked
    /// once, when the consumer is built.
    fn batch_max(&self) -> usize {
        usize::MAX
    }
}

/// A handler that is lent is there after the consumer has ended.
impl<T, H: Handler<T>> Handler<T> for &mut H {
    type Error = H::Error;

    fn apply(&mut self, batch: Batch<'_, T>) -> impl Future<Output = Result<(), H::Error>> + Send {
        (**self).apply(batch)
    }

    fn begin_anew(&mut self) -> impl Future<Output = Result<(), H::Error>> + Send {
        (**self).begin_anew()
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), H::Error>> + Send {
        (**self).flush()
    }

    fn is_fatal(&self, error: &H::Error) -> bool {
        (**self).is_fatal(error)
    }

    fn batch_max(&self) -> usize {
        (**self).batch_max()
    }
}

/// Items to be applied in one go, at least one. It can be used as a slice of them.
pub struct Batch<'a, T> {
    items: &'a [T],
    reached: Option<&'a Checkpoint>,
    is_snapshot: bool,
    attempt: u32,
}

impl<'a, T> Batch<'a, T> {
    pub(crate) const fn new(
        items: &'a [T],
        reached: Option<&'a Checkpoint>,
        is_snapshot: bool,
    ) -> Self {
        Self {
            items,
            reached,
            is_snapshot,
            attempt: 1,
        }
    }

    pub(crate) const fn again(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    /// Returns the items, at least one. They may be kept for as long as the call, and not longer.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::convert::Infallible;
    /// use std::future::ready;
    ///
    /// use forebay_consumer::{Batch, Consumer, batches};
    ///
    /// let mut statements = Vec::new();
    /// let insert = batches(|orders: Batch<'_, u64>| {
    ///     let rows: Vec<_> = orders.items().iter().map(|order| format!("({order})")).collect();
    ///     statements.push(format!("INSERT INTO orders VALUES {}", rows.join(", ")));
    ///     ready(Ok::<_, Infallible>(()))
    /// });
    /// let consumer = Consumer::builder(orders(1..=3), position(), insert);
    /// consumer.runtime(clock()).build()?.run().await?;
    /// assert_eq!(statements, ["INSERT INTO orders VALUES (1), (2), (3)"]);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub const fn items(&self) -> &'a [T] {
        self.items
    }

    /// Returns the position that is reached once the items are applied, if one is. Nothing in the
    /// batch is behind it.
    ///
    /// A handler that stores it together with what it does, in one transaction, does a batch that has
    /// one exactly once: the consumer then begins where that position is, by a [`Keep`](crate::Keep)
    /// that reads it there. A batch without one is a part of a sequence that goes on; it comes again
    /// where the log breaks off before the end of that, so keep it aside until then, or recognise it.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::convert::Infallible;
    /// use std::future::ready;
    ///
    /// use forebay_consumer::{Batch, Consumer, batches};
    ///
    /// // Stands for two tables of one database.
    /// let (mut total, mut stored) = (0, None);
    /// let bill = batches(|orders: Batch<'_, u64>| {
    ///     total += orders.iter().sum::<u64>();
    ///     stored = orders.reached().cloned().or(stored.take());
    ///     ready(Ok::<_, Infallible>(()))
    /// });
    /// let consumer = Consumer::builder(orders(1..=5), position(), bill);
    /// let summary = consumer.runtime(clock()).build()?.run().await?;
    /// assert_eq!((total, stored), (15, summary.reached));
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub const fn reached(&self) -> Option<&'a Checkpoint> {
        self.reached
    }

    /// Returns whether these are pieces of a snapshot, and not changes. A batch has one or the other.
    ///
    /// # Examples
    ///
    /// Nobody is told of what has been so all along, and everybody of a change:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::convert::Infallible;
    /// use std::future::ready;
    ///
    /// use forebay_consumer::{
    ///     Batch, Consumer, FollowError, Received, Step, batches, follow_fn,
    /// };
    /// use forebay_core::{Checkpoint, Cursor, LogId};
    ///
    /// let fruit = follow_fn(|_: Option<Checkpoint>| {
    ///     let at = |sequence: u64| Cursor::new(LogId::new(1), sequence.into());
    ///     let all = Received::from(vec!["apple", "pear"]).reaching(at(2));
    ///     let all = all.and("plum").reaching(at(3));
    ///     let steps = [Ok::<_, FollowError<Infallible>>(Step::Anew), Ok(Step::Items(all))];
    ///     ready(Ok(futures::stream::iter(steps)))
    /// });
    /// let mut told = Vec::new();
    /// let tell = batches(|names: Batch<'_, &'static str>| {
    ///     told.extend(names.iter().copied().filter(|_| !names.is_snapshot()));
    ///     ready(Ok::<_, Infallible>(()))
    /// });
    /// let consumer = Consumer::builder(fruit, position(), tell);
    /// assert_eq!(consumer.runtime(clock()).build()?.run().await?.applied, 3);
    /// assert_eq!(told, ["plum"]);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub const fn is_snapshot(&self) -> bool {
        self.is_snapshot
    }

    /// Returns how often this batch was tried, this time included. What was begun before this
    /// consumer was started, or before the log broke off, is not counted.
    ///
    /// # Examples
    ///
    /// What cannot be applied is put aside at last, instead of holding up what comes behind it:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::future::ready;
    ///
    /// use forebay_consumer::{Batch, Consumer, batches};
    ///
    /// let mut aside = Vec::new();
    /// let bill = batches(|orders: Batch<'_, u64>| {
    ///     let is_wrong = orders.contains(&3);
    ///     if is_wrong && orders.attempt() < 5 {
    ///         return ready(Err("no such customer"));
    ///     }
    ///     aside.extend(orders.iter().copied().filter(|_| is_wrong));
    ///     ready(Ok(()))
    /// });
    /// let consumer = Consumer::builder(orders(1..=5), position(), bill)
    ///     .batch_max(1)
    /// #   .runtime(clock())
    ///     .build()?;
    /// assert!(consumer.run().await.is_ok());
    /// assert_eq!(aside, [3]);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }
}

impl<T> Clone for Batch<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Batch<'_, T> {}

impl<T> Deref for Batch<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.items
    }
}

impl<T: fmt::Debug> fmt::Debug for Batch<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("items", &self.items)
            .field("reached", &self.reached)
            .field("is_snapshot", &self.is_snapshot)
            .field("attempt", &self.attempt)
            .finish()
    }
}
