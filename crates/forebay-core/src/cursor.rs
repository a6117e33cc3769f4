use std::fmt;
use std::str::FromStr;

use crate::error::ParseCursorError;
use crate::log_id::{LOG_DIGITS, LogId};
use crate::sequence::Sequence;

/// A position in one particular log: everything up to and with its sequence was seen.
///
/// It is what a reader keeps, or hands to whoever it serves, to go on strictly after it. All events
/// of one append have the same sequence, so a cursor is due only once the last of them was seen.
/// Cursors have no order: two of different logs cannot be compared.
///
/// Its text is the log in hexadecimal, a hyphen, and the sequence in decimal; it needs no escaping
/// in a header or an address. Nothing in it is secret, and nothing keeps a client from making one
/// up, so it must not stand for a right to read.
///
/// # Examples
///
/// ```
/// use forebay_core::{Cursor, LogId, Sequence};
///
/// let cursor = Cursor::new(LogId::new(0x1f), Sequence::new(42));
/// assert_eq!(cursor.to_string(), "000000000000001f-42");
///
/// let kept: Cursor = "000000000000001f-42".parse()?;
/// assert_eq!(kept, cursor);
/// assert_eq!((kept.log(), kept.sequence()), (LogId::new(0x1f), Sequence::new(42)));
/// # Ok::<(), forebay_core::ParseCursorError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Cursor {
    log: LogId,
    sequence: Sequence,
}

impl Cursor {
    /// Creates the cursor of somebody who saw this log up to and with this sequence.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::{Cursor, LogId, Sequence};
    ///
    /// // Somebody who has seen nothing yet.
    /// let cursor = Cursor::new(LogId::new(7), Sequence::ZERO);
    /// assert_eq!(cursor.log(), LogId::new(7));
    /// assert_eq!(cursor.sequence(), Sequence::ZERO);
    /// ```
    #[must_use]
    pub const fn new(log: LogId, sequence: Sequence) -> Self {
        Self { log, sequence }
    }

    /// Returns the log that this is a position in.
    ///
    /// # Examples
    ///
    /// See [`Cursor`].
    #[must_use]
    pub const fn log(self) -> LogId {
        self.log
    }

    /// Returns the last sequence that was seen whole.
    ///
    /// # Examples
    ///
    /// See [`Cursor`].
    #[must_use]
    pub const fn sequence(self) -> Sequence {
        self.sequence
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.log, self.sequence.get())
    }
}

/// Reads exactly what is written, so that a cursor has one text.
impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let (log, rest) = text
            .split_at_checked(LOG_DIGITS)
            .ok_or(ParseCursorError::Log)?;
        let log = log.parse()?;
        let number = rest.strip_prefix('-').ok_or(ParseCursorError::Separator)?;
        let sequence = parse_number(number).ok_or(ParseCursorError::Sequence)?;
        Ok(Self { log, sequence })
    }
}

/// Neither a sign nor a leading zero is ever written.
fn parse_number(text: &str) -> Option<Sequence> {
    let is_written = text == "0" || text.starts_with(|first| matches!(first, '1'..='9'));
    let number = text.parse().ok().filter(|_| is_written)?;
    Some(Sequence::new(number))
}
