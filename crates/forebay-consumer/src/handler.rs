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

    /// Makes what was applied as durable as a position is: it is called before each commit.
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

    /// Returns whether there is no point in trying again after this error.
    fn is_fatal(&self, error: &Self::Error) -> bool {
        let _ = error;
        false
    }

    /// Returns how many items it takes at once. It is asked once.
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

    /// Returns the items.
    #[must_use]
    pub const fn items(&self) -> &'a [T] {
        self.items
    }

    /// Returns the position that is reached once the items are applied, if one is.
    ///
    /// A handler that stores it together with what it does, in one transaction, does everything
    /// exactly once: it then begins where that position is, by a [`Keep`](crate::Keep) of its own.
    #[must_use]
    pub const fn reached(&self) -> Option<&'a Checkpoint> {
        self.reached
    }

    /// Returns whether these are pieces of a snapshot, and not changes.
    #[must_use]
    pub const fn is_snapshot(&self) -> bool {
        self.is_snapshot
    }

    /// Returns how often this batch was tried, this time included. What was begun before this
    /// consumer was started is not counted.
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
