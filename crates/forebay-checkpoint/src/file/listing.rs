//! What a store shows of itself.

use std::io;
use std::path::Path;
use std::sync::Arc;

use forebay_core::Outcome;

use crate::entry::Entry;
use crate::error::CheckpointError;
use crate::file::engine::{JSON_FIRST, read};
use crate::file::handle::resolve;
use crate::file::header::{Header, Unreadable};
use crate::file::replay::{End, load};
use crate::file::salvage::salvage;
use crate::file::stats::{FileReport, FileStats};
use crate::file::store::FileStore;

impl FileStore {
    /// Returns where the file is, without any link on the way.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared().path
    }

    /// Returns all keys that have a position or a label, in their order, as far as this process has
    /// seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    /// use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// # futures::executor::block_on(async {
    /// let store = FileStore::open(&path)?;
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// let at = |number| Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(number)));
    /// store.commit(&key, at(42)).await?;
    /// store.label(&key, Some("orders")).await?;
    /// let entries = store.entries();
    /// assert_eq!(entries[0].label.as_deref(), Some("orders"));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let table = read(&self.shared().published);
        let listed = table.iter().map(|(key, known)| {
            let mut entry = Entry::new(*key, known.state.value.clone());
            entry.label.clone_from(&known.label);
            entry
        });
        let mut entries: Vec<_> = listed
            .filter(|entry| entry.checkpoint.is_some() || entry.label.is_some())
            .collect();
        drop(table);
        entries.sort_unstable_by_key(|entry| entry.key);
        entries
    }

    /// Returns what the store has, and what was done with its file.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    /// use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// # futures::executor::block_on(async {
    /// let store = FileStore::open(&path)?;
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// let at = |number| Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(number)));
    /// store.commit(&key, at(42)).await?;
    /// assert_eq!(store.stats().keys, 1);
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn stats(&self) -> FileStats {
        let counters = self.shared().counters();
        FileStats {
            keys: read(&self.shared().published).keys(),
            watches: self.shared().watchers.count(),
            queued: self.shared().queue.len(),
            frames: counters.frames,
            syncs: counters.syncs,
            foreign_frames: counters.foreign_frames,
            torn_tails: counters.torn_tails,
            replacements: counters.replacements,
            failures: counters.failures,
            salvages: counters.salvages,
            lost_records: counters.lost_records,
        }
    }

    /// Reads the file at `path` without a lock and without changing it, and reports what is in it.
    ///
    /// Where somebody is writing, the last frame may be reported as a torn tail. An empty file is a
    /// store without keys.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`] where it cannot be read, [`NotAStore`](CheckpointError::NotAStore),
    /// [`JsonV1`](CheckpointError::JsonV1),
    /// [`UnsupportedVersion`](CheckpointError::UnsupportedVersion) and
    /// [`KeyFormat`](CheckpointError::KeyFormat). Damage is no error, but in the report.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    /// use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// # futures::executor::block_on(async {
    /// let store = FileStore::open(&path)?;
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// let at = |number| Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(number)));
    /// store.commit(&key, at(42)).await?;
    /// let report = FileStore::verify(&path)?;
    /// assert_eq!((report.keys, report.damage), (1, None));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub fn verify(path: impl AsRef<Path>) -> Result<FileReport, CheckpointError> {
        let resolved = resolve(path.as_ref())?;
        let path: Arc<Path> = Arc::from(resolved);
        let bytes = std::fs::read(&path).map_err(|error| unread(&path, error))?;
        if bytes.is_empty() {
            return Ok(FileReport::default());
        }
        if bytes.first() == Some(&JSON_FIRST) {
            return Err(CheckpointError::JsonV1 { path });
        }
        let (header, seed) = Header::decode(&bytes).map_err(|why| match why {
            Unreadable::NotAStore => CheckpointError::NotAStore {
                path: Arc::clone(&path),
            },
            Unreadable::Format(found) => CheckpointError::UnsupportedVersion {
                path: Arc::clone(&path),
                found,
            },
            Unreadable::KeyFormat(found) => CheckpointError::KeyFormat {
                path: Arc::clone(&path),
                found,
            },
        })?;
        let (table, place, end) = load(&header, seed, &bytes);
        let damaged = matches!(end, End::Damaged { .. } | End::Nonsense);
        let salvaged = damaged.then(|| salvage(&bytes));
        Ok(FileReport {
            generation: header.generation,
            keys: salvaged
                .as_ref()
                .map_or(&table, |found| &found.table)
                .keys(),
            frames: place.frames,
            bytes: place.tail,
            torn: end == End::Torn,
            damage: damaged.then_some(place.tail),
            lost_records: salvaged.map_or(0, |found| found.lost_records),
        })
    }
}

fn unread(path: &Arc<Path>, error: io::Error) -> CheckpointError {
    CheckpointError::Io {
        doing: "read",
        path: Arc::clone(path),
        source: Arc::new(error),
        outcome: Outcome::NotCommitted,
    }
}
