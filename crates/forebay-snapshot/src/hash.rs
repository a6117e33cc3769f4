use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a piece: the BLAKE3 hash of its bytes.
///
/// The name of an index names everything below it, and is called the root of a snapshot.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::Hash;
///
/// let hash = Hash::of(b"some bytes");
/// assert_ne!(hash, Hash::of(b"other bytes"));
/// assert_eq!(hash.to_string().len(), 64);
/// ```
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Hash([u8; Self::LEN]);

impl Hash {
    /// How many bytes a hash has.
    pub const LEN: usize = 32;

    /// Hashes bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Hash;
    ///
    /// assert_eq!(Hash::of(b"a chunk"), Hash::of(b"a chunk"));
    /// ```
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Creates the hash with these bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Hash;
    ///
    /// let hash = Hash::of(b"a chunk");
    /// assert_eq!(Hash::from_bytes(*hash.as_bytes()), hash);
    /// ```
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the hash.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Hash;
    ///
    /// assert_eq!(Hash::of(b"a chunk").as_bytes().len(), Hash::LEN);
    /// ```
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// It shows the digits alone, which is what logs are searched for.
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
