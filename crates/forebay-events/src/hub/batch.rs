use crate::hub::topic::Topic;

/// Changes that belong together: they are published in one call and share its sequence.
///
/// Those that one feed follows reach it together; it never sees a part of them as a complete
/// sequence.
///
/// # Examples
///
/// ```
/// use forebay_events::{Batch, Topic};
///
/// let health = Topic::from("health");
/// let mut batch = Batch::new();
/// batch.push(&health, "web", "web is up");
/// batch.push(&health, "db", "db is down");
/// assert_eq!(batch.len(), 2);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batch<K, T> {
    changes: Vec<Change<K, T>>,
}

/// One event and where it belongs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Change<K, T> {
    pub(crate) topic: Topic,
    pub(crate) key: K,
    pub(crate) event: T,
}

impl<K, T> Batch<K, T> {
    /// Creates an empty batch.
    ///
    /// # Examples
    ///
    /// See [`Batch`].
    #[must_use]
    pub const fn new() -> Self {
        Self {
            changes: Vec::new(),
        }
    }

    /// Creates a batch with room for this many changes.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Batch, Topic};
    ///
    /// let health = Topic::from("health");
    /// let mut changes = Batch::with_capacity(2);
    /// assert!(changes.is_empty());
    /// changes.push(&health, "web", "web is down");
    /// assert_eq!(changes.len(), 1);
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            changes: Vec::with_capacity(capacity),
        }
    }

    /// Adds a change of `key`; changes of one key are delivered in the order in which they are added.
    ///
    /// # Examples
    ///
    /// See [`Batch`].
    pub fn push(&mut self, topic: &Topic, key: K, event: T) {
        let topic = topic.clone();
        self.changes.push(Change { topic, key, event });
    }

    /// Returns how many changes it has.
    ///
    /// # Examples
    ///
    /// See [`with_capacity`](Batch::with_capacity).
    #[must_use]
    pub const fn len(&self) -> usize {
        self.changes.len()
    }

    /// Returns whether it has no changes.
    ///
    /// # Examples
    ///
    /// See [`with_capacity`](Batch::with_capacity).
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(crate) fn into_changes(self) -> Vec<Change<K, T>> {
        self.changes
    }
}

impl<K, T> Default for Batch<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, T> Extend<(Topic, K, T)> for Batch<K, T> {
    fn extend<I: IntoIterator<Item = (Topic, K, T)>>(&mut self, changes: I) {
        let changes = changes.into_iter();
        self.changes
            .extend(changes.map(|(topic, key, event)| Change { topic, key, event }));
    }
}

impl<K, T> FromIterator<(Topic, K, T)> for Batch<K, T> {
    fn from_iter<I: IntoIterator<Item = (Topic, K, T)>>(changes: I) -> Self {
        let mut batch = Self::new();
        batch.extend(changes);
        batch
    }
}
