mod follow_fn;
pub(crate) mod items;

use std::fmt;
use std::sync::Arc;

use forebay_core::{Checkpoint, Sequence};
use futures_core::Stream;

use crate::error::FollowError;

pub use self::follow_fn::{FollowFn, follow_fn};
pub use self::items::{Items, Received};

/// Something that can be followed from a position on: a log in memory, a stream over the network, a
/// table that is polled.
///
/// # Semantics
///
/// * With a checkpoint, everything strictly after it comes, once and in order; where that is not
///   possible, [`FollowError::Stale`].
/// * Without one, what a newcomer gets: a snapshot after [`Step::Anew`] where there are snapshots,
///   and the oldest there is where not.
/// * [`Step::Anew`] with a checkpoint is a gap: what was applied does not lead to what comes.
/// * The stream ends where the log was closed and everything in it was delivered. Whatever else ends
///   it is an error.
/// * An error is the last of its stream. The consumer opens another one, if the error lets it.
/// * The stream may be dropped at any time; what it had read ahead comes again in the next one.
/// * A position is in the middle of nothing: each item of a sequence comes before the position that
///   has its number, and none of the next one does.
/// * A panic goes through the consumer, as a crash.
///
/// # Examples
///
/// A table whose rows are numbered, as a log: each row is an item, and its number a position.
///
/// ```
/// use forebay_consumer::{Follow, FollowError, Received, Step};
/// use forebay_core::{Checkpoint, Cursor, LogId};
/// use futures::Stream;
///
/// struct Rows(Vec<String>);
///
/// impl Follow for Rows {
///     type Items = Received<String>;
///     type Error = std::io::Error;
///     type Steps = futures::stream::BoxStream<
///         'static,
///         Result<Step<Received<String>>, FollowError<std::io::Error>>,
///     >;
///
///     async fn follow(
///         &self,
///         from: Option<&Checkpoint>,
///     ) -> Result<Self::Steps, FollowError<std::io::Error>> {
///         let known = from.map_or(0, |checkpoint| checkpoint.sequence().get());
///         let rows: Vec<_> = (1..).zip(self.0.clone()).filter(|row| row.0 > known).collect();
///         let steps = rows.into_iter().map(|(number, row)| {
///             let cursor = Cursor::new(LogId::new(1), u64::into(number));
///             Ok(Step::Items(Received::one(row).reaching(cursor)))
///         });
///         Ok(Box::pin(futures::stream::iter(steps)))
///     }
/// }
/// ```
pub trait Follow: Send + Sync + 'static {
    /// What comes in one piece.
    type Items: Items;

    /// How it fails.
    type Error: fmt::Display + Send;

    /// What comes.
    type Steps: Stream<Item = Result<Step<Self::Items>, FollowError<Self::Error>>> + Send;

    /// Begins after `from`, or as somebody new.
    ///
    /// It is called again after every interruption, so what it has to set up is set up here. There is
    /// no timeout: one that may hang should bring its own, and return [`FollowError::Interrupted`].
    ///
    /// # Errors
    ///
    /// [`FollowError`] says what the consumer does next.
    ///
    /// # Cancel safety
    ///
    /// Must be safe to drop: a consumer that stops drops it.
    fn follow(
        &self,
        from: Option<&Checkpoint>,
    ) -> impl Future<Output = Result<Self::Steps, FollowError<Self::Error>>> + Send;

    /// Returns the last sequence there is, as far as that is known here and now. It is asked for
    /// statistics, often, and by any thread.
    fn head(&self) -> Option<Sequence> {
        None
    }
}

impl<F: Follow> Follow for Arc<F> {
    type Items = F::Items;
    type Error = F::Error;
    type Steps = F::Steps;

    fn follow(
        &self,
        from: Option<&Checkpoint>,
    ) -> impl Future<Output = Result<F::Steps, FollowError<F::Error>>> + Send {
        (**self).follow(from)
    }

    fn head(&self) -> Option<Sequence> {
        (**self).head()
    }
}

/// What comes next of what is followed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step<I> {
    /// What was applied so far is to be forgotten, the pieces of a snapshot that was not finished
    /// included: a snapshot follows, from its beginning to the first position that is reached.
    Anew,

    /// Some items, and the positions that are reached between them.
    Items(I),

    /// Everything up to here was delivered: a snapshot has ended, or there was nothing for this
    /// consumer in between.
    Reached(Checkpoint),
}
