use std::fmt;

/// A position in a stream of changes.
///
/// Positions rise but need not be contiguous. Zero lies before the first change, so it is where a
/// reader stands that has seen nothing.
///
/// # Examples
///
/// ```
/// use forebay_core::Sequence;
///
/// let first = Sequence::ZERO.next().unwrap();
/// assert_eq!(first, Sequence::new(1));
/// assert_eq!(first.get(), 1);
/// assert_eq!(Sequence::MAX.next(), None);
/// assert!(Sequence::ZERO < first);
/// assert_eq!(first.to_string(), "1");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Sequence(u64);

impl Sequence {
    /// The position before the first change.
    pub const ZERO: Self = Self(0);

    /// The last position there can be; nothing comes after it.
    pub const MAX: Self = Self(u64::MAX);

    /// Creates the position with this number.
    ///
    /// # Examples
    ///
    /// See [`Sequence`].
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number of this position.
    ///
    /// # Examples
    ///
    /// See [`Sequence`].
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the position right after this one, or `None` after [`Sequence::MAX`].
    ///
    /// # Examples
    ///
    /// See [`Sequence`].
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<u64> for Sequence {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<Sequence> for u64 {
    fn from(sequence: Sequence) -> Self {
        sequence.0
    }
}
