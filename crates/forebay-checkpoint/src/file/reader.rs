//! Reading a file that others write, without a lock, and without changing anything.

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use forebay_core::{Checkpoint, Outcome, ResumeKey};

use crate::entry::Entry;
use crate::error::CheckpointError;
use crate::file::disk::Disk;
use crate::file::engine::JSON_FIRST;
use crate::file::field::array_at;
use crate::file::frame::FRAME_HEAD_BYTES;
use crate::file::handle::resolve;
use crate::file::header::{Header, Unreadable};
use crate::file::io::{read_rest, retried};
use crate::file::replay::{End, Place, apply, load};
use crate::file::table::Table;

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
    /// The first bytes of the last frame, or of the header: where they are no longer there, a
    /// writer has taken back what it could not make durable.
    last: [u8; FRAME_HEAD_BYTES],
}

/// Device and inode.
type Identity = (u64, u64);

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

    /// Returns where the file is, without any link on the way.
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
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.view.table.entries()
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
        let reading = Reading::settled(path)?;
        if let Some(fault) = reading.fault() {
            return Err(fault.error(path));
        }
        let Reading {
            file,
            identity,
            bytes,
            content,
        } = reading;
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
        let mut found = [0; FRAME_HEAD_BYTES];
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

/// A whole file, as it was read once without a lock.
pub(super) struct Reading {
    file: File,
    identity: Identity,
    pub(super) bytes: Vec<u8>,
    pub(super) content: Result<Content, Fault>,
}

#[allow(clippy::large_enum_variant, reason = "a reader has one of it")]
pub(super) enum Content {
    /// A store without keys.
    Empty,
    Chain(Chain),
}

pub(super) struct Chain {
    pub(super) header: Header,
    pub(super) table: Table,
    pub(super) place: Place,
    pub(super) end: End,
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    Damaged { offset: u64 },
    Json,
    Unreadable(Unreadable),
}

impl Reading {
    /// Reads a file until what is wrong about it is what was wrong the time before.
    ///
    /// Reading is not one step. Where somebody writes meanwhile, the place of a frame may be read
    /// before that is written, and a later frame behind it: the same as damage, but that it is
    /// gone the next time, since what is read then was written before.
    pub(super) fn settled(path: &Arc<Path>) -> Result<Self, CheckpointError> {
        let mut before = None;
        loop {
            let read = Self::once(path).map_err(|error| io_error(path, error))?;
            let Some(reading) = read else {
                let path = Arc::clone(path);
                return Err(CheckpointError::NotAFile { path });
            };
            let Some(fault) = reading.fault() else {
                return Ok(reading);
            };
            if before == Some((reading.identity, fault)) {
                return Ok(reading);
            }
            before = Some((reading.identity, fault));
        }
    }

    /// Returns nothing if it is no file.
    fn once(path: &Path) -> io::Result<Option<Self>> {
        // Opening a pipe would wait for somebody to write into it.
        if !retried(|| std::fs::metadata(path))?.is_file() {
            return Ok(None);
        }
        let file = retried(|| File::open(path))?;
        let metadata = file.metadata()?;
        let mut bytes = Vec::new();
        read_rest(&Disk, &file, 0, metadata.len(), &mut bytes)?;
        Ok(Some(Self {
            identity: identity(&metadata),
            content: Content::of(&bytes),
            file,
            bytes,
        }))
    }

    fn fault(&self) -> Option<Fault> {
        match &self.content {
            Err(fault) => Some(*fault),
            Ok(Content::Chain(Chain {
                place,
                end: End::Damaged { .. } | End::Nonsense,
                ..
            })) => {
                let offset = place.tail;
                Some(Fault::Damaged { offset })
            }
            Ok(_) => None,
        }
    }
}

impl Content {
    fn of(bytes: &[u8]) -> Result<Self, Fault> {
        match bytes.first() {
            None => return Ok(Self::Empty),
            Some(&JSON_FIRST) => return Err(Fault::Json),
            Some(_) => {}
        }
        let (header, seed) = Header::decode(bytes).map_err(|why| match why {
            Unreadable::Damaged { .. } => Fault::Damaged { offset: 0 },
            why => Fault::Unreadable(why),
        })?;
        let (table, place, end) = load(&header, seed, bytes);
        Ok(Self::Chain(Chain {
            header,
            table,
            place,
            end,
        }))
    }
}

impl Fault {
    pub(super) fn error(self, path: &Arc<Path>) -> CheckpointError {
        let path = Arc::clone(path);
        match self {
            Self::Damaged { offset } => CheckpointError::Corrupt { path, offset },
            Self::Unreadable(Unreadable::Damaged { .. }) => {
                CheckpointError::Corrupt { path, offset: 0 }
            }
            Self::Json => CheckpointError::JsonV1 { path },
            Self::Unreadable(Unreadable::NotAStore) => CheckpointError::NotAStore { path },
            Self::Unreadable(Unreadable::Format(found)) => {
                CheckpointError::UnsupportedVersion { path, found }
            }
            Self::Unreadable(Unreadable::KeyFormat(found)) => {
                CheckpointError::KeyFormat { path, found }
            }
        }
    }
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

fn io_error(path: &Arc<Path>, source: io::Error) -> CheckpointError {
    CheckpointError::Io {
        doing: "read",
        path: Arc::clone(path),
        source: Arc::new(source),
        outcome: Outcome::NotCommitted,
    }
}
