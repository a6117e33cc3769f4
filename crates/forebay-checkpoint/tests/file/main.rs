//! The store in a file.
//!
//! * It does what every checkpoint store must, claims and reopening included: [`conforming`].
//! * Whatever stands at the path is used, or refused for what it is, and nothing of it is lost:
//!   [`paths`].
//! * What an older client left is taken over where that is asked for: [`importing`].
//! * The format is what its description says: [`described`], by the second [`reader`].
//! * Calls that are dropped, time out or find no room leave memory and file the same: [`calling`].
//! * Handles to one file share it, each with its own settings, until the last is gone: [`handles`].
//! * Durabilities, flushing, closing, watching and counting: [`living`].
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
#[path = "../harness/subject.rs"]
mod subject;

mod calling;
mod conforming;
mod described;
mod handles;
mod importing;
mod living;
mod paths;
mod reader;

use std::path::PathBuf;

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
use tempfile::TempDir;

const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);
const OTHER_KEY: ResumeKey = ResumeKey::from_bytes([8; 32]);

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}

/// A folder of its own, and a path in it at which nothing is.
fn nowhere() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("offsets");
    (folder, path)
}

/// The names in a folder, in their order.
fn names(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
