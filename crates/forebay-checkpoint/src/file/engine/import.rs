//! Taking over the JSON file of an older client.
//!
//! Such clients lock `<path>.lock` and put new files at the path. So its lock is taken before ours,
//! and only then it is sure that the file at the path stays. Nobody waits for the one lock while
//! holding the other the other way round: who finds out that it is needed gives back ours first.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::CheckpointError;
use crate::file::engine::Engine;
use crate::file::engine::enter::Entered;
use crate::file::engine::replace::{Failure, beside};
use crate::file::format::record::State;
use crate::file::io::{Io, read_rest, retried};
use crate::file::observe;
use crate::file::table::{Known, Table};
use crate::json_v1::import_json_v1;

/// No file of this format begins with it.
pub(crate) const JSON_FIRST: u8 = b'{';

/// The lock file of older clients.
pub(super) enum OlderLock<F> {
    /// It is not needed, as a rule.
    None,
    /// Whoever drives the engine waits for it.
    Awaited(Arc<F>),
    Held(Arc<F>),
}

impl<I: Io> Engine<I> {
    /// Whether the open file, which is locked, is that of an older client.
    pub(super) fn is_json(&self) -> Result<bool, CheckpointError> {
        let Some(open) = self.open.as_ref().filter(|open| open.chain.is_none()) else {
            return Ok(false);
        };
        if open.stat.len == 0 {
            return Ok(false);
        }
        let mut first = [0];
        let read = retried(|| self.io.read_at(&open.file, &mut first, 0));
        match read {
            Ok(count) => Ok(count > 0 && first[0] == JSON_FIRST),
            Err(error) => Err(self.io_error("read", error)),
        }
    }

    /// Gives back our lock, and gets that of older clients if it is free; then whoever calls tries
    /// to get in once more.
    pub(super) fn lock_older(&mut self) -> Result<Option<Entered<I::File>>, CheckpointError> {
        if self.settings.import.is_none() {
            let path = Arc::clone(&self.path);
            return Err(CheckpointError::JsonV1 { path });
        }
        let rights = self.open.as_ref().map(|open| open.stat);
        self.give_back();
        let path = beside(&self.path, ".lock");
        let file = loop {
            match retried(|| self.io.open(&path)) {
                Ok(file) => break file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(self.io_error("open the lock file of", error)),
            }
            let mode = rights.map_or(self.settings.mode, |stat| stat.mode);
            match retried(|| self.io.create(&path, mode)) {
                Ok(file) => {
                    // Older clients of other users have to open it as well.
                    if let Some(rights) = &rights {
                        let _ = retried(|| self.io.copy_rights(&file, rights));
                    }
                    break file;
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.io_error("create the lock file of", error)),
            }
        };
        let file = Arc::new(file);
        match retried(|| self.io.try_lock(&file)) {
            Ok(true) => {
                self.older = OlderLock::Awaited(file);
                self.confirm_older().map(|()| None)
            }
            Ok(false) => {
                self.older = OlderLock::Awaited(Arc::clone(&file));
                Ok(Some(Entered::Busy(file)))
            }
            Err(error) => Err(self.io_error("lock the lock file of", error)),
        }
    }

    /// Looks, with the lock on the lock file, whether that still has its name.
    pub(super) fn confirm_older(&mut self) -> Result<(), CheckpointError> {
        let OlderLock::Awaited(file) = std::mem::replace(&mut self.older, OlderLock::None) else {
            return Ok(());
        };
        let path = beside(&self.path, ".lock");
        let named = match retried(|| self.io.stat_path(&path)) {
            Ok(stat) => Some(stat.identity),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(self.io_error("look up the lock file of", error)),
        };
        let held = retried(|| self.io.stat(&file));
        let held = held.map_err(|error| self.io_error("look up the lock file of", error))?;
        if named == Some(held.identity) {
            self.older = OlderLock::Held(file);
        }
        Ok(())
    }

    pub(super) fn leave_older(&mut self) {
        if let OlderLock::Held(file) = std::mem::replace(&mut self.older, OlderLock::None) {
            // Nothing to be done if it fails, as with our own.
            let _ = retried(|| self.io.unlock(&file));
        }
    }

    pub(super) const fn has_older_lock(&self) -> bool {
        matches!(self.older, OlderLock::Held(_))
    }

    /// Puts a file of this format in the place of the JSON that `bytes` are, which is kept.
    pub(super) fn import(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        let Some(log) = self.settings.import else {
            let path = Arc::clone(&self.path);
            return Err(CheckpointError::JsonV1 { path });
        };
        let imported = import_json_v1(bytes, log).map_err(|source| CheckpointError::Import {
            path: Arc::clone(&self.path),
            source,
        })?;
        let kept = self
            .keep_json(bytes)
            .map_err(|error| self.io_error("keep a copy of", error))?;
        let keys = imported.len();
        let mut table = Table::default();
        table.reserve(imported.len());
        for (key, checkpoint) in imported {
            let state = State {
                value: Some(checkpoint),
                ..State::default()
            };
            let known = Known {
                state,
                ..Known::default()
            };
            table.put(key, known);
        }
        self.replace_with(table, 0)
            .map_err(|Failure { source, .. }| self.io_error("replace", source))?;
        observe::imported(&self.path, &kept, keys);
        Ok(())
    }

    /// Writes the JSON under another name, which it gets only when all of it is durable. A copy that
    /// is there already is replaced: whoever made it may not have had its name stored.
    fn keep_json(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let mut number = 1;
        let path = loop {
            let path = match number {
                1 => beside(&self.path, ".v1-backup"),
                _ => beside(&self.path, &format!(".v1-backup-{number}")),
            };
            match retried(|| self.io.stat_path(&path)) {
                Ok(stat) if stat.is_file && self.has_bytes(&path, bytes)? => break path,
                Ok(_) => number += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => break path,
                Err(error) => return Err(error),
            }
        };
        let Some(rights) = self.open.as_ref().map(|open| open.stat) else {
            return Ok(path);
        };
        let written = beside(&self.path, ".compact");
        let kept = self
            .write_new(&written, bytes, &rights)
            .and_then(|_| retried(|| self.io.rename(&written, &path)));
        if let Err(error) = kept {
            let _ = retried(|| self.io.remove(&written));
            return Err(error);
        }
        retried(|| self.io.sync_directory(&path))?;
        Ok(path)
    }

    fn has_bytes(&self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        // One that may not be read is another one.
        let file = match retried(|| self.io.open(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        read_rest(&*self.io, &file, 0, bytes.len() as u64 + 1, &mut found)?;
        Ok(found == bytes)
    }
}
