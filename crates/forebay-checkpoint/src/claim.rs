use std::fmt;

use forebay_core::{Checkpoint, CheckpointStore, Commit, ResumeKey};

use crate::claim::fence::Fence;
use crate::error::CheckpointError;

/// The right to commit under a key, until somebody else claims, resets or removes it.
///
/// It is no lock: a consumer does not notice that its claim was taken before it commits. What it
/// does in between, it does beside its successor; only its commits come to nothing. In a file it holds
/// across processes and restarts. Nothing has to be given back.
///
/// # Examples
///
/// A consumer that was paused for so long that another one took over:
///
/// ```
/// use forebay_checkpoint::{CheckpointError, MemoryStore};
/// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
///
/// # futures::executor::block_on(async {
/// let store = MemoryStore::new();
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
pub struct Claim<S: ClaimStore> {
    store: S,
    key: ResumeKey,
    epoch: u64,
    checkpoint: Option<Checkpoint>,
}

/// A store whose keys can be claimed: `FileStore` and `MemoryStore`.
///
/// It is there for bounds, and nothing else implements it: what a claim promises is kept in what a
/// store writes.
///
/// # Examples
///
/// ```
/// use forebay_checkpoint::{CheckpointError, Claim, ClaimStore};
/// use forebay_core::{Cursor, LogId, Sequence};
///
/// /// Goes on after what is stored, whichever store it is in.
/// async fn go_on<S: ClaimStore>(claim: &Claim<S>) -> Result<(), CheckpointError> {
///     let first = Cursor::new(LogId::new(1), Sequence::ZERO);
///     let from = claim.checkpoint().map_or(first, |checkpoint| checkpoint.cursor());
///     // ...
///     claim.commit(from.into()).await.map(drop)
/// }
/// ```
pub trait ClaimStore: CheckpointStore<Error = CheckpointError> + Fence {}

impl<S: CheckpointStore<Error = CheckpointError> + Fence> ClaimStore for S {}

/// What nobody else can implement.
pub(crate) mod fence {
    use forebay_core::{Checkpoint, Commit, ResumeKey};

    use crate::error::CheckpointError;

    #[allow(unnameable_types, reason = "that is its purpose")]
    pub trait Fence: Sized {
        /// Commits, unless the key has another epoch.
        ///
        /// # Errors
        ///
        /// As [`Claim::commit`](crate::Claim::commit).
        ///
        /// # Cancel safety
        ///
        /// As [`Claim::commit`](crate::Claim::commit).
        fn commit_fenced(
            &self,
            key: &ResumeKey,
            checkpoint: Checkpoint,
            epoch: u64,
        ) -> impl Future<Output = Result<Commit, CheckpointError>> + Send;

        /// Resets, unless the key has another epoch; returns the one that it has then.
        ///
        /// # Errors
        ///
        /// As [`Claim::reset`](crate::Claim::reset).
        ///
        /// # Cancel safety
        ///
        /// As [`Claim::reset`](crate::Claim::reset).
        fn reset_fenced(
            &self,
            key: &ResumeKey,
            checkpoint: Checkpoint,
            epoch: u64,
        ) -> impl Future<Output = Result<u64, CheckpointError>> + Send;

        /// Hears that nobody has the claim of this epoch any more.
        fn release(&self, key: &ResumeKey, epoch: u64);
    }
}

impl<S: ClaimStore> Claim<S> {
    pub(crate) const fn new(
        store: S,
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
    ///
    /// # Examples
    ///
    /// See [`epoch`](Self::epoch).
    #[must_use]
    pub const fn key(&self) -> &ResumeKey {
        &self.key
    }

    /// Returns the fencing token of this claim, greater than that of every earlier one of the key.
    ///
    /// A system that keeps the greatest token it has seen can refuse what comes with a lower one,
    /// and so be spared the work of consumers that were replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    /// use forebay_core::ResumeKey;
    ///
    /// # futures::executor::block_on(async {
    /// let store = MemoryStore::new();
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// let replaced = store.claim(&key).await?;
    /// let claim = store.claim(&key).await?;
    ///
    /// // In the system that both of them write to:
    /// let greatest_seen = claim.epoch();
    /// assert!(replaced.epoch() < greatest_seen, "its writes are refused");
    /// assert_eq!((claim.key(), claim.checkpoint()), (&key, None));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns what was stored when the key was claimed, which is where to go on from.
    ///
    /// # Examples
    ///
    /// See [`ClaimStore`].
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
    /// See [`Claim`].
    pub async fn commit(&self, checkpoint: Checkpoint) -> Result<Commit, CheckpointError> {
        self.store
            .commit_fenced(&self.key, checkpoint, self.epoch)
            .await
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
            .reset_fenced(&self.key, checkpoint, self.epoch)
            .await?;
        Ok(())
    }
}

impl<S: ClaimStore> Drop for Claim<S> {
    fn drop(&mut self) {
        self.store.release(&self.key, self.epoch);
    }
}

impl<S: ClaimStore> fmt::Debug for Claim<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("key", &self.key)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}
