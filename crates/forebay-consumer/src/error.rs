use std::error::Error;
use std::fmt;
use std::sync::Arc;

use forebay_rt::RuntimeGone;

use crate::consumer::summary::Summary;

/// Why what is followed does not begin, or does not go on.
///
/// Whoever implements [`Follow`](crate::Follow) decides by it what the consumer does next. Where it
/// cannot know, `Interrupted` is right: it is given up at last, and nothing is lost by it.
///
/// # Examples
///
/// What an error of a connection means for somebody who has a position:
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// use forebay_consumer::FollowError;
///
/// fn meaning(error: Error) -> FollowError<Error> {
///     match error.kind() {
///         ErrorKind::NotFound => FollowError::Stale(error),
///         ErrorKind::PermissionDenied => FollowError::Refused(error),
///         _ => FollowError::Interrupted(error),
///     }
/// }
/// let lost = meaning(ErrorKind::ConnectionReset.into());
/// assert!(matches!(lost, FollowError::Interrupted(_)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FollowError<E> {
    /// Something after the position is not there any more, or the log is another one. What the
    /// consumer does about such a gap is one of its settings.
    Stale(E),

    /// A connection was refused or lost, a service is busy. The consumer begins again where it is,
    /// after a while.
    Interrupted(E),

    /// There is no point in trying again: the right to read is gone, the log has failed. The consumer
    /// ends.
    Refused(E),

    /// The log is closed, and everything that was in it was delivered. The consumer ends, and that is
    /// no failure.
    Closed,
}

impl<E> fmt::Display for FollowError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale(_) => "something after the position is missing",
            Self::Interrupted(_) => "the log could not be reached",
            Self::Refused(_) => "the log cannot be followed",
            Self::Closed => "the log is closed",
        })
    }
}

impl<E: Error + 'static> Error for FollowError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Stale(error) | Self::Interrupted(error) | Self::Refused(error) => Some(error),
            Self::Closed => None,
        }
    }
}

/// A consumer that has failed: why, and how far it was.
///
/// What it has stored is as good as ever; whoever starts next goes on there. [`source`](Error::source)
/// is the error of what failed, as itself, so it can be downcast.
///
/// # Examples
///
/// What a supervisor does about it:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
/// use forebay_consumer::{Cause, Consumer};
/// use forebay_core::{CheckpointStore, Cursor, LogId, StoreError};
///
/// let (store, key) = position();
/// store.commit(&key, Cursor::new(LogId::new(9), 400.into()).into()).await?;
/// let consumer = Consumer::builder(orders(1..=5), (store, key), bill());
/// let error = consumer.runtime(clock()).build()?.run().await.unwrap_err();
/// assert_eq!(error.to_string(), "something is missing after 0000000000000009-400");
/// let advice = match &error.cause {
///     Cause::Gap(_) => "build the table anew, and remove the position",
///     Cause::Store(error) if !error.is_retryable() => "somebody else does this work",
///     Cause::Handler(_) => "look at the order behind the position",
///     _ => "start it again",
/// };
/// assert_eq!(advice, "build the table anew, and remove the position");
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsumeError<F, S, H> {
    /// Why.
    pub cause: Cause<F, S, H>,
    /// How far it was. It is in a box because results are moved around, and failures are rare.
    pub summary: Box<Summary>,
}

impl<F, S, H> ConsumeError<F, S, H> {
    pub(crate) fn new(cause: Cause<F, S, H>, summary: Summary) -> Self {
        Self {
            cause,
            summary: Box::new(summary),
        }
    }
}

/// Why a consumer has failed: `F` is the error of what it followed, `S` that of what keeps its
/// position, and `H` that of its handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause<F, S, H> {
    /// Something after the position is not there any more, or the log is another one, and the
    /// consumer was not to begin anew. Where what followed said it by a snapshot, there is no error.
    Gap(Option<F>),

    /// What it followed cannot be followed, or could not for as often as it was to be tried.
    Follow(F),

    /// The position could not be read or stored, for as often as it was to be tried, or somebody else
    /// has it: another consumer has claimed or reset it. Unless the cause is mended, the next one will
    /// fail as well.
    Store(S),

    /// The handler failed for good, or for as often as it was to be tried. The items that it failed
    /// at are those after the position that was reached.
    Handler(H),

    /// The handler panicked, and said this. Nothing was committed after that but what was under way,
    /// because nobody knows what state the handler is in.
    Panicked(Arc<str>),

    /// The runtime has no working timer.
    Runtime(RuntimeGone),
}

impl<F, S, H> fmt::Display for ConsumeError<F, S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.summary.reached {
            Some(reached) => write!(f, "{} after {}", self.cause, reached.cursor()),
            None => self.cause.fmt(f),
        }
    }
}

impl<F, S, H> fmt::Display for Cause<F, S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap(_) => f.write_str("something is missing"),
            Self::Follow(_) => f.write_str("the log could not be followed"),
            Self::Store(_) => f.write_str("the position could not be kept"),
            Self::Handler(_) => f.write_str("the handler failed"),
            Self::Panicked(message) => write!(f, "the handler panicked: {message}"),
            Self::Runtime(_) => f.write_str("the runtime has no timer"),
        }
    }
}

impl<F, S, H> Error for ConsumeError<F, S, H>
where
    F: Error + 'static,
    S: Error + 'static,
    H: Error + 'static,
{
    /// Returns the cause of the cause, since what this one says is that already.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

impl<F, S, H> Error for Cause<F, S, H>
where
    F: Error + 'static,
    S: Error + 'static,
    H: Error + 'static,
{
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Gap(Some(error)) | Self::Follow(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Handler(error) => Some(error),
            Self::Runtime(error) => Some(error),
            Self::Gap(None) | Self::Panicked(_) => None,
        }
    }
}
