use std::sync::Arc;

use forebay_core::{Checkpoint, ResumeKey};

/// What a store has under one key.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The key.
    pub key: ResumeKey,
    /// What is stored under it; `None` where it has a label alone.
    pub checkpoint: Option<Checkpoint>,
    /// What people call it.
    pub label: Option<Arc<str>>,
}

impl Entry {
    /// Creates the entry of a key without a label.
    #[must_use]
    pub const fn new(key: ResumeKey, checkpoint: Option<Checkpoint>) -> Self {
        Self {
            key,
            checkpoint,
            label: None,
        }
    }

    /// Adds what people call the key.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.label = Some(label.into());
        self
    }
}
