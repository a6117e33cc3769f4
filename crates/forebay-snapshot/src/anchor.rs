use std::fmt;

use forebay_core::Sequence;
use serde::{Deserialize, Serialize};

/// The position in a log at which a snapshot was taken.
///
/// The state holds everything up to and with this entry, and nothing after it. Positions of one
/// sequence but of different terms are different positions, in logs that have parted. The later
/// sequence is the greater one, and of one sequence the later term.
///
/// # Examples
///
/// ```
/// use forebay_core::Sequence;
/// use forebay_snapshot::Anchor;
///
/// let anchor = Anchor::new(Sequence::new(42), 3);
/// assert_eq!(anchor.to_string(), "42@3");
/// assert!(anchor < Anchor::new(Sequence::new(42), 4));
/// assert!(anchor < Anchor::new(Sequence::new(43), 1));
/// ```
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
pub struct Anchor {
    sequence: Sequence,
    term: u64,
}

impl Anchor {
    /// Creates the anchor at this entry of the log.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::Anchor;
    ///
    /// // The snapshot holds entry 42, which was written in term 3, and all before it.
    /// assert_eq!(Anchor::new(Sequence::new(42), 3).to_string(), "42@3");
    /// ```
    #[must_use]
    pub const fn new(sequence: Sequence, term: u64) -> Self {
        Self { sequence, term }
    }

    /// Returns the position of the last entry that the snapshot holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::Anchor;
    ///
    /// assert_eq!(Anchor::new(Sequence::new(42), 3).sequence(), Sequence::new(42));
    /// ```
    #[must_use]
    pub const fn sequence(self) -> Sequence {
        self.sequence
    }

    /// Returns the term in which that entry was written.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::Anchor;
    ///
    /// assert_eq!(Anchor::new(Sequence::new(42), 3).term(), 3);
    /// ```
    #[must_use]
    pub const fn term(self) -> u64 {
        self.term
    }

    /// Returns whether whoever has the log from `first` on has every entry after this one.
    ///
    /// Without a `first`, nothing is missing yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::Anchor;
    ///
    /// let anchor = Anchor::new(Sequence::new(42), 3);
    /// assert!(anchor.reconnects(Some(Sequence::new(43))));
    /// assert!(!anchor.reconnects(Some(Sequence::new(44))));
    /// assert!(anchor.reconnects(None));
    /// ```
    #[must_use]
    pub fn reconnects(self, first: Option<Sequence>) -> bool {
        first.is_none_or(|first| self.sequence.next().is_none_or(|next| next >= first))
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.sequence, self.term)
    }
}
