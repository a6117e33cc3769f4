//! Where a test's store is, and what it has there.

use std::path::{Path, PathBuf};

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
use tempfile::TempDir;

pub(crate) const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);
pub(crate) const OTHER_KEY: ResumeKey = ResumeKey::from_bytes([8; 32]);

pub(crate) fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}

/// A folder of its own, and a path in it at which nothing is.
pub(crate) fn nowhere() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    // As the system calls it, whatever links lead there.
    let path = folder.path().canonicalize().unwrap().join("offsets");
    (folder, path)
}

/// The names in a folder, in their order.
pub(crate) fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
