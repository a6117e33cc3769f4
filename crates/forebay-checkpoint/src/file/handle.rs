//! How a handle asks the thread of its file for something.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use forebay_core::{Checkpoint, CheckpointStore, Commit, Guarantee, Outcome, ResumeKey, Survives};

use crate::error::CheckpointError;
use crate::file::decide::{Answer, What, Wish};
use crate::file::disk::{Disk, parent};
use crate::file::format::block::RECORDS_BYTES_MAX;
use crate::file::options::{Durability, Options};
use crate::file::queue::{Pace, Queued, Task, bytes};
use crate::file::registry;
use crate::file::shared::Shared;
use crate::file::slot::{Answers, Slot};
use crate::file::store::FileStore;
use crate::limits::{EVENT_ID_BYTES_MAX, LABEL_BYTES_MAX};

/// So many symbolic links may lead to a file, one to the other.
const LINKS_MAX: usize = 40;

/// A share in a file, which stays open while there is one.
pub(crate) struct Handle {
    shared: Arc<Shared<Disk>>,
    /// The process that opened it: its forks have no thread.
    process: u32,
    parted: bool,
}

impl Handle {
    /// Takes over a share that was counted already.
    pub(crate) fn new(shared: Arc<Shared<Disk>>) -> Self {
        Self {
            process: shared.process,
            shared,
            parted: false,
        }
    }

    /// Gives the share back; returns whether it was the last.
    pub(crate) fn part(&mut self) -> bool {
        // The thread of a parent process is none of ours.
        let counts = !std::mem::replace(&mut self.parted, true) && !self.is_forked();
        counts && self.shared.queue.part()
    }

    fn is_forked(&self) -> bool {
        std::process::id() != self.process
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        // Where the thread has ended, every call on either handle says so.
        let joined = !self.is_forked() && self.shared.queue.join();
        Self {
            shared: Arc::clone(&self.shared),
            process: self.process,
            parted: !joined,
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.part();
    }
}

impl FileStore {
    pub(crate) fn open_with(path: &Path, options: &Options) -> Result<Self, CheckpointError> {
        let path = resolve(path)?;
        let store = Self {
            handle: Handle::new(registry::shared(&path, options)?),
            durability: options.durability,
            lock_timeout: options.lock_timeout,
        };
        store.wait_for(Task::Refresh)?;
        Ok(store)
    }

    pub(super) fn shared(&self) -> &Shared<Disk> {
        &self.handle.shared
    }

    /// Makes one change that answers once.
    pub(super) async fn change(
        &self,
        key: ResumeKey,
        what: What,
        claim: Option<u64>,
    ) -> Result<Answer, CheckpointError> {
        let wishes = checked(vec![Wish { key, what, claim }])?;
        let mut answers = self.ask(Task::Change(wishes)).await?;
        answers.pop().ok_or(CheckpointError::Closed)
    }

    /// Queues a task when there is room, and waits for its answers.
    pub(super) async fn ask(&self, task: Task) -> Answers {
        let (queued, slot) = self.queued(task)?;
        self.shared().queue.ask(queued, &slot).await
    }

    /// Does in this thread what [`ask`](Self::ask) does in a task.
    pub(super) fn wait_for(&self, task: Task) -> Answers {
        let (queued, slot) = self.queued(task)?;
        self.shared().queue.push_blocking(queued)?;
        slot.wait()
    }

    pub(super) fn queued(&self, task: Task) -> Result<(Queued, Arc<Slot>), CheckpointError> {
        self.expect_same_process()?;
        let deadline = self
            .lock_timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        Ok(Queued::new(task, self.pace(), deadline))
    }

    pub(super) fn expect_same_process(&self) -> Result<(), CheckpointError> {
        if self.handle.is_forked() {
            return Err(CheckpointError::Forked);
        }
        Ok(())
    }

    const fn pace(&self) -> Pace {
        self.durability.pace()
    }
}

impl CheckpointStore for FileStore {
    type Error = CheckpointError;

