use std::fmt;

use forebay_core::{Checkpoint, Commit, ResumeKey};

use crate::error::CheckpointError;
use crate::file::decide::{Answer, What};
use crate::file::store::FileStore;

/// The right to commit under a key, until somebody else claims, resets or removes it.
///
/// It is no lock: a consumer does not notice that its claim was taken before it commits. What it
/// does in between, it does beside its successor; only its commits come to nothing. It holds across
/// processes and restarts of the file, and nothing has to be given back.
///
/// # Examples
///
/// A consumer that was paused for so long that another one took over:
///
/// ```
/// use forebay_checkpoint::{CheckpointError, FileStore};
/// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("offsets");
/// # futures::executor::block_on(async {
/// let store = FileStore::open(path)?;
/// let key = ResumeKey::from_bytes([7; 32]);
/// let at = |number| Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(number)));
///
/// let paused = store.claim(&key).await?;
/// paused.commit(at(42)).await?;
///
/// let successor = store.claim(&key).await?;
/// assert_eq!(successor.checkpoint(), Some(&at(42)));
/// assert!(successor.epoch() > paused.epoch());
/// successor.commit(at(43)).await?;
///
/// let fenced = paused.commit(at(44)).await;
/// assert!(matches!(fenced, Err(CheckpointError::Fenced { .. })));
/// # Ok::<(), CheckpointError>(())
/// # }).unwrap();
/// ```
pub struct FileClaim {
    store: FileStore,
    key: ResumeKey,
    epoch: u64,
    checkpoint: Option<Checkpoint>,
}

impl FileClaim {
    pub(super) const fn new(
        store: FileStore,
        key: ResumeKey,
        epoch: u64,
        checkpoint: Option<Checkpoint>,
    ) -> Self {
        Self {
            store,
            key,
            epoch,
            checkpoint,
        }
    }

    /// Returns the key that was claimed.
    #[must_use]
    pub const fn key(&self) -> &ResumeKey {
        &self.key
    }

    /// Returns the fencing token of this claim, greater than that of every earlier one of the key.
    ///
    /// A system that keeps the greatest token it has seen can refuse what comes with a lower one,
    /// and so be spared the work of consumers that were replaced.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns what was stored when the key was claimed, which is where to go on from.
    #[must_use]
    pub const fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// Moves the position forward, as [`commit`](forebay_core::CheckpointStore::commit) does.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Fenced`] when the key was claimed, reset or removed since, even where the
    /// commit would have changed nothing; and whatever a commit without a claim fails with.
    ///
    /// # Cancel safety
    ///
    /// As [`commit`](forebay_core::CheckpointStore::commit).
    ///
    /// # Examples
    ///
    /// See [`FileClaim`].
    pub async fn commit(&self, checkpoint: Checkpoint) -> Result<Commit, CheckpointError> {
        let what = What::Commit(checkpoint);
        match self.store.change(self.key, what, Some(self.epoch)).await? {
            Answer::Commit(commit) => Ok(commit),
            _ => Err(CheckpointError::Closed),
        }
    }

    /// Stores `checkpoint` whatever is there, and keeps the claim, under a new epoch.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Fenced`] when the key was claimed, reset or removed since; and whatever
    /// a reset without a claim fails with.
    ///
    /// # Cancel safety
    ///
    /// A future that was never polled has done nothing. One that is dropped later may have fenced
    /// this claim as well: claim anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    /// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// # futures::executor::block_on(async {
    /// let at = |log, number| Checkpoint::new(Cursor::new(LogId::new(log), Sequence::new(number)));
    /// let store = FileStore::open(path)?;
    /// let mut claim = store.claim(&ResumeKey::from_bytes([7; 32])).await?;
    /// claim.commit(at(1, 42)).await?;
    ///
    /// // The log was made anew.
    /// claim.reset(at(2, 0)).await?;
    /// assert!(claim.commit(at(2, 1)).await?.is_advanced());
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn reset(&mut self, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
        let what = What::Reset(checkpoint);
        match self.store.change(self.key, what, Some(self.epoch)).await? {
            Answer::Reset { epoch } => {
                self.epoch = epoch;
                Ok(())
            }
            _ => Err(CheckpointError::Closed),
        }
    }
}

impl FileStore {
    /// Takes `key` for one consumer alone, and from everybody who has claimed it before.
    ///
    /// What those still commit through their claims is [`Fenced`](CheckpointError::Fenced). Commits
    /// without a claim are not: who shares a key with claimed consumers has to claim as well.
    ///
    /// # Errors
    ///
    /// Whatever a [`reset`](forebay_core::CheckpointStore::reset) fails with.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped after it was polled may have claimed the key, so that earlier
    /// claims are fenced and nobody holds the new one.
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
    /// let mine = store.claim(&key).await?;
    /// mine.commit(at(42)).await?;
    ///
    /// let theirs = store.claim(&key).await?;
    /// assert_eq!(theirs.checkpoint(), Some(&at(42)));
    /// assert!(mine.commit(at(43)).await.is_err());
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn claim(&self, key: &ResumeKey) -> Result<FileClaim, CheckpointError> {
        match self.change(*key, What::Claim, None).await? {
            Answer::Claimed { epoch, checkpoint } => {
                Ok(FileClaim::new(self.clone(), *key, epoch, checkpoint))
            }
            _ => Err(CheckpointError::Closed),
        }
    }
}

impl fmt::Debug for FileClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileClaim")
            .field("key", &self.key)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}
