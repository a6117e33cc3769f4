use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use forebay_core::{Checkpoint, CheckpointStore, Commit, Guarantee, ResumeKey, Survives};
use forebay_rt::sync::{Mutex, lock};
use forebay_rt::wake_all;

use crate::claim::Claim;
use crate::claim::fence::Fence;
use crate::error::CheckpointError;
use crate::memory::stats::MemoryStats;
use crate::memory::table::Table;
use crate::row::Row;
use crate::watch::{Watch, Watchers};

pub(crate) mod stats;
mod table;

/// Positions in memory, gone with the process.
///
/// It does what a [`CheckpointStore`] must and a file store does, claims and watches included, so
/// it stands in for one in tests, and serves consumers whose log is in memory as well. Clones are
/// the same store. No call waits for anything, so any executor will do.
///
/// It keeps a key until that is removed, and nothing of removed keys but one number, the highest
/// epoch of them all. A claim of a key without a position is kept as long as the claim.
///
/// # Examples
///
/// ```
/// use forebay_checkpoint::MemoryStore;
/// use forebay_core::{Checkpoint, CheckpointStore, Commit, Cursor, LogId, ResumeKey, Sequence};
///
/// # futures::executor::block_on(async {
/// let store = MemoryStore::new();
/// let key = ResumeKey::from_bytes([7; 32]);
/// let at = |number| Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(number)));
///
/// assert!(store.commit(&key, at(42)).await?.is_advanced());
/// // Somebody else was slower: what is stored stays.
/// let current = at(42);
/// assert_eq!(store.commit(&key, at(41)).await?, Commit::Unchanged { current });
/// # Ok::<(), forebay_checkpoint::CheckpointError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    table: Mutex<Table>,
    /// Its lock is taken while that of the table is held, so that states are published in order.
    watchers: Arc<Watchers>,
}

impl MemoryStore {
    /// Creates a store without keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    ///
    /// assert!(MemoryStore::new().rows().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what is stored under `key`, as [`load`](CheckpointStore::load) does, without a
    /// future.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    /// use forebay_core::ResumeKey;
    ///
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// assert_eq!(MemoryStore::new().load_now(&key), None);
    /// ```
    #[must_use]
    pub fn load_now(&self, key: &ResumeKey) -> Option<Checkpoint> {
        lock(&self.shared.table).load(key)
    }

    /// Returns what is stored under `key`, whoever stored it.
    ///
    /// In memory that is what [`load`](CheckpointStore::load) returns; of a file it includes what
    /// other processes have written up to now.
    ///
    /// # Errors
    ///
    /// None in memory; the type is that of a store in a file.
    ///
    /// # Cancel safety
    ///
    /// As [`load`](CheckpointStore::load).
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    /// use forebay_core::ResumeKey;
    ///
    /// # futures::executor::block_on(async {
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// assert_eq!(MemoryStore::new().load_fresh(&key).await?, None);
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn load_fresh(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, CheckpointError> {
        Ok(self.load_now(key))
    }

    /// Takes `key` for one consumer alone, and from everybody who has claimed it before.
    ///
    /// What those still commit through their claims is [`Fenced`](CheckpointError::Fenced). Commits
    /// without a claim are not: who shares a key with claimed consumers has to claim as well.
    ///
    /// # Errors
    ///
    /// None in memory; the type is that of a store in a file.
    ///
    /// # Cancel safety
    ///
    /// Once polled, others are fenced. A claim nobody receives fences no more than it has.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::{CheckpointError, MemoryStore};
    /// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # futures::executor::block_on(async {
    /// let store = MemoryStore::new();
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// let checkpoint = Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(42)));
    ///
    /// let paused = store.claim(&key).await?;
    /// // It seems to be gone, so another one takes over. Then it goes on.
    /// let successor = store.claim(&key).await?;
    /// let fenced = paused.commit(checkpoint.clone()).await;
    /// assert!(matches!(fenced, Err(CheckpointError::Fenced { .. })));
    /// assert!(successor.commit(checkpoint).await?.is_advanced());
    /// # Ok::<(), CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn claim(&self, key: &ResumeKey) -> Result<Claim<Self>, CheckpointError> {
        let (epoch, checkpoint) = lock(&self.shared.table).claim(*key);
        Ok(Claim::new(self.clone(), *key, epoch, checkpoint))
    }

    /// Follows what is stored under `key`.
    ///
    /// # Examples
    ///
    /// See [`Watch::next`].
    pub fn watch(&self, key: &ResumeKey) -> Watch {
        let table = lock(&self.shared.table);
        self.shared.watchers.watch(*key, table.load(key))
    }

