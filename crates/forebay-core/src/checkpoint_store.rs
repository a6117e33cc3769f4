use std::sync::Arc;

use crate::checkpoint::{Checkpoint, Commit};
use crate::error::StoreError;
use crate::guarantee::Guarantee;
use crate::resume_key::ResumeKey;

/// Where consumers keep their positions.
///
/// A stored position never goes back, unless it is told to: many may commit under one key, in any
/// order and more than once, and the furthest stays.
///
/// # Semantics
///
/// * A commit beyond what is stored, or where nothing is, is [`Commit::Advanced`]. Zero is as good
///   a sequence as any.
/// * A commit at or below what is stored is [`Commit::Unchanged`] and writes nothing: of two with
///   the same sequence, the first stays, with its event id.
/// * Positions of two logs cannot be compared. A commit in another log than the stored one fails,
///   and [`StoreError::other_log`] has what is stored; [`reset`](Self::reset) is how one goes over
///   to a log that was made anew.
/// * [`remove`](Self::remove) makes it as if nothing had ever been committed: the next commit may
///   be lower and in another log.
/// * What was acknowledged is there for everybody who asks later, as far as the [`Guarantee`] goes.
///
/// Who must not be overtaken by a second consumer under the same key needs more than this, a
/// claim; stores that have claims fence nothing but those.
///
/// # Examples
///
/// A consumer over any store:
///
/// ```
/// use forebay_core::{CheckpointStore, Cursor, ResumeKey};
///
/// /// Goes on after what is stored and says whether this one got further than any other.
/// async fn resume<S: CheckpointStore>(
///     store: &S,
///     key: &ResumeKey,
///     work: impl AsyncFnOnce(Option<Cursor>) -> Cursor,
/// ) -> Result<bool, S::Error> {
///     let stored = store.load(key).await?;
///     let reached = work(stored.map(|checkpoint| checkpoint.cursor())).await;
///     let commit = store.commit(key, reached.into()).await?;
///     Ok(commit.is_advanced())
/// }
/// ```
pub trait CheckpointStore: Send + Sync {
    /// How the store fails.
    type Error: StoreError;

    /// Returns what is stored under `key`, or `None` where nothing is.
    ///
    /// # Errors
    ///
    /// Where the store cannot be read. Its [`outcome`](StoreError::outcome) says nothing here.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the answer and nothing else.
    fn load(
        &self,
        key: &ResumeKey,
    ) -> impl Future<Output = Result<Option<Checkpoint>, Self::Error>> + Send;

    /// Moves the position under `key` forward to `checkpoint`, if that is forward.
    ///
    /// # Errors
    ///
    /// Where `checkpoint` is in another log than what is stored, or the store cannot be written.
    /// [`StoreError::outcome`] says whether the commit may have happened all the same.
    ///
    /// # Cancel safety
    ///
    /// A future that was never polled has done nothing. Once polled, the commit may happen whether
    /// or not the future is dropped; what the store answers afterwards is right in either case.
    fn commit(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<Commit, Self::Error>> + Send;

    /// Commits many checkpoints and returns what became of each, in their order.
    ///
    /// They count as committed one after the other, so of a key that comes twice the second finds
    /// what the first has done. Where [`Guarantee::is_atomic`] holds it is all or nothing: one that
    /// cannot be committed keeps all others from it.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit), for any of them. The outcome is that of all together: where
    /// the store is not atomic, a part of them may have happened and the outcome is unknown.
    ///
    /// # Cancel safety
    ///
    /// As [`commit`](Self::commit), for all of them.
    fn commit_many(
        &self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> impl Future<Output = Result<Vec<Commit>, Self::Error>> + Send;

    /// Forgets what is stored under `key` and returns it.
    ///
    /// It holds against everybody who has seen the old position: nobody brings it back but by
    /// committing it anew.
    ///
    /// # Errors
    ///
    /// Where the store cannot be written; [`StoreError::outcome`] says whether the key may be gone.
    ///
    /// # Cancel safety
    ///
    /// As [`commit`](Self::commit).
    fn remove(
        &self,
        key: &ResumeKey,
    ) -> impl Future<Output = Result<Option<Checkpoint>, Self::Error>> + Send;

    /// Stores `checkpoint` under `key` whatever is there: it may go back, or to another log.
    ///
    /// # Errors
    ///
    /// Where the store cannot be written; [`StoreError::outcome`] says whether it may be stored.
    ///
    /// # Cancel safety
    ///
    /// As [`commit`](Self::commit).
    fn reset(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns what this store promises of what it has acknowledged.
    fn guarantee(&self) -> Guarantee;
}

macro_rules! forward_to_pointee {
    ($($pointer:ty),*) => {$(
        impl<S: CheckpointStore + ?Sized> CheckpointStore for $pointer {
            type Error = S::Error;

            fn load(
                &self,
                key: &ResumeKey,
            ) -> impl Future<Output = Result<Option<Checkpoint>, Self::Error>> + Send {
                (**self).load(key)
            }

            fn commit(
                &self,
                key: &ResumeKey,
                checkpoint: Checkpoint,
            ) -> impl Future<Output = Result<Commit, Self::Error>> + Send {
                (**self).commit(key, checkpoint)
            }

            fn commit_many(
                &self,
                commits: Vec<(ResumeKey, Checkpoint)>,
            ) -> impl Future<Output = Result<Vec<Commit>, Self::Error>> + Send {
                (**self).commit_many(commits)
            }

            fn remove(
                &self,
                key: &ResumeKey,
            ) -> impl Future<Output = Result<Option<Checkpoint>, Self::Error>> + Send {
                (**self).remove(key)
            }

            fn reset(
                &self,
                key: &ResumeKey,
                checkpoint: Checkpoint,
            ) -> impl Future<Output = Result<(), Self::Error>> + Send {
                (**self).reset(key, checkpoint)
            }

            fn guarantee(&self) -> Guarantee {
                (**self).guarantee()
            }
        }
    )*};
}

forward_to_pointee!(&S, Arc<S>, Box<S>);