    async fn load(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, CheckpointError> {
        Ok(self.load_now(key))
    }

    async fn commit(
        &self,
        key: &ResumeKey,
        checkpoint: Checkpoint,
    ) -> Result<Commit, CheckpointError> {
        match self.change(*key, What::Commit(checkpoint), None).await? {
            Answer::Commit(commit) => Ok(commit),
            _ => Err(CheckpointError::Closed),
        }
    }

    async fn commit_many(
        &self,
        commits: Vec<(ResumeKey, Checkpoint)>,
    ) -> Result<Vec<Commit>, CheckpointError> {
        let wish = |(key, checkpoint)| Wish {
            key,
            what: What::Commit(checkpoint),
            claim: None,
        };
        let wishes = checked(commits.into_iter().map(wish).collect())?;
        if wishes.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.ask(Task::Change(wishes)).await?;
        let commits = answers.into_iter().map(|answer| match answer {
            Answer::Commit(commit) => Ok(commit),
            _ => Err(CheckpointError::Closed),
        });
        commits.collect()
    }

    async fn remove(&self, key: &ResumeKey) -> Result<Option<Checkpoint>, CheckpointError> {
        match self.change(*key, What::Remove, None).await? {
            Answer::Removed(removed) => Ok(removed),
            _ => Err(CheckpointError::Closed),
        }
    }

    async fn reset(&self, key: &ResumeKey, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
        let what = What::Reset(checkpoint);
        self.change(*key, what, None).await.map(drop)
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::new(match self.durability {
            Durability::Sync => Survives::PowerLoss,
            Durability::Interval(_) | Durability::Os => Survives::Crash,
        })
        .atomic()
    }
}

/// The task of one commit.
pub(super) fn commit(key: ResumeKey, checkpoint: Checkpoint) -> Result<Task, CheckpointError> {
    let what = What::Commit(checkpoint);
    let claim = None;
    checked(vec![Wish { key, what, claim }]).map(Task::Change)
}

/// Refuses what the file has no room for.
fn checked(wishes: Vec<Wish>) -> Result<Vec<Wish>, CheckpointError> {
    for wish in &wishes {
        match &wish.what {
            What::Commit(checkpoint) | What::Reset(checkpoint) => {
                let bytes = checkpoint.event_id().map_or(0, str::len);
                if bytes > EVENT_ID_BYTES_MAX {
                    return Err(CheckpointError::EventIdTooLong { bytes });
                }
            }
            What::Label(Some(label)) if label.len() > LABEL_BYTES_MAX => {
                let bytes = label.len();
                return Err(CheckpointError::LabelTooLong { bytes });
            }
            _ => {}
        }
    }
    let (bytes, bytes_max) = (bytes(&wishes), RECORDS_BYTES_MAX / 2);
    if bytes > bytes_max {
        return Err(CheckpointError::BatchTooLarge { bytes, bytes_max });
    }
    Ok(wishes)
}

/// Returns the path of the file itself, which need not be there, without any link on the way.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, CheckpointError> {
    let failed = |source: io::Error| CheckpointError::Io {
        doing: "open",
        path: Arc::from(path),
        source: Arc::new(source),
        outcome: Outcome::NotCommitted,
    };
    let mut file = path.to_owned();
    for _ in 0..LINKS_MAX {
        let metadata = file.symlink_metadata();
        if !metadata.is_ok_and(|metadata| metadata.is_symlink()) {
            break;
        }
        let target = file.read_link().map_err(failed)?;
        file = parent(&file).join(target);
    }
    let Some(name) = file.file_name() else {
        let path = Arc::from(path);
        return Err(CheckpointError::NotAFile { path });
    };
    let folder = parent(&file).canonicalize().map_err(failed)?;
    if !folder.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    Ok(folder.join(name))
}

#[cfg(test)]
#[cfg(not(forebay_loom))]
mod tests {
    use super::*;

    #[test]
    fn what_was_opened_by_another_process_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(folder.path().join("offsets")).unwrap();
        // As a fork has it, whose number is another one.
        let mut forked = store.clone();
        forked.handle.process = store.handle.process + 1;
        let key = ResumeKey::from_bytes([7; 32]);
        let at = Checkpoint::new(forebay_core::Cursor::new(
            forebay_core::LogId::new(1),
            forebay_core::Sequence::new(1),
        ));
        let refused = forked.commit_blocking(&key, at.clone());
        assert!(matches!(refused, Err(CheckpointError::Forked)));
        let refused = forked.load_fresh_blocking(&key);
        assert!(matches!(refused, Err(CheckpointError::Forked)));
        drop(forked.clone());
        drop(forked);
        // The parent's share is still its own.
        assert!(store.commit_blocking(&key, at).unwrap().is_advanced());
    }
}
