use std::fmt;
use std::str::FromStr;

use forebay_core::{Checkpoint, Cursor, Sequence};

/// A position as it is given on the command line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Position {
    Cursor(Cursor),
    /// In the log that the key has.
    Sequence(Sequence),
}

impl Position {
    /// Returns the whole position; nothing, where it takes a stored one for that and there is none.
    pub(crate) fn after(self, stored: Option<&Checkpoint>) -> Option<Cursor> {
        match self {
            Self::Cursor(cursor) => Some(cursor),
            Self::Sequence(sequence) => Some(Cursor::new(stored?.log(), sequence)),
        }
    }
}

/// Reads what `list` shows, a log of another length or a sign included in what is wrong.
impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        if let Ok(cursor) = text.parse() {
            return Ok(Self::Cursor(cursor));
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_number => Ok(Self::Sequence(Sequence::new(number))),
            _ => Err(ParsePositionError),
        }
    }
}

/// The text is no position.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ParsePositionError;

impl fmt::Display for ParsePositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a position is LOG-SEQUENCE, such as 000000000000001f-42, or a sequence alone")
    }
}

impl std::error::Error for ParsePositionError {}
