//! The end of a handle, and what is to be durable before it.

use std::future::poll_fn;

use crate::error::CheckpointError;
use crate::file::queue::Task;
use crate::file::store::FileStore;

impl FileStore {
    /// Makes all that was acknowledged to this process durable.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`] where that failed, and whatever [`open`](Self::open) fails with for
    /// the file as it is now.
    ///
    /// # Cancel safety
    ///
    /// It goes on without the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::{Durability, FileStore};
    /// use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// # futures::executor::block_on(async {
    /// let store = FileStore::options().durability(Durability::Os).open(path)?;
    /// let key = ResumeKey::from_bytes([7; 32]);
    /// for number in 1..=100 {
    ///     let at = Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(number)));
    ///     store.commit_blocking(&key, at)?;
    /// }
    /// // From here on all of it outlasts a loss of power.
    /// store.flush().await?;
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// # }).unwrap();
    /// ```
    pub async fn flush(&self) -> Result<(), CheckpointError> {
        self.ask(Task::Flush).await.map(drop)
    }

    /// Makes all durable, and ends this handle. Where it was the last one to its file in this
    /// process, it waits until the file is closed.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush). The handle is gone all the same.
    ///
    /// # Cancel safety
    ///
    /// The handle ends with the future, and what was queued is carried out.
    ///
    /// # Examples
    ///
    /// See [`FileStore`].
    pub async fn close(mut self) -> Result<(), CheckpointError> {
        let flushed = self.flush().await;
        let last = self.handle.part();
        if last && flushed.is_ok() {
            poll_fn(|cx| self.shared().gone.poll(cx)).await?;
        }
        flushed
    }

    /// Does what [`close`](Self::close) does, in this thread.
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_checkpoint::FileStore;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("offsets");
    /// FileStore::open(path)?.close_blocking()?;
    /// # Ok::<(), forebay_checkpoint::CheckpointError>(())
    /// ```
    pub fn close_blocking(mut self) -> Result<(), CheckpointError> {
        let flushed = self.wait_for(Task::Flush).map(drop);
        let last = self.handle.part();
        if last && flushed.is_ok() {
            self.shared().gone.wait()?;
        }
        flushed
    }
}