    /// Gives `key` a label for people, or takes it away. It may have one before it has a position,
    /// and loses it when it is removed.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::LabelTooLong`].
    ///
    /// # Cancel safety
    ///
    /// A future that was never polled has done nothing.
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
    /// store.label(&key, Some("orders, Europe")).await?;
    /// assert_eq!(store.rows()[0].label.as_deref(), Some("orders, Europe"));
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn label(&self, key: &ResumeKey, label: Option<&str>) -> Result<(), CheckpointError> {
        lock(&self.shared.table).label(*key, label)
    }

    /// Returns all keys that have a position or a label, in their order.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    /// use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # futures::executor::block_on(async {
    /// let store = MemoryStore::new();
    /// let checkpoint = Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(42)));
    /// for byte in [2, 1] {
    ///     store.commit(&ResumeKey::from_bytes([byte; 32]), checkpoint.clone()).await?;
    /// }
    /// let keys: Vec<_> = store.rows().iter().map(|row| row.key).collect();
    /// assert_eq!(keys, [ResumeKey::from_bytes([1; 32]), ResumeKey::from_bytes([2; 32])]);
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = lock(&self.shared.table).rows();
        rows.sort_unstable_by_key(|row| row.key);
        rows
    }

    /// Returns what the store has, and what it has done since it was created.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::MemoryStore;
    ///
    /// assert_eq!(MemoryStore::new().stats().keys, 0);
    /// ```
    #[must_use]
    pub fn stats(&self) -> MemoryStats {
        let stats = lock(&self.shared.table).stats();
        MemoryStats {
            watches: self.shared.watchers.count(),
            ..stats
        }
    }

    /// Changes the table, publishes what changed, and then wakes who waits for it.
    fn change<T>(&self, change: impl FnOnce(&mut Table, &mut Publish<'_>) -> T) -> T {
        let mut wake = Vec::new();
        let mut table = lock(&self.shared.table);
        let mut publish = Publish {
            watchers: &self.shared.watchers,
            wake: &mut wake,
        };
        let answer = change(&mut table, &mut publish);
        drop(table);
        wake_all(wake);
        answer
    }

    fn commit_as(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
        claimed: Option<u64>,
    ) -> Result<Commit, CheckpointError> {
        self.change(|table, publish| {
            let commit = table.commit(*key, checkpoint, claimed)?;
            if commit.is_advanced() {
                publish.state(key, table.stored(key));
            }
            Ok(commit)
        })
    }

    /// Returns the epoch that the key has from now on.
    fn reset_as(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
        claimed: Option<u64>,
    ) -> Result<u64, CheckpointError> {
        self.change(|table, publish| {
            let epoch = table.reset(*key, checkpoint, claimed)?;
            publish.state(key, table.stored(key));
            Ok(epoch)
        })
    }
}

impl Fence for MemoryStore {
    async fn commit_fenced(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
        epoch: u64,
    ) -> Result<Commit, CheckpointError> {
        self.commit_as(key, checkpoint, Some(epoch))
    }

    async fn reset_fenced(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
        epoch: u64,
    ) -> Result<u64, CheckpointError> {
        self.reset_as(key, checkpoint, Some(epoch))
    }

    /// Nothing is kept for a claim that is gone, but that its epoch was given.
    fn release(&self, key: &ResumeKey, epoch: u64) {
        lock(&self.shared.table).release(key, epoch);
    }
}

impl CheckpointStore for MemoryStore {
    type Error = CheckpointError;

    async fn load(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, CheckpointError> {
        Ok(self.load_now(key))
    }

    async fn commit(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
    ) -> Result<Commit, CheckpointError> {
        self.commit_as(key, checkpoint, None)
    }

    async fn commit_many(
        &self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> Result<Vec<Commit>, CheckpointError> {
        self.change(|table, publish| {
            let (answers, changed) = table.commit_many(commits)?;
            for key in changed {
                publish.state(&key, table.stored(&key));
            }
            Ok(answers)
        })
    }

    async fn remove(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, CheckpointError> {
        self.change(|table, publish| {
            let removed = table.remove(key);
            if removed.is_some() {
                publish.state(key, None);
            }
            Ok(removed)
        })
    }

    async fn reset(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
        self.reset_as(key, checkpoint, None).map(drop)
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::new(Survives::Nothing).atomic()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Nobody can change anything any more, so those who wait for a change are told.
impl Drop for Shared {
    fn drop(&mut self) {
        wake_all(self.watchers.close());
    }
}

/// Where changes are told while the table is locked.
struct Publish<'a> {
    watchers: &'a Watchers,
    wake: &'a mut Vec<Waker>,
}

impl Publish<'_> {
    fn state(&mut self, key: &ResumeKey, state: Option<&Checkpoint>) {
        self.watchers.publish(key, state, self.wake);
    }
}
