use std::fmt;

use crate::checkpoint::{Checkpoint, Commit};
use crate::checkpoint_store::CheckpointStore;
use crate::dyn_load::BoxFuture;
use crate::error::StoreError;
use crate::guarantee::Guarantee;
use crate::resume_key::ResumeKey;

/// The object-safe twin of [`CheckpointStore`], for stores that are chosen at run time.
///
/// Every [`CheckpointStore`] is a `DynCheckpointStore`, and a `dyn DynCheckpointStore` is a
/// [`CheckpointStore`] again: each call through it costs one allocation. Call the methods of
/// [`CheckpointStore`] on it, and implement [`CheckpointStore`] rather than this.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use forebay_core::{CheckpointStore, DynCheckpointStore, ResumeKey, StoreError};
///
/// struct Consumer<E> {
///     store: Arc<dyn DynCheckpointStore<Error = E>>,
///     key: ResumeKey,
/// }
///
/// impl<E: StoreError> Consumer<E> {
///     async fn is_new(&self) -> Result<bool, E> {
///         Ok(self.store.load(&self.key).await?.is_none())
///     }
/// }
/// ```
pub trait DynCheckpointStore: Send + Sync {
    /// See [`CheckpointStore::Error`].
    type Error: StoreError;

    /// See [`CheckpointStore::load`].
    ///
    /// # Errors
    ///
    /// As [`CheckpointStore::load`].
    ///
    /// # Cancel safety
    ///
    /// As [`CheckpointStore::load`].
    fn load_dyn<'a>(
        &'a self,
        key: &'a ResumeKey,
    ) -> BoxFuture<'a, Result<Option<Checkpoint>, Self::Error>>;

    /// See [`CheckpointStore::commit`].
    ///
    /// # Errors
    ///
    /// As [`CheckpointStore::commit`].
    ///
    /// # Cancel safety
    ///
    /// As [`CheckpointStore::commit`].
    fn commit_dyn<'a>(
        &'a self,
        key: &'a ResumeKey,
        checkpoint: Checkpoint,
    ) -> BoxFuture<'a, Result<Commit, Self::Error>>;

    /// See [`CheckpointStore::commit_many`].
    ///
    /// # Errors
    ///
    /// As [`CheckpointStore::commit_many`].
    ///
    /// # Cancel safety
    ///
    /// As [`CheckpointStore::commit_many`].
    fn commit_many_dyn(
        &self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> BoxFuture<'_, Result<Vec<Commit>, Self::Error>>;

    /// See [`CheckpointStore::remove`].
    ///
    /// # Errors
    ///
    /// As [`CheckpointStore::remove`].
    ///
    /// # Cancel safety
    ///
    /// As [`CheckpointStore::remove`].
    fn remove_dyn<'a>(
        &'a self,
        key: &'a ResumeKey,
    ) -> BoxFuture<'a, Result<Option<Checkpoint>, Self::Error>>;

    /// See [`CheckpointStore::reset`].
    ///
    /// # Errors
    ///
    /// As [`CheckpointStore::reset`].
    ///
    /// # Cancel safety
    ///
    /// As [`CheckpointStore::reset`].
    fn reset_dyn<'a>(
        &'a self,
        key: &'a ResumeKey,
        checkpoint: Checkpoint,
    ) -> BoxFuture<'a, Result<(), Self::Error>>;

    /// See [`CheckpointStore::guarantee`].
    fn guarantee_dyn(&self) -> Guarantee;
}

impl<S: CheckpointStore> DynCheckpointStore for S {
    type Error = S::Error;

    fn load_dyn<'a>(
        &'a self,
        key: &'a ResumeKey,
    ) -> BoxFuture<'a, Result<Option<Checkpoint>, Self::Error>> {
        Box::pin(self.load(key))
    }

    fn commit_dyn<'a>(
        &'a self,
        key: &'a ResumeKey,
        checkpoint: Checkpoint,
    ) -> BoxFuture<'a, Result<Commit, Self::Error>> {
        Box::pin(self.commit(key, checkpoint))
    }

    fn commit_many_dyn(
        &self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> BoxFuture<'_, Result<Vec<Commit>, Self::Error>> {
        Box::pin(self.commit_many(commits))
    }

    fn remove_dyn<'a>(
        &'a self,
        key: &'a ResumeKey,
    ) -> BoxFuture<'a, Result<Option<Checkpoint>, Self::Error>> {
        Box::pin(self.remove(key))
    }

    fn reset_dyn<'a>(
        &'a self,
        key: &'a ResumeKey,
        checkpoint: Checkpoint,
    ) -> BoxFuture<'a, Result<(), Self::Error>> {
        Box::pin(self.reset(key, checkpoint))
    }

    fn guarantee_dyn(&self) -> Guarantee {
        self.guarantee()
    }
}

impl<E: StoreError> CheckpointStore for dyn DynCheckpointStore<Error = E> + '_ {
    type Error = E;

    async fn load(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, E> {
        self.load_dyn(key).await
    }

    async fn commit(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<Commit, E> {
        self.commit_dyn(key, checkpoint).await
    }

    async fn commit_many(&self, commits: Vec<(ResumeKey, Checkpoint)>) -> Result<Vec<Commit>, E> {
        self.commit_many_dyn(commits).await
    }

    async fn remove(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, E> {
        self.remove_dyn(key).await
    }

    async fn reset(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<(), E> {
        self.reset_dyn(key, checkpoint).await
    }

    fn guarantee(&self) -> Guarantee {
        self.guarantee_dyn()
    }
}

impl<E: StoreError> fmt::Debug for dyn DynCheckpointStore<Error = E> + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynCheckpointStore").finish_non_exhaustive()
    }
}
