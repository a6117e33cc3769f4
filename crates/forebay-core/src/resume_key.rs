use std::fmt;
use std::str::FromStr;

use crate::error::ParseResumeKeyError;

/// How many bytes a key has.
const KEY_BYTES: usize = 32;

/// The name under which a consumer keeps its position.
///
/// Whoever comes back with the same key goes on where it was, so the key stands for all that makes
/// two consumers the same: what they read, with which filter, for whom. `forebay-checkpoint`
/// derives keys from such parts. Nothing in a key is secret, but what it was derived from cannot
/// be read from it.
///
/// Its text is 64 hexadecimal digits. They are written in lower case and read in either, because
/// files of other programs have both. With the feature `serde` it is that text where the format is
/// read by people, and its bytes elsewhere.
///
/// # Examples
///
/// ```
/// use forebay_core::ResumeKey;
///
/// let key = ResumeKey::from_bytes([0xab; 32]);
/// assert_eq!(key.to_string(), "ab".repeat(32));
/// assert_eq!("AB".repeat(32).parse(), Ok(key));
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ResumeKey([u8; KEY_BYTES]);

impl ResumeKey {
    /// Creates the key with these bytes.
    ///
    /// They should be those of a hash, or as evenly spread: stores may use them as they are to find
    /// their way.
    ///
    /// # Examples
    ///
    /// See [`ResumeKey`].
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of this key.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::ResumeKey;
    ///
    /// assert_eq!(ResumeKey::from_bytes([7; 32]).as_bytes(), &[7; 32]);
    /// ```
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

/// Shows the digits of the text, by which a key is found in other places.
impl fmt::Debug for ResumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResumeKey({self})")
    }
}

impl fmt::Display for ResumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ResumeKey {
    type Err = ParseResumeKeyError;

    fn from_str(text: &str) -> Result<Self, ParseResumeKeyError> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut bytes = [0; KEY_BYTES];
        if let Some(at) = text.bytes().position(|byte| digit(byte).is_none()) {
            return Err(ParseResumeKeyError::Digit { at });
        }
        if pairs.len() != KEY_BYTES || !rest.is_empty() {
            let digits = text.len();
            return Err(ParseResumeKeyError::Length { digits });
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high).unwrap_or(0) << 4 | digit(*low).unwrap_or(0);
        }
        Ok(Self(bytes))
    }
}

/// Returns what a hexadecimal digit stands for.
const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for ResumeKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for ResumeKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Text)
        } else {
            deserializer.deserialize_bytes(Bytes)
        }
    }
}

/// Takes the text as it comes, without a copy of it.
#[cfg(feature = "serde")]
struct Text;

#[cfg(feature = "serde")]
impl serde::de::Visitor<'_> for Text {
    type Value = ResumeKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key of 64 hexadecimal digits")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ResumeKey, E> {
        text.parse().map_err(E::custom)
    }
}

/// Takes the bytes in one piece, or one by one from formats that have no such type.
#[cfg(feature = "serde")]
struct Bytes;

#[cfg(feature = "serde")]
impl<'de> serde::de::Visitor<'de> for Bytes {
    type Value = ResumeKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key of {KEY_BYTES} bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<ResumeKey, E> {
        match bytes.try_into() {
            Ok(bytes) => Ok(ResumeKey(bytes)),
            Err(_) => Err(E::invalid_length(bytes.len(), &self)),
        }
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<ResumeKey, A::Error> {
        let mut bytes = [0; KEY_BYTES];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let next = seq.next_element()?;
            *byte = next.ok_or_else(|| serde::de::Error::invalid_length(at, &self))?;
        }
        match seq.next_element::<u8>()? {
            None => Ok(ResumeKey(bytes)),
            Some(_) => Err(serde::de::Error::invalid_length(KEY_BYTES + 1, &self)),
        }
    }
}
