//! Calls that many checks make, each with the answer that it must get.

use forebay_core::{Checkpoint, CheckpointStore, Commit, Cursor, LogId, ResumeKey, Sequence};

use crate::checkpoint_store::found::{Checked, expect, succeed};

pub(super) const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);
pub(super) const OTHER_KEY: ResumeKey = ResumeKey::from_bytes([8; 32]);

/// Returns a position in the log that most checks are about.
pub(super) fn at(sequence: u64) -> Checkpoint {
    in_log(1, sequence)
}

pub(super) fn in_log(log: u64, sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(log), Sequence::new(sequence)))
}

pub(super) fn advanced(previous: Option<u64>) -> Commit {
    Commit::Advanced {
        previous: previous.map(Sequence::new),
    }
}

pub(super) async fn holds<S: CheckpointStore>(
    store: &S,
    key: &ResumeKey,
    expected: Option<Checkpoint>,
) -> Checked {
    let loaded = succeed("load", store.load(key).await)?;
    expect("load", loaded, expected)
}

pub(super) async fn commits<S: CheckpointStore>(
    store: &S,
    checkpoint: Checkpoint,
    expected: Commit,
) -> Checked {
    let commit = succeed("commit", store.commit(&KEY, checkpoint).await)?;
    expect("commit", commit, expected)
}
