//! Reading a file that others write, without a lock, and without changing anything.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use forebay_core::{Checkpoint, ResumeKey};

use crate::error::CheckpointError;
use crate::file::disk::Disk;
use crate::file::format::block::BLOCK_HEAD_BYTES;
use crate::file::format::field::array_at;
use crate::file::format::replay::{End, Place, apply};
use crate::file::handle::resolve;
use crate::file::io::{Identity, read_rest, retried};
use crate::file::scan::{Chain, Content, Scan, identity, io_error};
use crate::file::table::Table;
use crate::row::Row;

/// What is in the file of a [`FileStore`](crate::FileStore), for somebody who only looks.
///
/// It takes no lock, so it delays nobody who writes, and may look while somebody keeps the lock. It
/// needs the right to read alone, and changes nothing: it neither creates nor syncs. What it shows
/// may therefore be what is written and not yet durable, which a loss of power takes back. Whoever
/// acts on a position opens a store.
///
/// # Examples
///
/// ```
/// use forebay_checkpoint::{FileReader, FileStore};
/// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("offsets");
/// let store = FileStore::open(&path)?;
/// let key = ResumeKey::from_bytes([7; 32]);
/// let at = |number| Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(number)));
/// store.commit_blocking(&key, at(42))?;
///
/// let mut reader = FileReader::open(&path)?;
/// assert_eq!(reader.load(&key), Some(at(42)));
///
/// store.commit_blocking(&key, at(43))?;
/// assert!(reader.refresh()?);
/// assert_eq!(reader.load(&key), Some(at(43)));
/// assert!(!reader.refresh()?);
/// # Ok::<(), forebay_checkpoint::CheckpointError>(())
/// ```
pub struct FileReader {
    path: Arc<Path>,
    view: View,
}

/// One file, as far as it was read.
struct View {
    file: File,
    /// As long as the file is open here, no other one gets it.
    identity: Identity,
    table: Table,
    /// Nothing is in an empty file.
    read: Option<Read>,
}

struct Read {
    place: Place,
    /// The first bytes of the last block, or of the header: where they are no longer there, a
    /// writer has taken back what it could not make durable.
    last: [u8; BLOCK_HEAD_BYTES],
}

impl FileReader {
    /// Opens the file at `path` and reads it.
    ///
    /// An empty file has no keys. One that is not there is an error: nothing tells a store that is
    /// not yet written to from a path that is spelt wrong.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`] where the file is not there or cannot be read;
    /// [`NotAFile`](CheckpointError::NotAFile), [`NotAStore`](CheckpointError::NotAStore),
    /// [`JsonV1`](CheckpointError::JsonV1), [`Corrupt`](CheckpointError::Corrupt),
    /// [`UnsupportedVersion`](CheckpointError::UnsupportedVersion) and
    /// [`KeyFormat`](CheckpointError::KeyFormat) for one that is no store, or none that can be used.
    ///
    /// # Examples
    ///
    /// See [`FileReader`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let path: Arc<Path> = Arc::from(resolve(path.as_ref())?);
        let view = View::read(&path)?;
        Ok(Self { path, view })
    }

    /// Returns where the file is, without any link on the way: the file that writers lock, whatever
    /// name led there.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::{FileReader, FileStore};
    ///
    /// # #[cfg(unix)] {
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let folder = folder.path().canonicalize().unwrap();
    /// # use forebay_core::{Cursor, LogId, ResumeKey, Sequence};
    /// # let (key, at) = (ResumeKey::from_bytes([7; 32]), Cursor::new(LogId::new(1), Sequence::MAX));
    /// let path = folder.join("offsets");
    /// FileStore::open(&path)?.commit_blocking(&key, at.into())?;
    /// std::os::unix::fs::symlink(&path, folder.join("current")).unwrap();
    /// assert_eq!(FileReader::open(folder.join("current"))?.path(), path);
    /// # }
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what was written since the last time, by whomever, and returns whether there was
    /// anything. Where there was not, that takes a look at the path and two at the file.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open). What was read before stays.
    ///
    /// # Examples
    ///
    /// See [`FileReader`].
    pub fn refresh(&mut self) -> Result<bool, CheckpointError> {
        let failed = |error| io_error(&self.path, error);
        let found = std::fs::metadata(&self.path).map_err(failed)?;
        if identity(&found) != self.view.identity {
            self.view = View::read(&self.path)?;
            return Ok(true);
        }
        match self.view.read_on().map_err(failed)? {
            News::Nothing => Ok(false),
            News::More => Ok(true),
            News::Other => {
                self.view = View::read(&self.path)?;
                Ok(true)
            }
        }
    }

    /// Returns what is stored under `key` as far as this has read.
    ///
    /// # Examples
    ///
    /// See [`FileReader`].
    #[must_use]
    pub fn load(&self, key: &ResumeKey) -> Option<Checkpoint> {
        self.view.table.value(key).cloned()
    }

    /// Returns all keys that have a position or a label, in their order, as far as this has read.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::{FileReader, FileStore};
    /// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// let store = FileStore::open(&path)?;
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// let at = |number| Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(number)));
    /// store.commit_blocking(&key, at(42))?;
    ///
    /// for row in FileReader::open(&path)?.rows() {
    ///     let label = row.label.as_deref().unwrap_or("nameless");
    ///     println!("{} ({label}): {:?}", row.key, row.checkpoint);
    /// }
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// ```
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        self.view.table.rows()
    }
}

impl fmt::Debug for FileReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileReader")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What a look at an open file shows.
enum News {
    Nothing,
    More,
    /// It does not go on from where it was read to.
    Other,
}

impl View {
    fn read(path: &Arc<Path>) -> Result<Self, CheckpointError> {
        let scan = Scan::settled(path)?;
        if let Some((_, fault)) = scan.fault() {
            return Err(fault.error(path));
        }
        let Scan {
            file,
            identity,
            bytes,
            content,
        } = scan;
        let (table, read) = match content {
            Ok(Content::Chain(Chain { table, place, .. })) => {
                let last = array_at(&bytes, place.last as usize).unwrap_or_default();
                (table, Some(Read { place, last }))
            }
            _ => (Table::default(), None),
        };
        Ok(Self {
            file,
            identity,
            table,
            read,
        })
    }

    /// Reads behind the tail, if something is there and what is before it still stands.
    fn read_on(&mut self) -> io::Result<News> {
        let Some(Read { place, last }) = &mut self.read else {
            let is_empty = self.file.metadata()?.len() == 0;
            return Ok(if is_empty { News::Nothing } else { News::Other });
        };
        let mut found = [0; BLOCK_HEAD_BYTES];
        let count = retried(|| self.file.read_at(&mut found, place.last))?;
        if count < found.len() || found != *last {
            return Ok(News::Other);
        }
        let first = place.tail;
        let mut head = [0; 8];
        let count = retried(|| self.file.read_at(&mut head, first))?;
        if head[..count].iter().all(|byte| *byte == 0) {
            return Ok(News::Nothing);
        }
        let len = self.file.metadata()?.len();
        let mut bytes = Vec::new();
        read_rest(&Disk, &self.file, first, len, &mut bytes)?;
        let table = &mut self.table;
        let apply = &mut |key, record| apply(table, key, record);
        if let End::Damaged { .. } | End::Nonsense = place.read(&bytes, apply) {
            return Ok(News::Other);
        }
        if place.tail == first {
            return Ok(News::Nothing);
        }
        *last = array_at(&bytes, (place.last - first) as usize).unwrap_or_default();
        Ok(News::More)
    }
}
