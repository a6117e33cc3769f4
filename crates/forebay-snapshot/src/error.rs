use std::error::Error;
use std::fmt;

/// A piece that is not what its name says, or says what cannot be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PieceError {
    /// The bytes have another hash than the piece: whoever sent them is wrong or lies.
    Hash,
    /// The piece has more bytes, pages or items than are allowed here.
    TooLarge,
    /// The piece has fewer or more bytes than it must.
    Length,
    /// The piece was written by a version that is not known here.
    Version,
    /// The numbers in it do not go together.
    Totals,
    /// Its bytes are no items of this kind.
    Items,
}

impl fmt::Display for PieceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hash => "piece has another hash than its name",
            Self::TooLarge => "piece is larger than allowed",
            Self::Length => "piece has another length than it must",
            Self::Version => "piece is of an unknown version",
            Self::Totals => "piece has totals that contradict each other",
            Self::Items => "chunk does not consist of the items it should",
        })
    }
}

impl Error for PieceError {}

/// Bytes that are no message, or a message that cannot be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WireError {
    /// More bytes than any message has. None of them was looked at.
    TooLarge {
        /// How many there are.
        len: usize,
        /// How many there may be.
        max: usize,
    },
    /// No bytes at all, or a first byte that no known version writes.
    Version,
    /// The bytes are no message, or more than one.
    Malformed,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { len, max } => write!(f, "frame of {len} bytes, more than {max}"),
            Self::Version => f.write_str("frame is of an unknown version"),
            Self::Malformed => f.write_str("frame is not a message"),
        }
    }
}

impl Error for WireError {}

/// A state that cannot be cut into pieces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StateError {
    /// An item is larger than a piece may be.
    ItemTooLarge {
        /// How many bytes it has.
        bytes: usize,
    },
    /// All items together need more pages than are allowed.
    TooLarge,
    /// An item refused to be serialised.
    Serialize,
    /// It yields another number of items than it says, or other items than before.
    Changed,
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ItemTooLarge { bytes } => write!(f, "an item has {bytes} bytes, too many"),
            Self::TooLarge => f.write_str("state has more pages than allowed"),
            Self::Serialize => f.write_str("an item cannot be serialised"),
            Self::Changed => f.write_str("state changed while it was read"),
        }
    }
}

impl Error for StateError {}
