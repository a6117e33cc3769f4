use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use forebay_core::Commit;

use crate::error::CheckpointError;
use crate::file::decide::Answer;
use crate::file::slot::{Answers, Slot};

/// A commit that is queued. It is carried out whether the ticket is kept or not.
///
/// Await it in a task, or [`wait`](Self::wait) for it in a thread.
///
/// # Examples
///
/// Work goes on while the position is stored; only one commit is ever waited for:
///
/// ```
/// use forebay_checkpoint::FileStore;
/// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("offsets");
/// let store = FileStore::open(path)?;
/// let key = ResumeKey::from_bytes([7; 32]);
/// let mut last = None;
/// for number in 1..=100 {
///     // ... deal with the event ...
///     let at = Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(number)));
///     last = Some(store.submit(&key, at)?);
/// }
/// if let Some(ticket) = last {
///     assert!(ticket.wait()?.is_advanced());
/// }
/// # Ok::<(), forebay_checkpoint::CheckpointError>(())
/// ```
#[must_use = "whether the commit was made is known to the ticket alone"]
pub struct Ticket {
    slot: Arc<Slot>,
}

impl Ticket {
    pub(crate) const fn new(slot: Arc<Slot>) -> Self {
        Self { slot }
    }

    /// Waits for the answer in this thread.
    ///
    /// # Errors
    ///
    /// Whatever [`commit`](forebay_core::CheckpointStore::commit) fails with.
    ///
    /// # Examples
    ///
    /// See [`Ticket`].
    pub fn wait(self) -> Result<Commit, CheckpointError> {
        committed(self.slot.wait())
    }
}

impl Future for Ticket {
    type Output = Result<Commit, CheckpointError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.slot.poll(cx).map(committed)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").finish_non_exhaustive()
    }
}

fn committed(answers: Answers) -> Result<Commit, CheckpointError> {
    match answers?.pop() {
        Some(Answer::Commit(commit)) => Ok(commit),
        _ => Err(CheckpointError::Closed),
    }
}
