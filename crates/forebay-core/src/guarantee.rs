/// What a store promises of a commit that it has acknowledged.
///
/// It is what the store reports of itself, with the settings it was opened with, so that a program
/// can refuse to run on less than it needs.
///
/// # Examples
///
/// ```
/// use forebay_core::{Guarantee, Survives};
///
/// let guarantee = Guarantee::new(Survives::PowerLoss).atomic();
/// assert!(guarantee.survives() >= Survives::Crash);
/// assert!(guarantee.is_atomic());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Guarantee {
    survives: Survives,
    is_atomic: bool,
}

impl Guarantee {
    /// Creates the promise that an acknowledged commit survives this much, and no other.
    ///
    /// # Examples
    ///
    /// See [`Guarantee`].
    #[must_use]
    pub const fn new(survives: Survives) -> Self {
        Self {
            survives,
            is_atomic: false,
        }
    }

    /// Adds that [`commit_many`](crate::CheckpointStore::commit_many) is all or nothing.
    ///
    /// # Examples
    ///
    /// See [`Guarantee`].
    #[must_use]
    pub const fn atomic(self) -> Self {
        Self {
            is_atomic: true,
            ..self
        }
    }

    /// Returns what an acknowledged commit survives.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::{CheckpointStore, Survives};
    ///
    /// /// For a program that must not run on less.
    /// fn outlasts_a_kill<S: CheckpointStore>(store: &S) -> bool {
    ///     store.guarantee().survives() >= Survives::Crash
    /// }
    /// ```
    #[must_use]
    pub const fn survives(self) -> Survives {
        self.survives
    }

    /// Returns whether [`commit_many`](crate::CheckpointStore::commit_many) is all or nothing: no
    /// failure, no crash and no reader ever leaves or finds a part of it.
    ///
    /// # Examples
    ///
    /// See [`Guarantee`].
    #[must_use]
    pub const fn is_atomic(self) -> bool {
        self.is_atomic
    }
}

/// What an acknowledged commit survives, from the least to the most.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Survives {
    /// Nothing: it lives as long as the store does.
    Nothing,

    /// The end of the process, however sudden. What the system had not yet written is lost with the
    /// machine.
    Crash,

    /// The end of the machine, as far as its disk keeps what it said it has written.
    PowerLoss,
}
