use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use forebay_core::Sequence;

use crate::publisher::Publisher;

/// A sequence that does not rise: nothing was published.
///
/// Two appends with one sequence would be one to whoever resumes between them, so each must be
/// greater than all before it.
#[derive(Clone, Copy, Eq, PartialEq)]
#[non_exhaustive]
pub struct NotRising<T> {
    /// What was to be published.
    pub rejected: T,
    /// The sequence it was to have; [`Sequence::MAX`] where there is none left.
    pub sequence: Sequence,
    /// The last sequence of the log.
    pub head: Sequence,
}

impl<T> NotRising<T> {
    pub(crate) const fn new(rejected: T, sequence: Sequence, head: Sequence) -> Self {
        Self {
            rejected,
            sequence,
            head,
        }
    }
}

/// It does not show what was rejected, which need not be `Debug`.
impl<T> fmt::Debug for NotRising<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotRising")
            .field("sequence", &self.sequence)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for NotRising<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequence, head, .. } = self;
        write!(f, "sequence {sequence} does not come after {head}")
    }
}

impl<T> Error for NotRising<T> {}

/// A splice that would lead back into the log that it ends: nothing has happened.
#[non_exhaustive]
pub struct SpliceError<T: Send + Sync + 'static, E: Send + Sync + 'static = Infallible> {
    /// The publisher, as it was.
    pub publisher: Publisher<T, E>,
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> SpliceError<T, E> {
    pub(crate) const fn new(publisher: Publisher<T, E>) -> Self {
        Self { publisher }
    }
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> fmt::Debug for SpliceError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpliceError")
            .field("publisher", &self.publisher)
            .finish()
    }
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> fmt::Display for SpliceError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the splice would lead back into its own log")
    }
}

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> Error for SpliceError<T, E> {}

/// Why a subscription gives no event, now and from now on.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RecvError<E> {
    /// The publisher closed the log. All that was published was received.
    Closed,
    /// The publisher was dropped without closing the log: it may not have published all it had.
    PublisherLost,
    /// The publisher ended the log with this error. All that was published was received.
    Failed(E),
    /// This subscription was closed. There may be events that it did not receive.
    ForceClosed(Reason),
    /// The reader was too far behind, and what comes next was dropped. It says so until
    /// [`skip_to_oldest`](crate::Subscription::skip_to_oldest) goes on after the gap; a view that
    /// was built from what came before must be built anew.
    Lagged {
        /// How many events come between the last that was received and the oldest that is there.
        missed: u64,
    },
}

impl<E> fmt::Display for RecvError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the log is closed"),
            Self::PublisherLost => f.write_str("the publisher is gone"),
            Self::Failed(_) => f.write_str("the log has failed"),
            Self::ForceClosed(reason) => write!(f, "the subscription was closed: {reason}"),
            Self::Lagged { missed } => {
                write!(f, "the reader was too slow and missed {missed} events")
            }
        }
    }
}

impl<E: Error + 'static> Error for RecvError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a subscription was closed by somebody else.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The right to read was taken back.
    Revoked,
    /// What was read is no longer true; begin anew.
    Refreshed,
    /// The service ends.
    ShuttingDown,
    /// Another reason, in words.
    Other(Arc<str>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revoked => "revoked",
            Self::Refreshed => "refreshed",
            Self::ShuttingDown => "shutting down",
            Self::Other(reason) => reason,
        })
    }
}

/// A cursor from which nobody can go on without missing something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Stale {
    /// The cursor is of another log, or of one that was recreated.
    OtherLog,
    /// The cursor is ahead of the log.
    Ahead {
        /// The last sequence of the log.
        head: Sequence,
    },
    /// What comes after the cursor is no longer kept.
    Gap {
        /// The lowest sequence after which everything is kept.
        oldest: Sequence,
    },
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherLog => f.write_str("the cursor is of another log"),
            Self::Ahead { head } => write!(f, "the cursor is ahead of the log, which is at {head}"),
            Self::Gap { oldest } => write!(f, "only what comes after {oldest} is still kept"),
        }
    }
}

impl Error for Stale {}
