use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::{Checkpoint, Commit, ResumeKey};

use crate::error::CheckpointError;
use crate::file::decide::What;
use crate::file::engine::read;
use crate::file::handle::{Handle, commit};
use crate::file::options::{Durability, Options};
use crate::file::queue::{Refused, Task};
use crate::file::ticket::Ticket;
use crate::watch::Watch;

/// Positions in one file, for any number of processes.
///
/// To load, commit, remove and reset, use it as a
/// [`CheckpointStore`](forebay_core::CheckpointStore). Those calls are futures, for any executor;
/// calls whose name ends in `blocking` wait in the calling thread.
///
/// Unless another [`Durability`] was chosen, a commit that was acknowledged outlasts everything but the
/// medium. What is committed at the same time, by any number of callers, shares one write and one
/// sync, which a thread of this file makes. Handles to one file in one process share that thread, and
/// clones are such handles.
///
/// A load gives what this process has seen last, as [`load_now`](Self::load_now) does. That includes
/// all of its own commits, whatever handle they were made through; what other processes have done
/// since is in [`load_fresh`](Self::load_fresh).
///
/// Nothing has to be given back. What is queued when the last handle is dropped is carried out, and
/// nobody waits for that; whoever has to know that it was calls [`close`](Self::close).
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
/// let key = ResumeKey::from_bytes([7; 32]);
/// let checkpoint = Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(42)));
///
/// let store = FileStore::open(&path)?;
/// assert!(store.commit(&key, checkpoint.clone()).await?.is_advanced());
/// store.close().await?;
///
/// let store = FileStore::open(&path)?;
/// assert_eq!(store.load(&key).await?, Some(checkpoint));
/// # Ok::<(), forebay_checkpoint::CheckpointError>(())
/// # }).unwrap();
/// ```
pub struct FileStore {
    pub(super) handle: Handle,
    pub(super) durability: Durability,
    pub(super) lock_timeout: Option<Duration>,
}

impl FileStore {
    /// Opens the store in the file at `path`, and reads it. A file that is not there is created by
    /// the first change.
    ///
    /// It waits in the calling thread, for the disk and, if another process has it, for the lock of
    /// the file, up to [`lock_timeout`](Options::lock_timeout).
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`] where the directory is not there, or the file may not be read and
    /// written; [`NotAFile`](CheckpointError::NotAFile), [`NotAStore`](CheckpointError::NotAStore),
    /// [`Corrupt`](CheckpointError::Corrupt),
    /// [`UnsupportedVersion`](CheckpointError::UnsupportedVersion),
    /// [`KeyFormat`](CheckpointError::KeyFormat) and [`NotLocal`](CheckpointError::NotLocal) for a
    /// file that cannot be used; [`LockTimeout`](CheckpointError::LockTimeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::{CheckpointError, FileStore};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path();
    /// let store = FileStore::open(path.join("offsets"))?;
    /// assert!(store.rows().is_empty());
    ///
    /// let elsewhere = FileStore::open(path.join("nowhere").join("offsets"));
    /// assert!(matches!(elsewhere, Err(CheckpointError::Io { .. })));
    /// # Ok::<(), CheckpointError>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        Self::options().open(path)
    }

    /// Returns the settings to open a file with.
    ///
    /// # Examples
    ///
    /// See [`Options`].
    #[must_use]
    pub fn options() -> Options {
        Options::default()
    }

    /// Returns what is stored under `key` as far as this process has seen, without waiting for
    /// anything.
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
    /// assert_eq!(store.load_now(&key), Some(at(42)));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn load_now(&self, key: &ResumeKey) -> Option<Checkpoint> {
        read(&self.shared().published).value(key).cloned()
    }

    /// Returns what is stored under `key`, whoever stored it. Where nobody else has written, that
    /// takes one look at the file.
    ///
    /// # Errors
    ///
    /// Whatever [`open`](Self::open) fails with for the file as it is now;
    /// [`CheckpointError::Forked`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping the future.
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
    /// assert_eq!(store.load_fresh(&key).await?, Some(at(42)));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn load_fresh(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, CheckpointError> {
        self.expect_same_process()?;
        if self.shared().is_stale() {
            self.ask(Task::Refresh).await?;
        }
        Ok(self.load_now(key))
    }

    /// Does what [`load_fresh`](Self::load_fresh) does, in this thread.
    ///
    /// # Errors
    ///
    /// As [`load_fresh`](Self::load_fresh).
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    /// use forebay_core::ResumeKey;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// let store = FileStore::open(path)?;
    /// assert_eq!(store.load_fresh_blocking(&ResumeKey::from_bytes([7; 32]))?, None);
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// ```
    pub fn load_fresh_blocking(
        &self,
        key: &ResumeKey,
    ) -> Result<Option<Checkpoint>, CheckpointError> {
        self.expect_same_process()?;
        if self.shared().is_stale() {
            self.wait_for(Task::Refresh)?;
        }
        Ok(self.load_now(key))
    }

