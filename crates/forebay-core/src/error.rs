use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::checkpoint::Checkpoint;

/// What a load gives: the value of the key, `None` where there is no such thing, or a failure.
pub type LoadResult<V, E> = Result<Option<V>, LoadError<E>>;

/// One failure, shared by every caller that waited for the same load.
///
/// `E` is the backend's error and stays the same through any number of nested stages; where a
/// load cannot fail, it is [`Infallible`](std::convert::Infallible). Cloning copies a pointer.
///
/// # Examples
///
/// ```
/// use std::error::Error;
/// use std::io;
///
/// use forebay_core::LoadError;
///
/// let shared = LoadError::from(io::Error::from(io::ErrorKind::ConnectionReset));
/// let cause = shared.source().and_then(|cause| cause.downcast_ref::<io::Error>());
/// assert_eq!(cause.unwrap().kind(), io::ErrorKind::ConnectionReset);
/// ```
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The backend failed. Every waiter of the load gets this same error, and
    /// [`source`](Error::source) leads to it; ask again if its kind is worth a retry.
    Backend(Arc<E>),

    /// The load panicked, with this message. The caller that ran it got the panic itself; the next
    /// load of the key starts afresh.
    Panicked(Arc<str>),

    /// The load was dropped before it had an answer, and nobody took it over. Nothing is known of
    /// the key; ask again.
    Abandoned,

    /// The bound on waiting passed first. The load may still be running for others.
    TimedOut,

    /// A bound on what may run or wait at once was reached, so the load was not begun. Ask again
    /// later, or answer without the value.
    Rejected,

    /// The stage, or the runtime it needs, is gone or was never there. Asking again does not help.
    Closed,

    /// The load waits, directly or through others, for itself. That is a defect of the loader.
    Cycle,
}

impl<E> LoadError<E> {
    /// Returns the backend's own error, where it was the backend that failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::LoadError;
    ///
    /// assert_eq!(LoadError::from("deadlock").backend(), Some(&"deadlock"));
    /// assert_eq!(LoadError::<&str>::TimedOut.backend(), None);
    /// ```
    #[must_use]
    pub fn backend(&self) -> Option<&E> {
        match self {
            Self::Backend(error) => Some(error),
            _ => None,
        }
    }
}

/// Wraps a backend's error, so that `?` does in an implementation of [`Load`](crate::Load).
impl<E> From<E> for LoadError<E> {
    fn from(error: E) -> Self {
        Self::Backend(Arc::new(error))
    }
}

/// `E` is behind an `Arc`, so it need not be `Clone`, which a derive would ask for.
impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Backend(error) => Self::Backend(Arc::clone(error)),
            Self::Panicked(message) => Self::Panicked(Arc::clone(message)),
            Self::Abandoned => Self::Abandoned,
            Self::TimedOut => Self::TimedOut,
            Self::Rejected => Self::Rejected,
            Self::Closed => Self::Closed,
            Self::Cycle => Self::Cycle,
        }
    }
}

impl<E> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backend(_) => f.write_str("the backend failed"),
            Self::Panicked(message) => write!(f, "the load panicked: {message}"),
            Self::Abandoned => f.write_str("the load was dropped and nobody took it over"),
            Self::TimedOut => f.write_str("the load took longer than its bound"),
            Self::Rejected => f.write_str("the load was rejected by a bound"),
            Self::Closed => f.write_str("the loader or its runtime is gone"),
            Self::Cycle => f.write_str("the load waits for itself"),
        }
    }
}

impl<E: Error + 'static> Error for LoadError<E> {
    /// Returns the backend's error itself and not the `Arc` around it, so that it downcasts.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Backend(error) => Some(&**error),
            _ => None,
        }
    }
}

