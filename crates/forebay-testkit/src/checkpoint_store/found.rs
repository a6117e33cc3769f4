use std::fmt;

use forebay_core::{Outcome, StoreError};

/// Something that a store must do and does not.
///
/// A store that knowingly leaves something out compares the names with a list of its own, so that
/// a check that breaks later is seen.
///
/// # Examples
///
/// A store in which whoever commits last decides, so that positions go back:
///
/// ```
/// # mod shelf {
/// #     include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/shelf.rs"));
/// # }
/// # use shelf::Shelves;
/// use forebay_testkit::checkpoint_store::violations;
///
/// let faulty = Shelves { latest_wins: true };
/// let violations = futures::executor::block_on(violations(&faulty));
/// let lower = violations.iter().find(|one| one.check() == "a_lower_commit_changes_nothing");
/// let found = lower.expect("it is broken").found();
/// assert!(found.starts_with("commit gave Advanced"), "{found}");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    check: &'static str,
    found: String,
}

impl Violation {
    pub(super) const fn new(check: &'static str, found: String) -> Self {
        Self { check, found }
    }

    /// Returns the name of the check, which says what must be so. One of
    /// [`checks`](super::checks), or `answers_as_the_model_does` from [`replay`](super::replay).
    ///
    /// # Examples
    ///
    /// See [`Violation`].
    #[must_use]
    pub const fn check(&self) -> &'static str {
        self.check
    }

    /// Returns what was found instead, in words for whoever reads the log of the test.
    ///
    /// # Examples
    ///
    /// See [`Violation`].
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.found)
    }
}

/// What a check comes to: nothing, or what it found instead of what must be so.
pub(super) type Checked = Result<(), String>;

/// Holds that an answer is the one that must be given.
pub(super) fn expect<T: fmt::Debug + PartialEq>(what: &str, answer: T, expected: T) -> Checked {
    if answer == expected {
        return Ok(());
    }
    Err(format!("{what} gave {answer:?} instead of {expected:?}"))
}

/// Takes the answer out of a call that must not fail.
pub(super) fn succeed<T, E: StoreError>(what: &str, result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| format!("{what} failed: {error}"))
}

/// Takes the error out of a call that must not succeed, and which nothing must come of.
pub(super) fn refuse<T: fmt::Debug, E: StoreError>(
    what: &str,
    result: Result<T, E>,
) -> Result<E, String> {
    match result {
        Ok(answer) => Err(format!("{what} gave {answer:?} instead of an error")),
        Err(error) if error.outcome() == Outcome::Unknown => {
            Err(format!("{what} does not know its outcome: {error}"))
        }
        Err(error) => Ok(error),
    }
}
