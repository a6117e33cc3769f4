use std::error::Error;
use std::fmt;

use forebay_core::LoadError;

/// Why a value was not carried out, or why nobody knows whether it was.
#[derive(Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ExecuteError<E> {
    /// What can go wrong with a load as well: the backend failed for this value or for the whole
    /// call, it panicked, the call took too long, too much waited, the executor is closed.
    Failed(LoadError<E>),

    /// The backend returned another number of results than it was sent values, so nobody can say
    /// which is whose. Every value of the call gets this. That is a defect of the backend.
    WrongLength {
        /// How many values the call had.
        sent: usize,
        /// How many results came back.
        got: usize,
    },
}

impl<E> ExecuteError<E> {
    /// Returns the backend's own error, where it was the backend that failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_batch::ExecuteError;
    /// use forebay_core::LoadError;
    ///
    /// let failed = ExecuteError::from(LoadError::from("deadlock"));
    /// assert_eq!(failed.backend(), Some(&"deadlock"));
    /// ```
    #[must_use]
    pub fn backend(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => error.backend(),
            Self::WrongLength { .. } => None,
        }
    }

    /// Returns whether the value may have been carried out all the same.
    ///
    /// `false` is certain: it was never sent, and submitting it again is safe. Where it is `true`,
    /// that is safe only for what may happen twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_batch::ExecuteError;
    /// use forebay_core::LoadError;
    ///
    /// let rejected = ExecuteError::<&str>::from(LoadError::Rejected);
    /// assert!(!rejected.may_have_run());
    /// let late = ExecuteError::<&str>::from(LoadError::TimedOut);
    /// assert!(late.may_have_run());
    /// ```
    #[must_use]
    pub const fn may_have_run(&self) -> bool {
        let never_sent = matches!(
            self,
            Self::Failed(LoadError::Rejected | LoadError::Closed | LoadError::Cycle)
        );
        !never_sent
    }
}

impl<E> From<LoadError<E>> for ExecuteError<E> {
    fn from(error: LoadError<E>) -> Self {
        Self::Failed(error)
    }
}

/// `E` is behind an `Arc`, so it need not be `Clone`, which a derive would ask for.
impl<E> Clone for ExecuteError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.clone()),
            Self::WrongLength { sent, got } => Self::WrongLength {
                sent: *sent,
                got: *got,
            },
        }
    }
}

impl<E> fmt::Display for ExecuteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::WrongLength { sent, got } => {
                write!(f, "the backend returned {got} results for {sent} values")
            }
        }
    }
}

impl<E: Error + 'static> Error for ExecuteError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            Self::WrongLength { .. } => None,
        }
    }
}