/// Settings that make no sense.
///
/// It is what every builder of the forebay crates fails with, and nothing was built. The name of a
/// setting is that of its method, and `on_timeout.after` a part of what it was given.
///
/// # Examples
///
/// ```
/// use forebay_core::ConfigError;
///
/// let refused = ConfigError::Zero { setting: "max_batch" };
/// assert_eq!(refused.to_string(), "`max_batch` is zero");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Nothing could ever happen with this setting at zero. Leave it out, if there is to be no
    /// bound.
    Zero {
        /// The setting.
        setting: &'static str,
    },

    /// The setting is so small that what must fit into it does not.
    TooSmall {
        /// The setting.
        setting: &'static str,
        /// The least that works.
        min: u64,
    },

    /// The setting is larger than what can be counted or said.
    TooLarge {
        /// The setting.
        setting: &'static str,
        /// The most that works.
        max: u64,
    },

    /// The setting would have no effect, since another one always comes before it.
    NotBelow {
        /// The setting.
        setting: &'static str,
        /// What it has to be less than.
        bound: &'static str,
    },

    /// A time needs a clock, and a task something to run on: turn the feature `tokio` on, or give a
    /// runtime.
    RuntimeMissing,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { setting } => write!(f, "`{setting}` is zero"),
            Self::TooSmall { setting, min } => write!(f, "`{setting}` is less than {min}"),
            Self::TooLarge { setting, max } => write!(f, "`{setting}` is more than {max}"),
            Self::NotBelow { setting, bound } => {
                write!(f, "`{setting}` is not less than `{bound}`")
            }
            Self::RuntimeMissing => f.write_str("there is no runtime"),
        }
    }
}

impl Error for ConfigError {}

/// Why a text is no [`Cursor`](crate::Cursor) or [`LogId`](crate::LogId).
///
/// Who offered the text did not get it from a log. Start without it, as somebody who is new, or
/// refuse it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ParseCursorError {
    /// It does not begin with, or for a log is not, sixteen hexadecimal digits in lower case.
    Log,

    /// No hyphen follows the log.
    Separator,

    /// What follows the hyphen is no number as it is written for a sequence: decimal, without sign
    /// and leading zeros, and not beyond [`Sequence::MAX`](crate::Sequence::MAX).
    Sequence,
}

impl fmt::Display for ParseCursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Log => "the log is not sixteen hexadecimal digits in lower case",
            Self::Separator => "no hyphen follows the log",
            Self::Sequence => "the sequence is not a decimal number in range",
        })
    }
}

impl Error for ParseCursorError {}

/// Why a text is no [`ResumeKey`](crate::ResumeKey).
///
/// Whoever offered the text did not get it from a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ParseResumeKeyError {
    /// It has a byte that is no hexadecimal digit.
    Digit {
        /// Where in the text the first such byte stands, counted in bytes from zero.
        at: usize,
    },

    /// It has another number of hexadecimal digits than a key.
    Length {
        /// How many it has.
        digits: usize,
    },
}

impl fmt::Display for ParseResumeKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digit { at } => write!(f, "byte {at} of the key is no hexadecimal digit"),
            Self::Length { digits } => {
                write!(f, "the key has {digits} hexadecimal digits instead of 64")
            }
        }
    }
}

impl Error for ParseResumeKeyError {}

/// What every error of a [`CheckpointStore`](crate::CheckpointStore) can say.
///
/// # Examples
///
/// ```
/// use forebay_core::{Outcome, StoreError};
///
/// /// After a failed commit, whether the work that it stands for may count as done.
/// fn may_be_done(error: &impl StoreError) -> bool {
///     error.outcome() == Outcome::Unknown
/// }
/// ```
pub trait StoreError: Error + Send + Sync + 'static {
    /// Returns what became of the change that was asked for.
    fn outcome(&self) -> Outcome;

    /// Returns what is stored, where a commit was refused because that is in another log.
    ///
    /// Either the log was made anew, and a [`reset`](crate::CheckpointStore::reset) is due, or this
    /// consumer is the one that reads an old log.
    fn other_log(&self) -> Option<&Checkpoint>;

    /// Returns whether the same call may succeed later, with nobody doing anything about it but
    /// waiting: a disk that is full may be emptied, and a lock may be given back.
    ///
    /// A store that knows more of its errors says so here. Unless it does, everything can be tried
    /// again but a commit in another log.
    fn is_retryable(&self) -> bool {
        self.other_log().is_none()
    }
}

/// What became of a change that failed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a change that failed is known not to have happened, or it is not"
)]
pub enum Outcome {
    /// It did not happen and never will. It may be sent again, or not.
    NotCommitted,

    /// It may have happened, or happen yet. Load to see, or commit again: what is stored never goes
    /// back by that.
    Unknown,
}
