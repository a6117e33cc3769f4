//! What a store shows of itself.

use std::path::Path;
use std::sync::Arc;

use crate::error::CheckpointError;
use crate::file::engine::read;
use crate::file::format::replay::End;
use crate::file::format::salvage::salvage;
use crate::file::handle::resolve;
use crate::file::scan::{Chain, Content, Fault, Scan};
use crate::file::stats::{FileReport, FileStats, Salvage};
use crate::file::store::FileStore;
use crate::row::Row;

impl FileStore {
    /// Returns where the file is, without any link on the way.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// let file = folder.path().canonicalize().unwrap().join("offsets");
    /// let link = folder.path().join("link");
    /// std::os::unix::fs::symlink(&file, &link).unwrap();
    /// assert_eq!(FileStore::open(link)?.path(), file);
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// ```
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
    /// let rows = store.rows();
    /// assert_eq!(rows[0].label.as_deref(), Some("orders"));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        read(&self.shared().published).rows()
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
        // A guard in the literal below would be held while other locks are taken.
        let keys = read(&self.shared().published).keys();
        FileStats {
            keys,
            watches: self.shared().watchers.count(),
            queued: self.shared().queue.len(),
            commits: counters.commits,
            unchanged: counters.unchanged,
            refused: counters.refused,
            blocks: counters.blocks,
            written_bytes: counters.bytes,
            syncs: counters.syncs,
            foreign_blocks: counters.foreign_blocks,
            torn_tails: counters.torn_tails,
            torn_bytes: counters.torn_bytes,
            replacements: counters.replacements,
            failures: counters.failures,
            healed: counters.healed,
            lock_waits: counters.lock_waits,
            lock_timeouts: self.shared().lock_timeouts(),
            salvages: counters.salvages,
            lost_records: counters.lost_records,
        }
    }

    /// Returns what came of the last damage that this process found in the file and
    /// [salvaged](crate::OnCorrupt::Salvage), if it found any.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::{FileStore, OnCorrupt};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// let store = FileStore::options().on_corrupt(OnCorrupt::Salvage).open(path)?;
    /// if let Some(salvage) = store.salvaged() {
    ///     for key in &salvage.behind {
    ///         eprintln!("{key} may be behind; the damaged file is {:?}", salvage.kept);
    ///     }
    /// }
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// ```
    #[must_use]
    pub fn salvaged(&self) -> Option<Arc<Salvage>> {
        self.shared().salvaged()
    }

    /// Reads the file at `path` without a lock and without changing it, and reports what is in it.
    ///
    /// Where somebody is writing, the last block may be reported as a torn tail. An empty file is a
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
        let path: Arc<Path> = Arc::from(resolve(path.as_ref())?);
        let Scan { bytes, content, .. } = Scan::settled(&path)?;
        let len = bytes.len() as u64;
        let chain = match content {
            Ok(Content::Chain(chain)) => chain,
            Ok(Content::Empty) => return Ok(FileReport::default()),
            // What tells the rest apart is damaged; salvage reads on from what follows.
            Err(Fault::Damaged { offset }) => {
                let found = salvage(&bytes);
                return Ok(FileReport {
                    keys: found.table.keys(),
                    len,
                    damage: Some(offset),
                    salvage: Some(found.report(None)),
                    ..FileReport::default()
                });
            }
            Err(fault) => return Err(fault.error(&path)),
        };
        let Chain {
            header,
            table,
            place,
            end,
        } = chain;
        let damaged = matches!(end, End::Damaged { .. } | End::Nonsense);
        let salvage = damaged.then(|| salvage(&bytes));
        let rest = bytes.get(place.tail as usize..).unwrap_or_default();
        let torn_bytes = rest
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |at| at as u64 + 1);
        Ok(FileReport {
            generation: header.generation,
            keys: salvage.as_ref().map_or(&table, |found| &found.table).keys(),
            blocks: place.blocks,
            records: place.records,
            bytes: place.tail,
            len,
            torn_bytes: if damaged { 0 } else { torn_bytes },
            damage: damaged.then_some(place.tail),
            salvage: salvage.map(|found| found.report(None)),
        })
    }
}
