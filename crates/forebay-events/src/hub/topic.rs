use std::fmt;
use std::sync::Arc;

/// A kind of thing that changes, such as the services of a registry; its single things are keys.
///
/// A hub keeps a little for each topic that was ever published to or subscribed to, so topics are
/// few and known beforehand, where keys are many and come and go. Cloning copies a pointer.
///
/// # Examples
///
/// ```
/// use forebay_events::Topic;
///
/// let topic = Topic::from("health");
/// assert_eq!(topic.as_str(), "health");
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Topic(Arc<str>);

impl Topic {
    /// Creates the topic of this name.
    ///
    /// # Examples
    ///
    /// See [`Topic`].
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Returns the name of the topic.
    ///
    /// # Examples
    ///
    /// See [`Topic`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Topic {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Topic {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// What a feed follows, and so what a snapshot shows: one key of a topic, or the whole of it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Subject<K> {
    topic: Topic,
    key: Option<K>,
}

impl<K> Subject<K> {
    pub(crate) const fn new(topic: Topic, key: Option<K>) -> Self {
        Self { topic, key }
    }

    /// Returns the topic.
    ///
    /// # Examples
    ///
    /// See [`SnapshotSource`](crate::SnapshotSource).
    #[must_use]
    pub const fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Returns the key, or `None` for the whole topic.
    ///
    /// # Examples
    ///
    /// See [`SnapshotSource`](crate::SnapshotSource).
    #[must_use]
    pub const fn key(&self) -> Option<&K> {
        self.key.as_ref()
    }
}
