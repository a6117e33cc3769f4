#[cfg(feature = "checkpoint")]
mod claimed;

use forebay_core::{Checkpoint, CheckpointStore, Commit, ResumeKey, StoreError};

/// Where one consumer keeps its position.
///
/// A store and a key are one, `(store, key)`. With the feature `checkpoint` so is a claim of a key,
/// through which nothing is committed any more once another consumer has claimed the same key.
///
/// One call is made at a time, and none is dropped but with the consumer, or at its end after the time
/// for that. What may be tried again is what [`StoreError::is_retryable`] says. A panic goes through the
/// consumer, as a crash.
///
/// # Examples
///
/// A position beside what is made of the events, so that both change at once:
///
/// ```
/// use forebay_consumer::Keep;
/// use forebay_core::{Checkpoint, Commit, Sequence};
/// # use forebay_checkpoint::CheckpointError;
///
/// /// The handler has stored the position in its own transaction, so a commit has nothing to do.
/// struct InTransactions {
///     stored: Option<Checkpoint>,
/// }
///
/// impl Keep for InTransactions {
///     type Error = CheckpointError;
///
///     async fn load(&mut self) -> Result<Option<Checkpoint>, CheckpointError> {
///         Ok(self.stored.clone())
///     }
///
///     async fn commit(&mut self, checkpoint: Checkpoint) -> Result<Commit, CheckpointError> {
///         let previous = self.stored.replace(checkpoint);
///         Ok(Commit::Advanced { previous: previous.map(|before| before.sequence()) })
///     }
///
///     async fn reset(&mut self, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
///         self.stored = Some(checkpoint);
///         Ok(())
///     }
/// }
/// ```
pub trait Keep: Send + 'static {
    /// How it fails. What cannot be tried again ends the consumer.
    type Error: StoreError;

    /// Returns what is stored. It is called once, before anything else.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Must be safe to drop.
    fn load(&mut self) -> impl Future<Output = Result<Option<Checkpoint>, Self::Error>> + Send;

    /// Moves the position forward, as [`CheckpointStore::commit`] does.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    fn commit(
        &mut self,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<Commit, Self::Error>> + Send;

    /// Stores the position whatever is there, as [`CheckpointStore::reset`] does: where the log went
    /// over into another one, and before the handler forgets.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    fn reset(
        &mut self,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<S: CheckpointStore + 'static> Keep for (S, ResumeKey) {
    type Error = S::Error;

    fn load(&mut self) -> impl Future<Output = Result<Option<Checkpoint>, S::Error>> + Send {
        self.0.load(&self.1)
    }

    fn commit(
        &mut self,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<Commit, S::Error>> + Send {
        self.0.commit(&self.1, checkpoint)
    }

    fn reset(
        &mut self,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<(), S::Error>> + Send {
        self.0.reset(&self.1, checkpoint)
    }
}
