use std::fmt;
use std::str::FromStr;

use crate::error::ParseCursorError;

/// How many digits the text of a log has, so that every log is written in the same length.
pub(crate) const LOG_DIGITS: usize = 16;

/// The name of one particular log.
///
/// A log that was lost and made anew is another one, even where its sequences begin again at the
/// same numbers. The name is what a reader that comes back is told apart by: draw it at random for
/// a log in memory, and store it beside the data of one that survives a restart. For a source that has
/// no such name, any number will do that is changed when its numbering begins anew.
///
/// Its text is sixteen hexadecimal digits in lower case. With the feature `serde` it is that text
/// where the format is read by people, because numbers in JSON are not exact in every language,
/// and a number elsewhere.
///
/// # Examples
///
/// ```
/// use forebay_core::LogId;
///
/// let log = LogId::new(0x1f);
/// assert_eq!(log.get(), 31);
/// assert_eq!(log.to_string(), "000000000000001f");
/// assert_eq!("000000000000001f".parse(), Ok(log));
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct LogId(u64);

impl LogId {
    /// Creates the name with this number.
    ///
    /// # Examples
    ///
    /// See [`LogId`].
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number of this name.
    ///
    /// # Examples
    ///
    /// See [`LogId`].
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Shows the digits of the text, by which a log is found in other places.
impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogId({self})")
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0LOG_DIGITS$x}", self.0)
    }
}

/// Reads exactly what is written, so that a log has one text.
impl FromStr for LogId {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != LOG_DIGITS || !text.bytes().all(is_digit) {
            return Err(ParseCursorError::Log);
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| ParseCursorError::Log)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for LogId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for LogId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Text)
        } else {
            u64::deserialize(deserializer).map(Self)
        }
    }
}

/// Takes the text as it comes, without a copy of it.
#[cfg(feature = "serde")]
struct Text;

#[cfg(feature = "serde")]
impl serde::de::Visitor<'_> for Text {
    type Value = LogId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a log of {LOG_DIGITS} hexadecimal digits")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<LogId, E> {
        text.parse().map_err(E::custom)
    }
}
