//! What the tool prints as JSON. The README has it; a field is added, but none is taken away.

use forebay_checkpoint::Row;
use forebay_core::{Checkpoint, ResumeKey};
use serde::{Serialize, Serializer};

/// What is stored under a key. The whole position is a text, because not every reader of JSON keeps
/// all digits of a number.
#[derive(Debug, Serialize)]
pub(crate) struct CheckpointShape {
    position: String,
    log: String,
    sequence: u64,
    event_id: Option<String>,
}

/// A key with its label, and with nulls for what it does not have.
#[derive(Debug, Serialize)]
pub(crate) struct RowShape {
    key: String,
    label: Option<String>,
    position: Option<String>,
    log: Option<String>,
    sequence: Option<u64>,
    event_id: Option<String>,
}

impl CheckpointShape {
    pub(crate) fn of(checkpoint: &Checkpoint) -> Self {
        Self {
            position: checkpoint.cursor().to_string(),
            log: checkpoint.log().to_string(),
            sequence: checkpoint.sequence().get(),
            event_id: checkpoint.event_id().map(str::to_owned),
        }
    }
}

impl RowShape {
    pub(crate) fn of(row: &Row) -> Self {
        let stored = row.checkpoint.as_ref();
        Self {
            key: row.key.to_string(),
            label: row.label.as_deref().map(str::to_owned),
            position: stored.map(|stored| stored.cursor().to_string()),
            log: stored.map(|stored| stored.log().to_string()),
            sequence: stored.map(|stored| stored.sequence().get()),
            event_id: stored.and_then(|stored| stored.event_id().map(str::to_owned)),
        }
    }
}

/// Writes keys as their digits.
pub(crate) fn digits<S: Serializer>(keys: &[ResumeKey], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(keys.iter().map(ResumeKey::to_string))
}
