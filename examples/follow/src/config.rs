//! What all processes know: keys, their values, and how these change.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use forebay_snapshot::{Marker, OrdSnapshot};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// What names a process among those that give each other snapshots.
pub type Peer = String;

/// Everything that is set.
pub type State = OrdMap<Key, Arc<str>>;

/// The same, as it is handed to those who catch up.
pub type Kept = OrdSnapshot<Key, Arc<str>>;

/// How long a topic or a key may be.
pub const NAME_BYTES_MAX: usize = 64;

/// How long a value may be.
pub const VALUE_BYTES_MAX: usize = 64 << 10;

/// A topic or a key: letters, digits, and `.`, `-`, `_`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct Name(Arc<str>);

/// A text that is no name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotAName;

/// What has a value.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Key {
    /// What it belongs to.
    pub topic: Name,
    /// What it is called there.
    pub key: Name,
}

/// A key that was set or deleted.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Change {
    /// What the key belongs to.
    pub topic: Name,
    /// What it is called there.
    pub key: Name,
    /// What it is now; `None` for one that was deleted.
    pub value: Option<Arc<str>>,
}

/// What is in the log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A key has changed.
    Change(Change),
    /// Everybody who has the state takes a snapshot here.
    Marker(Marker<Peer>),
}

impl Name {
    /// Returns its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Key {
    /// Returns what sorts before all keys of a topic that have a name.
    #[must_use]
    pub fn first_of(topic: &Name) -> Self {
        Self {
            topic: topic.clone(),
            key: Name(Arc::default()),
        }
    }

    /// Returns the change that gives it a value.
    #[must_use]
    pub fn set_to(&self, value: &Arc<str>) -> Change {
        Change {
            topic: self.topic.clone(),
            key: self.key.clone(),
            value: Some(Arc::clone(value)),
        }
    }
}

impl Change {
    /// Returns what has changed.
    #[must_use]
    pub fn id(&self) -> Key {
        Key {
            topic: self.topic.clone(),
            key: self.key.clone(),
        }
    }

    /// Changes a state.
    pub fn apply(&self, state: &mut State) {
        match &self.value {
            Some(value) => {
                state.insert(self.id(), Arc::clone(value));
            }
            None => {
                state.remove(&self.id());
            }
        }
    }
}

impl TryFrom<Arc<str>> for Name {
    type Error = NotAName;

    fn try_from(text: Arc<str>) -> Result<Self, NotAName> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if text.is_empty() || text.len() > NAME_BYTES_MAX || !text.bytes().all(is_allowed) {
            return Err(NotAName);
        }
        Ok(Self(text))
    }
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        Self::try_from(Arc::<str>::from(text))
    }
}

impl From<Name> for Arc<str> {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a name has 1 to {NAME_BYTES_MAX} letters, digits, dots, dashes and underscores"
        )
    }
}

impl std::error::Error for NotAName {}
