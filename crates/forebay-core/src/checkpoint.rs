use std::sync::Arc;

use crate::cursor::Cursor;
use crate::log_id::LogId;
use crate::sequence::Sequence;

/// What a consumer keeps to go on later: a position in one log, and the event that led there.
///
/// # Examples
///
/// ```
/// use forebay_core::{Checkpoint, Cursor, LogId, Sequence};
///
/// let cursor = Cursor::new(LogId::new(7), Sequence::new(42));
/// let checkpoint = Checkpoint::new(cursor).with_event_id("order-1312");
/// assert_eq!((checkpoint.log(), checkpoint.sequence()), (LogId::new(7), Sequence::new(42)));
/// assert_eq!(checkpoint.event_id(), Some("order-1312"));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Checkpoint {
    cursor: Cursor,
    /// Shared, because a store that publishes what it has committed hands it to many.
    #[cfg_attr(feature = "serde", serde(default))]
    event_id: Option<Arc<str>>,
}

impl Checkpoint {
    /// Creates the checkpoint of a consumer that has dealt with everything up to this position.
    ///
    /// # Examples
    ///
    /// See [`Checkpoint`].
    #[must_use]
    pub const fn new(cursor: Cursor) -> Self {
        Self {
            cursor,
            event_id: None,
        }
    }

    /// Adds what the source calls the event at this position, for people and for sources that
    /// resume by it.
    ///
    /// Stores keep it and do not compare by it: of two checkpoints with one position, the one that
    /// was committed first stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::{Checkpoint, Cursor, LogId, Sequence};
    ///
    /// let plain = Checkpoint::new(Cursor::new(LogId::new(7), Sequence::new(42)));
    /// assert_eq!(plain.event_id(), None);
    /// assert_eq!(plain.with_event_id("order-1312").event_id(), Some("order-1312"));
    /// ```
    #[must_use]
    pub fn with_event_id(mut self, event_id: impl Into<Arc<str>>) -> Self {
        self.event_id = Some(event_id.into());
        self
    }

    /// Returns the position.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::{Checkpoint, Cursor, LogId, Sequence};
    ///
    /// // Where a reader of the log goes on.
    /// let cursor = Cursor::new(LogId::new(7), Sequence::new(42));
    /// assert_eq!(Checkpoint::new(cursor).cursor(), cursor);
    /// ```
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Returns the log that this is a position in.
    ///
    /// # Examples
    ///
    /// See [`Checkpoint`].
    #[must_use]
    pub const fn log(&self) -> LogId {
        self.cursor.log()
    }

    /// Returns the last sequence that was dealt with.
    ///
    /// # Examples
    ///
    /// See [`Checkpoint`].
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        self.cursor.sequence()
    }

    /// Returns what the source calls the event at this position, where that was given.
    ///
    /// # Examples
    ///
    /// See [`Checkpoint`].
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        self.event_id.as_deref()
    }

    /// Returns the name of the event as it is shared, so that keeping it copies a pointer.
    #[must_use]
    pub const fn shared_event_id(&self) -> Option<&Arc<str>> {
        self.event_id.as_ref()
    }
}

impl From<Cursor> for Checkpoint {
    fn from(cursor: Cursor) -> Self {
        Self::new(cursor)
    }
}

/// What a commit that did not fail has done.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a commit moves the position forward or leaves it; who handles both handles all"
)]
pub enum Commit {
    /// The checkpoint is now the stored one.
    Advanced {
        /// The sequence that was stored before; `None` where nothing was.
        previous: Option<Sequence>,
    },

    /// What was stored is as far or further, and was left as it is, without a write. Somebody else
    /// with this key has done the same work, or this commit was sent twice.
    Unchanged {
        /// What is stored.
        current: Checkpoint,
    },
}

impl Commit {
    /// Returns whether the checkpoint is now the stored one.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::Commit;
    ///
    /// assert!(Commit::Advanced { previous: None }.is_advanced());
    /// ```
    #[must_use]
    pub const fn is_advanced(&self) -> bool {
        matches!(self, Self::Advanced { .. })
    }
}
