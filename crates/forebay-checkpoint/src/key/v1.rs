use std::fmt;

use forebay_core::ResumeKey;
use hmac_sha256::Hash;

use crate::json::parse;
use crate::key::base_url::normalize;
use crate::key::canonical::{Ambiguity, canonical};
use crate::key::error::KeyError;
use crate::key::{length, update_with_length};

/// The version of the derivation.
const VERSION: u32 = 1;

/// What the keys in files of older clients were derived from.
///
/// It is for those who go over from such a client, to find what it has stored. For anything new
/// there is [`KeyParts`](crate::KeyParts): here whole numbers beyond 2^53 are rounded, so that
/// filters which differ in them have the same key.
///
/// # Derivation
///
/// The key is the SHA-256 of: the version of the derivation, 1, as 4 bytes; then the base address,
/// the event type and the filter, each with its length as 8 bytes before it; then one byte 0, or
/// one byte 1, the length of the schema fingerprint as 8 bytes, and the fingerprint. Numbers are
/// little-endian. The address has its scheme and host in lower case, no user, no port that is the
/// scheme's own, no query and no fragment, and `/` for an empty path. The filter is canonical
/// JSON.
///
/// # Examples
///
/// ```
/// use forebay_checkpoint::KeyV1;
///
/// let key = KeyV1::new("https://events.example.org", "order", "{}").key()?;
/// let same = KeyV1::new("HTTPS://me@Events.Example.Org:443/?all", "order", " { } ").key()?;
/// assert_eq!(key, same);
/// # Ok::<(), forebay_checkpoint::KeyError>(())
/// ```
#[derive(Clone, Copy)]
#[must_use = "it is for deriving a key"]
pub struct KeyV1<'a> {
    base_url: &'a str,
    event_type: &'a str,
    filter: &'a str,
    fingerprint: Option<&'a [u8]>,
}

impl<'a> KeyV1<'a> {
    /// Begins with what every such key has: an address, an event type, and a filter as JSON.
    ///
    /// # Examples
    ///
    /// See [`KeyV1`].
    pub const fn new(base_url: &'a str, event_type: &'a str, filter: &'a str) -> Self {
        Self {
            base_url,
            event_type,
            filter,
            fingerprint: None,
        }
    }

    /// Adds the fingerprint of a schema. An empty one is not the same as none.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::KeyV1;
    ///
    /// let plain = KeyV1::new("https://events.example.org", "order", "{}");
    /// assert_ne!(plain.key()?, plain.fingerprint(b"").key()?);
    /// # Ok::<(), forebay_checkpoint::KeyError>(())
    /// ```
    pub const fn fingerprint(self, fingerprint: &'a [u8]) -> Self {
        Self {
            fingerprint: Some(fingerprint),
            ..self
        }
    }

    /// Derives the key.
    ///
    /// # Errors
    ///
    /// [`KeyError::BaseUrl`] for an address that has anything unusual, because a guess at what the
    /// client made of it would be a key under which nothing is found; [`KeyError::Json`] and
    /// [`KeyError::Number`] for the filter.
    ///
    /// # Examples
    ///
    /// See [`KeyV1`].
    pub fn key(&self) -> Result<ResumeKey, KeyError> {
        let base_url = normalize(self.base_url).map_err(|reason| KeyError::BaseUrl { reason })?;
        let filter = parse(self.filter).map_err(|source| KeyError::json("filter", source))?;
        let filter = canonical(&filter, Ambiguity::Resolved)
            .map_err(|ambiguous| KeyError::ambiguous("filter", ambiguous))?;
        let mut hash = Hash::new();
        hash.update(VERSION.to_le_bytes());
        update_with_length(&mut hash, base_url.as_bytes());
        update_with_length(&mut hash, self.event_type.as_bytes());
        update_with_length(&mut hash, filter.as_bytes());
        hash.update([u8::from(self.fingerprint.is_some())]);
        if let Some(fingerprint) = self.fingerprint {
            hash.update(length(fingerprint.len()));
            hash.update(fingerprint);
        }
        Ok(ResumeKey::from_bytes(hash.finalize()))
    }
}

/// Shows what of the parts cannot be secret: addresses have passwords in them.
impl fmt::Debug for KeyV1<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyV1")
            .field("event_type", &self.event_type)
            .finish_non_exhaustive()
    }
}
