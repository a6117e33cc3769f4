//! Stores of positions for the benches: one in memory polled by hand, and one in a file.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use forebay_checkpoint::{CheckpointError, Durability, FileReader, FileStore, MemoryStore};
use forebay_core::{Checkpoint, CheckpointStore, Commit, Cursor, LogId, ResumeKey, Sequence};
use tempfile::TempDir;

use crate::checkpoints::store::{Fault, key};

/// Returns a position in the log of the benches.
#[must_use]
pub fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}

/// A store in memory with so many keys, all at their first position.
#[derive(Debug)]
pub struct InMemory {
    store: MemoryStore,
    keys: u64,
    sequence: u64,
}

impl InMemory {
    /// Fills a store.
    #[must_use]
    pub fn new(keys: u64) -> Self {
        let mut filled = Self {
            store: MemoryStore::new(),
            keys,
            sequence: 0,
        };
        for _ in 0..keys {
            filled.commit();
        }
        filled
    }

    /// Commits the next position, of the next key.
    pub fn commit(&mut self) -> bool {
        self.sequence += 1;
        self.poll(self.sequence)
    }

    /// Commits what is there already.
    #[must_use]
    pub fn repeat(&self) -> bool {
        self.poll(self.sequence)
    }

    /// Loads the key with this number.
    #[must_use]
    pub fn load(&self, key: &ResumeKey) -> Option<Checkpoint> {
        self.store.load_now(key)
    }

    fn poll(&self, sequence: u64) -> bool {
        let key = key(sequence % self.keys);
        let commit = pin!(self.store.commit(&key, at(sequence)));
        match commit.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(committed) => committed.is_ok_and(|commit: Commit| commit.is_advanced()),
            // Nothing in memory is waited for.
            Poll::Pending => false,
        }
    }
}

/// A file with so many keys, in memory where the system has such a place, so that no disk is in what
/// is measured.
#[derive(Debug)]
pub struct InFile {
    // Removed with the value.
    _folder: TempDir,
    path: PathBuf,
}

impl InFile {
    /// Writes the file, each key in a step of its own where `singly`.
    ///
    /// # Errors
    ///
    /// Whatever the file system or the store fails with.
    pub fn new(keys: u64, singly: bool) -> Result<Self, Fault> {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory)?,
            false => tempfile::tempdir()?,
        };
        let path = folder.path().join("store");
        let store = FileStore::options()
            .durability(Durability::Os)
            .open(&path)?;
        let waker = Waker::noop();
        match singly {
            true => {
                for number in 0..keys {
                    store.commit_blocking(&key(number), at(1))?;
                }
            }
            false => {
                let all = (0..keys).map(|number| (key(number), at(1))).collect();
                // Polled once, it is carried out, whoever waits for it.
                let mut commits = pin!(store.commit_many(all));
                let _ = commits.as_mut().poll(&mut Context::from_waker(waker));
            }
        }
        store.close_blocking()?;
        Ok(Self {
            _folder: folder,
            path,
        })
    }

    /// Opens the store.
    ///
    /// # Errors
    ///
    /// Whatever that fails with.
    pub fn open(&self) -> Result<FileStore, CheckpointError> {
        FileStore::options()
            .durability(Durability::Os)
            .open(&self.path)
    }

    /// Reads the file, in the calling thread.
    ///
    /// # Errors
    ///
    /// Whatever that fails with.
    pub fn read(&self) -> Result<FileReader, CheckpointError> {
        FileReader::open(&self.path)
    }
}
