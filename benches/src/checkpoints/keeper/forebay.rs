use std::marker::PhantomData;
use std::path::Path;
use std::time::{Duration, Instant};

use forebay_checkpoint::{Durability, FileStore};
use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};

use crate::checkpoints::keeper::Keeper;
use crate::checkpoints::store::{CommitLater, CommitNow, Counted, Fault, Store};

/// Ours, with futures.
pub(super) const ASYNC: Keeper = Keeper::of_tasks::<Ours<Synced>>(
    "forebay",
    "forebay's FileStore, durable before it answers, awaited",
    true,
);

/// Ours, from threads.
pub(super) const BLOCKING: Keeper =
    Keeper::of_threads::<Ours<Synced>>("forebay-blocking", "the same, called by threads that wait");

/// Ours, durable a little later.
pub(super) const INTERVAL: Keeper = Keeper::of_tasks::<Ours<Soon>>(
    "forebay-interval",
    "the same, awaited, durable within 10 ms of its answer",
    false,
);

/// Ours, durable whenever.
pub(super) const OS: Keeper = Keeper::of_tasks::<Ours<Whenever>>(
    "forebay-os",
    "the same, awaited, durable when the system likes",
    false,
);

/// How durable one of ours is.
trait Setting: Send + Sync + 'static {
    const DURABILITY: Durability;
}

struct Synced;
struct Soon;
struct Whenever;

impl Setting for Synced {
    const DURABILITY: Durability = Durability::Sync;
}

impl Setting for Soon {
    const DURABILITY: Durability = Durability::Interval(Duration::from_millis(10));
}

impl Setting for Whenever {
    const DURABILITY: Durability = Durability::Os;
}

struct Ours<D> {
    store: FileStore,
    setting: PhantomData<D>,
}

impl<D: Setting> Store for Ours<D> {
    fn open(path: &Path) -> Result<Self, Fault> {
        let options = FileStore::options()
            .durability(D::DURABILITY)
            // Whoever waits for its turn is measured, however long that takes.
            .lock_timeout(None);
        Ok(Self {
            store: options.open(path)?,
            setting: PhantomData,
        })
    }

    fn load(&self, key: &ResumeKey) -> Result<Option<u64>, Fault> {
        Ok(self.store.load_now(key).as_ref().map(sequence))
    }

    fn load_fresh(&self, key: &ResumeKey) -> Result<Option<u64>, Fault> {
        Ok(self.store.load_fresh_blocking(key)?.as_ref().map(sequence))
    }

    fn commit_many(&self, commits: &[(ResumeKey, u64)]) -> Result<(), Fault> {
        let commits = commits.iter().map(|&(key, at)| (key, checkpoint(at)));
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(self.store.commit_many(commits.collect()))?;
        Ok(())
    }

    fn counted(&self) -> Counted {
        let stats = self.store.stats();
        Counted {
            batches: Some(stats.blocks),
            syncs: Some(stats.syncs),
        }
    }

    fn close(self) -> Result<(), Fault> {
        Ok(self.store.close_blocking()?)
    }
}

impl<D: Setting> CommitLater for Ours<D> {
    async fn commit(&self, key: ResumeKey, sequence: u64) -> Result<(), Fault> {
        self.store.commit(&key, checkpoint(sequence)).await?;
        Ok(())
    }
}

impl CommitNow for Ours<Synced> {
    fn commit(&self, key: ResumeKey, sequence: u64, _: Instant) -> Result<bool, Fault> {
        self.store.commit_blocking(&key, checkpoint(sequence))?;
        Ok(true)
    }
}

fn checkpoint(at: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(at)))
}

fn sequence(checkpoint: &Checkpoint) -> u64 {
    checkpoint.sequence().get()
}
