use std::sync::Arc;

use forebay_core::{Checkpoint, ResumeKey};

/// What a store has under one key.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// The key.
    pub key: ResumeKey,
    /// What is stored under it; `None` where it has a label alone.
    pub checkpoint: Option<Checkpoint>,
    /// What people call it.
    pub label: Option<Arc<str>>,
}

impl Row {
    /// Creates the row of a key without a label.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::{Row, export_json_v1};
    /// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// let reached = Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(42)));
    /// let row = Row::new(ResumeKey::from_bytes([7; 32]), Some(reached));
    /// assert!(export_json_v1(&[row]).contains("42"));
    /// ```
    #[must_use]
    pub const fn new(key: ResumeKey, checkpoint: Option<Checkpoint>) -> Self {
        Self {
            key,
            checkpoint,
            label: None,
        }
    }

    /// Adds what people call the key.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::Row;
    /// use forebay_core::ResumeKey;
    ///
    /// let row = Row::new(ResumeKey::from_bytes([7; 32]), None).with_label("orders");
    /// assert_eq!(row.label.as_deref(), Some("orders"));
    /// ```
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.label = Some(label.into());
        self
    }
}
