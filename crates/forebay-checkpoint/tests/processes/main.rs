//! Several processes, and one file.
//!
//! * They see, fence and outlive one another, and what one takes back no other brings back:
//!   [`sharing`].
//! * Whoever waits for another one's lock costs one thread, and may give up: [`waiting`].
//! * Killed at counted points, they lose nothing that they were told, and leave nothing behind:
//!   [`killing`].
//! * A commit makes the system calls that it has to, and failures of these are survived: [`calls`].
//! * A full disk, a bind mount, and places where nothing may be written: [`places`].
//! * A power cut leaves, on a real file system, what was acknowledged: [`images`].
//!
//! What a machine does not allow is said on standard error, and by `.ci/run` in its summary.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod child;
mod images;
mod killing;
mod notice;
mod other;
#[path = "../harness/path.rs"]
mod path;
mod places;
mod progress;
mod sharing;
mod waiting;

use std::path::Path;

use forebay_checkpoint::FileStore;
use forebay_core::{Checkpoint, ResumeKey};

use crate::path::{KEY, OTHER_KEY, at, names, nowhere};

/// A store that has its file, and nothing to do in it any more.
fn begin(path: &Path, key: &ResumeKey, checkpoint: Checkpoint) {
    let store = FileStore::open(path).unwrap();
    store.commit_blocking(key, checkpoint).unwrap();
    store.close_blocking().unwrap();
}
