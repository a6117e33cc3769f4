use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use forebay_core::ResumeKey;
use hmac_sha256::Hash;

use crate::json::parse;
use crate::key::canonical::{Ambiguity, canonical};
use crate::key::error::KeyError;

mod base_url;
mod canonical;
pub(crate) mod error;
pub(crate) mod v1;

/// The version of the derivation. It goes into every key, so that no two versions give the same.
const VERSION: u32 = 2;

/// What makes a consumer the one it is, from which its [`ResumeKey`] is derived.
///
/// Two consumers have the same key exactly if they have the same parts, by name and content, in
/// whatever order they were given. A part that is left out is not the same as one that is empty.
///
/// A part is bytes or JSON. JSON is the same however it is written: spaces, the order of names and
/// the form of escapes and numbers do not count. Its numbers are doubles, as in RFC 8785, so whole
/// numbers beyond 2^53 would be taken for their neighbours; they are refused, and so is a name
/// that comes twice in one object.
///
/// # Derivation
///
/// The key is the SHA-256 of: the version of the derivation, 2, as 4 bytes; the number of parts as 8
/// bytes; then, for each part, in the order of the bytes of their names: the length of the name as 8
/// bytes, the name, one byte that is 0 for bytes and 1 for JSON, the length of the content as 8 bytes,
/// and the content. Numbers are little-endian, and JSON is in its canonical form.
///
/// # Examples
///
/// ```
/// use forebay_checkpoint::KeyParts;
///
/// let key = KeyParts::new()
///     .part("topic", "orders")
///     .part("consumer", "billing")
///     .json("filter", r#"{"region": "eu", "min": 10}"#)
///     .key()?;
/// let same = KeyParts::new()
///     .json("filter", r#"{"min":1e1,"region":"eu"}"#)
///     .part("consumer", "billing")
///     .part("topic", "orders")
///     .key()?;
/// assert_eq!(key, same);
/// # Ok::<(), forebay_checkpoint::KeyError>(())
/// ```
#[derive(Clone)]
#[must_use = "it is for deriving a key"]
pub struct KeyParts {
    /// What is wrong with the first part that was, from which on no other one counts.
    parts: Result<BTreeMap<String, Content>, KeyError>,
}

#[derive(Clone)]
struct Content {
    is_json: bool,
    bytes: Vec<u8>,
}

impl KeyParts {
    /// Begins without parts.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::KeyParts;
    ///
    /// assert!(KeyParts::new().key().is_ok());
    /// ```
    pub const fn new() -> Self {
        Self {
            parts: Ok(BTreeMap::new()),
        }
    }

    /// Adds text or other bytes, which count as they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::KeyParts;
    ///
    /// let text = KeyParts::new().part("topic", "orders");
    /// let bytes = KeyParts::new().part("topic", *b"orders");
    /// assert_eq!(text.key()?, bytes.key()?);
    /// # Ok::<(), forebay_checkpoint::KeyError>(())
    /// ```
    pub fn part(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let content = Content {
            is_json: false,
            bytes: content.as_ref().to_vec(),
        };
        self.add(name, || Ok(content))
    }

    /// Adds JSON, which counts as what it means.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::{KeyError, KeyParts};
    ///
    /// let key = |filter| KeyParts::new().json("filter", filter).key();
    /// assert_eq!(key(r#"{"a": 1, "b": 2}"#)?, key(r#"{"b":2.0,"\u0061":1}"#)?);
    /// assert!(matches!(key("9007199254740993"), Err(KeyError::Number { .. })));
    /// # Ok::<(), KeyError>(())
    /// ```
    pub fn json(self, name: &str, text: &str) -> Self {
        self.add(name, || {
            let value = parse(text).map_err(|source| KeyError::json(name, source))?;
            let canonical = canonical(&value, Ambiguity::Refused)
                .map_err(|ambiguous| KeyError::ambiguous(name, ambiguous))?;
            Ok(Content {
                is_json: true,
                bytes: canonical.into_bytes(),
            })
        })
    }

    /// Derives the key.
    ///
    /// # Errors
    ///
    /// What was wrong with the first part that was: [`KeyError::Repeated`], [`KeyError::Json`],
    /// [`KeyError::Number`] or [`KeyError::Name`].
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::KeyParts;
    ///
    /// let orders = KeyParts::new().part("topic", "orders").key()?;
    /// let invoices = KeyParts::new().part("topic", "invoices").key()?;
    /// assert_ne!(orders, invoices);
    /// # Ok::<(), forebay_checkpoint::KeyError>(())
    /// ```
    pub fn key(&self) -> Result<ResumeKey, KeyError> {
        let parts = self.parts.as_ref().map_err(Clone::clone)?;
        let mut hash = Hash::new();
        hash.update(VERSION.to_le_bytes());
        hash.update(length(parts.len()));
        for (name, content) in parts {
            update_with_length(&mut hash, name.as_bytes());
            hash.update([u8::from(content.is_json)]);
            update_with_length(&mut hash, &content.bytes);
        }
        Ok(ResumeKey::from_bytes(hash.finalize()))
    }

    fn add(mut self, name: &str, content: impl FnOnce() -> Result<Content, KeyError>) -> Self {
        let Ok(parts) = &mut self.parts else {
            return self;
        };
        let added = match parts.entry(name.to_owned()) {
            Entry::Occupied(_) => Err(KeyError::Repeated { part: name.into() }),
            Entry::Vacant(vacant) => content().map(|content| {
                vacant.insert(content);
            }),
        };
        if let Err(error) = added {
            self.parts = Err(error);
        }
        self
    }
}

impl Default for KeyParts {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the names alone: the contents may be secret.
impl fmt::Debug for KeyParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.parts.as_ref().map(|parts| parts.keys());
        f.debug_struct("KeyParts").field("parts", &names).finish()
    }
}

/// Adds bytes with their length before them, so that no two sequences of them are the same.
fn update_with_length(hash: &mut Hash, bytes: &[u8]) {
    hash.update(length(bytes.len()));
    hash.update(bytes);
}

/// Returns a length as it is hashed, which is the same where `usize` has another size.
fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes()
}