    /// Queues a commit at once, without waiting for room.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Full`] where too much is queued, and what can be told before anything is
    /// written: [`EventIdTooLong`](CheckpointError::EventIdTooLong),
    /// [`Forked`](CheckpointError::Forked), [`Closed`](CheckpointError::Closed).
    ///
    /// # Cancel safety
    ///
    /// Dropping the ticket loses the answer alone: the commit is carried out.
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
    /// // It is on its way; nobody need wait for it.
    /// drop(store.submit(&key, at(42))?);
    ///
    /// let ticket = store.submit(&key, at(43))?;
    /// assert!(ticket.await?.is_advanced());
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub fn submit(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
    ) -> Result<Ticket, CheckpointError> {
        let (queued, slot) = self.queued(commit(*key, checkpoint)?)?;
        match self.shared().queue.push(queued) {
            Ok(()) => Ok(Ticket::new(slot)),
            Err(Refused::Full) => Err(CheckpointError::Full),
            Err(Refused::Ended) => Err(CheckpointError::Closed),
        }
    }

    /// Commits, as [`commit`](forebay_core::CheckpointStore::commit) does, in this thread.
    ///
    /// # Errors
    ///
    /// As [`commit`](forebay_core::CheckpointStore::commit).
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
    /// assert!(store.commit_blocking(&key, at(42))?.is_advanced());
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub fn commit_blocking(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
    ) -> Result<Commit, CheckpointError> {
        let (queued, slot) = self.queued(commit(*key, checkpoint)?)?;
        self.shared().queue.push_blocking(queued)?;
        Ticket::new(slot).wait()
    }

    /// Follows what is stored under `key`, whoever stores it. What other processes write is seen
    /// within the time set by [`look_every`](Options::look_every).
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
    /// let mut watch = store.watch(&key);
    /// assert_eq!(watch.next().await?, None);
    /// store.commit(&key, at(42)).await?;
    /// assert_eq!(watch.next().await?, Some(at(42)));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub fn watch(&self, key: &ResumeKey) -> Watch {
        let table = read(&self.shared().published);
        let watch = self
            .shared()
            .watchers
            .watch(*key, table.value(key).cloned());
        drop(table);
        self.shared().queue.nudge();
        watch
    }

    /// Gives `key` a label for people, or takes it away. It may have one before it has a position,
    /// and loses it when it is removed.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::LabelTooLong`], and whatever a
    /// [`commit`](forebay_core::CheckpointStore::commit) fails with but for the position.
    ///
    /// # Cancel safety
    ///
    /// As [`commit`](forebay_core::CheckpointStore::commit).
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    /// use forebay_core::ResumeKey;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// # futures::executor::block_on(async {
    /// let store = FileStore::open(path)?;
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// store.label(&key, Some("orders, Europe")).await?;
    /// assert_eq!(store.rows()[0].label.as_deref(), Some("orders, Europe"));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn label(&self, key: &ResumeKey, label: Option<&str>) -> Result<(), CheckpointError> {
        let what = What::Label(label.map(Arc::from));
        self.change(*key, what, None).await.map(drop)
    }
}

impl Clone for FileStore {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            durability: self.durability,
            lock_timeout: self.lock_timeout,
        }
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("path", &self.shared().path)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}
