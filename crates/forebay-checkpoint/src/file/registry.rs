//! The files that are open in this process, so that handles to one file share its thread.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::error::CheckpointError;
use crate::file::disk::Disk;
use crate::file::io::{Io, retried};
use crate::file::options::Options;
use crate::file::shared::Shared;

static FILES: Mutex<Vec<Weak<Shared<Disk>>>> = Mutex::new(Vec::new());

/// Returns what handles to the file at `path`, which has no links in it, share.
///
/// A file is known by its path, where it is not there yet, and by what it is, where it has several
/// names.
pub(crate) fn shared(path: &Path, options: &Options) -> Result<Arc<Shared<Disk>>, CheckpointError> {
    // As long as it is open here, no other file gets its identity.
    let file = open(path);
    let identity = file
        .as_ref()
        .and_then(|file| retried(|| Disk.stat(file)).ok())
        .map(|stat| stat.identity);
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|file| file.strong_count() > 0);
    let is_it = |file: &Arc<Shared<Disk>>| {
        let is_named = *file.path == *path;
        let is_same = identity.is_some() && file.identity() == identity;
        file.process == std::process::id() && (is_named || is_same) && file.queue.join()
    };
    if let Some(found) = files.iter().filter_map(Weak::upgrade).find(is_it) {
        return Ok(found);
    }
    let shared = Shared::start(Arc::new(Disk), Arc::from(path), options)?;
    files.push(Arc::downgrade(&shared));
    Ok(shared)
}

/// Opens what is at `path` if that is a file, and one that this process may write.
fn open(path: &Path) -> Option<File> {
    let stat = retried(|| Disk.stat_path(path)).ok()?;
    // Opening a pipe would wait for somebody to write into it.
    if !stat.is_file {
        return None;
    }
    retried(|| Disk.open(path)).ok()
}
