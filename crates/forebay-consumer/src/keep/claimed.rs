use forebay_checkpoint::{CheckpointError, Claim, ClaimStore};
use forebay_core::{Checkpoint, Commit};

use crate::keep::Keep;

/// It goes on where the key was when it was claimed.
impl<S: ClaimStore + 'static> Keep for Claim<S> {
    type Error = CheckpointError;

    async fn load(&mut self) -> Result<Option<Checkpoint>, CheckpointError> {
        Ok(self.checkpoint().cloned())
    }

    fn commit(
        &mut self,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<Commit, CheckpointError>> + Send {
        Self::commit(self, checkpoint)
    }

    fn reset(
        &mut self,
        checkpoint: Checkpoint,
    ) -> impl Future<Output = Result<(), CheckpointError>> + Send {
        Self::reset(self, checkpoint)
    }
}
