use std::fmt;

use forebay_core::{Checkpoint, Commit, ResumeKey};

use crate::error::CheckpointError;
use crate::memory::MemoryStore;

/// The right to commit under a key, until somebody else claims, resets or removes it.
///
/// It is no lock: a consumer does not notice that its claim was taken before it commits. What it
/// does in between, it does beside its successor; only its commits come to nothing.
///
/// # Examples
///
/// See [`MemoryStore::claim`].
pub struct MemoryClaim {
    store: MemoryStore,
    key: ResumeKey,
    epoch: u64,
    checkpoint: Option<Checkpoint>,
}

impl MemoryClaim {
    pub(super) const fn new(
        store: MemoryStore,
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
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    /// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # futures::executor::block_on(async {
    /// let claim = MemoryStore::new().claim(&ResumeKey::from_bytes([7; 32])).await?;
    /// let checkpoint = Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(42)));
    /// assert!(claim.commit(checkpoint).await?.is_advanced());
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn commit(&self, checkpoint: Checkpoint) -> Result<Commit, CheckpointError> {
        self.store
            .commit_as(&self.key, checkpoint, Some(self.epoch))
    }

    /// Stores `checkpoint` whatever is there, and keeps the claim, under a new epoch.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Fenced`] when the key was claimed, reset or removed since.
    ///
    /// # Cancel safety
    ///
    /// A future that was never polled has done nothing. One that is dropped later may have fenced
    /// this claim as well: claim anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    /// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # futures::executor::block_on(async {
    /// let at = |log, number| Checkpoint::new(Cursor::new(LogId::new(log), Sequence::new(number)));
    /// let mut claim = MemoryStore::new().claim(&ResumeKey::from_bytes([7; 32])).await?;
    /// claim.commit(at(1, 42)).await?;
    ///
    /// // The log was made anew.
    /// claim.reset(at(2, 0)).await?;
    /// assert!(claim.commit(at(2, 1)).await?.is_advanced());
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn reset(&mut self, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
        self.epoch = self
            .store
            .reset_as(&self.key, checkpoint, Some(self.epoch))?;
        Ok(())
    }
}

/// Nothing is kept for a claim that is gone, but that its epoch was given.
impl Drop for MemoryClaim {
    fn drop(&mut self) {
        self.store.release(&self.key, self.epoch);
    }
}

impl fmt::Debug for MemoryClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryClaim")
            .field("key", &self.key)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}
