//! Claims of keys in a file.

use forebay_core::{Checkpoint, Commit, ResumeKey};

use crate::claim::Claim;
use crate::claim::fence::Fence;
use crate::error::CheckpointError;
use crate::file::decide::{Answer, What};
use crate::file::store::FileStore;

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
    pub async fn claim(&self, key: &ResumeKey) -> Result<Claim<Self>, CheckpointError> {
        match self.change(*key, What::Claim, None).await? {
            Answer::Claimed { epoch, checkpoint } => {
                Ok(Claim::new(self.clone(), *key, epoch, checkpoint))
            }
            _ => Err(CheckpointError::Closed),
        }
    }
}

impl Fence for FileStore {
    async fn commit_fenced(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
        epoch: u64,
    ) -> Result<Commit, CheckpointError> {
        let what = What::Commit(checkpoint);
        match self.change(*key, what, Some(epoch)).await? {
            Answer::Commit(commit) => Ok(commit),
            _ => Err(CheckpointError::Closed),
        }
    }

    async fn reset_fenced(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
        epoch: u64,
    ) -> Result<u64, CheckpointError> {
        let what = What::Reset(checkpoint);
        match self.change(*key, what, Some(epoch)).await? {
            Answer::Reset { epoch } => Ok(epoch),
            _ => Err(CheckpointError::Closed),
        }
    }

    /// The epoch is in the file, whoever has it.
    fn release(&self, _key: &ResumeKey, _epoch: u64) {}
}
