use std::collections::HashMap;
use std::mem;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use foldhash::fast::RandomState;
use forebay_core::ResumeKey;
use tokio::sync::oneshot;

use crate::checkpoints::store::{CommitLater, Counted, Fault, Store};

/// A store behind a thread that commits in one step whatever waits, as the best that anybody could
/// put in front of a store that syncs for each transaction.
pub(super) struct GroupCommit<S> {
    shared: Arc<Shared<S>>,
    thread: JoinHandle<()>,
}

struct Shared<S> {
    store: S,
    queue: Mutex<Queue>,
    filled: Condvar,
    batches: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Commit>,
    closed: bool,
}

struct Commit {
    key: ResumeKey,
    sequence: u64,
    answer: oneshot::Sender<Result<(), Fault>>,
}

impl<S: Store> Store for GroupCommit<S> {
    fn open(path: &Path) -> Result<Self, Fault> {
        let shared = Arc::new(Shared {
            store: S::open(path)?,
            queue: Mutex::default(),
            filled: Condvar::new(),
            batches: AtomicU64::new(0),
        });
        let thread = thread::Builder::new().spawn({
            let shared = Arc::clone(&shared);
            move || shared.write()
        })?;
        Ok(Self { shared, thread })
    }

    fn load(&self, key: &ResumeKey) -> Result<Option<u64>, Fault> {
        self.shared.store.load(key)
    }

    fn load_fresh(&self, key: &ResumeKey) -> Result<Option<u64>, Fault> {
        self.shared.store.load_fresh(key)
    }

    fn commit_many(&self, commits: &[(ResumeKey, u64)]) -> Result<(), Fault> {
        self.shared.store.commit_many(commits)
    }

    fn counted(&self) -> Counted {
        Counted {
            batches: Some(self.shared.batches.load(Ordering::Relaxed)),
            syncs: None,
        }
    }

    fn close(self) -> Result<(), Fault> {
        self.shared.queue().closed = true;
        self.shared.filled.notify_one();
        self.thread.join().map_err(|_| Fault::Gone)?;
        let shared = Arc::try_unwrap(self.shared).map_err(|_| Fault::Gone)?;
        shared.store.close()
    }
}

impl<S: Store> CommitLater for GroupCommit<S> {
    async fn commit(&self, key: ResumeKey, sequence: u64) -> Result<(), Fault> {
        let (answer, answered) = oneshot::channel();
        self.shared.push(Commit {
            key,
            sequence,
            answer,
        });
        answered.await.map_err(|_| Fault::Gone)?
    }
}

impl<S: Store> Shared<S> {
    fn push(&self, commit: Commit) {
        let mut queue = self.queue();
        // The thread sleeps only while nothing waits.
        let wake = queue.waiting.is_empty();
        queue.waiting.push(commit);
        drop(queue);
        if wake {
            self.filled.notify_one();
        }
    }

    /// Writes batch after batch until the store is closed and nothing waits.
    fn write(&self) {
        let mut batch = Vec::new();
        let mut furthest: HashMap<ResumeKey, u64, RandomState> = HashMap::default();
        while self.take(&mut batch) {
            for commit in &batch {
                let at = furthest.entry(commit.key).or_default();
                *at = (*at).max(commit.sequence);
            }
            let mut commits: Vec<(ResumeKey, u64)> = furthest.drain().collect();
            // Keys that are near each other are in one page of a tree.
            commits.sort_unstable();
            let written = self.store.commit_many(&commits);
            self.batches.fetch_add(1, Ordering::Relaxed);
            let failed = written.err().map(|fault| fault.to_string());
            for commit in batch.drain(..) {
                let answer = match &failed {
                    None => Ok(()),
                    Some(why) => Err(Fault::Group(why.as_str().into())),
                };
                // Whoever no longer waits need not know.
                let _ = commit.answer.send(answer);
            }
        }
    }

    /// Takes all that waits; returns whether anything ever will again.
    fn take(&self, batch: &mut Vec<Commit>) -> bool {
        let mut queue = self.queue();
        while queue.waiting.is_empty() {
            if queue.closed {
                return false;
            }
            let woken = self.filled.wait(queue);
            queue = woken.unwrap_or_else(PoisonError::into_inner);
        }
        mem::swap(batch, &mut queue.waiting);
        true
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;
    use crate::checkpoints::store::key;

    /// A store that cannot commit thirteen.
    struct Unlucky;

    impl Store for Unlucky {
        fn open(_: &Path) -> Result<Self, Fault> {
            Ok(Self)
        }

        fn load(&self, _: &ResumeKey) -> Result<Option<u64>, Fault> {
            Ok(None)
        }

        fn commit_many(&self, commits: &[(ResumeKey, u64)]) -> Result<(), Fault> {
            let unlucky = commits.iter().any(|commit| commit.1 == 13);
            match unlucky {
                true => Err(Fault::Io(std::io::Error::other("out of luck"))),
                false => Ok(()),
            }
        }

        fn close(self) -> Result<(), Fault> {
            Ok(())
        }
    }

    /// Lets commits begin to wait at once, and returns where their answers come.
    fn together<S: Store>(
        store: &GroupCommit<S>,
        commits: &[(u64, u64)],
    ) -> Vec<oneshot::Receiver<Result<(), Fault>>> {
        let mut queue = store.shared.queue();
        let answers = commits.iter().map(|&(number, sequence)| {
            let (answer, answered) = oneshot::channel();
            queue.waiting.push(Commit {
                key: key(number),
                sequence,
                answer,
            });
            answered
        });
        let answers = answers.collect();
        store.shared.filled.notify_one();
        answers
    }

    #[test]
    fn whoever_shares_a_step_that_fails_is_told_and_the_next_one_works() {
        let store = GroupCommit::<Unlucky>::open(Path::new("")).unwrap();
        for answered in together(&store, &[(1, 13), (2, 5)]) {
            let fault = answered.blocking_recv().unwrap().unwrap_err();
            assert_eq!(fault.to_string(), "the group's write failed: out of luck");
        }
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(store.commit(key(2), 6)).unwrap();
        assert_eq!(store.counted().batches, Some(2));
        store.close().unwrap();
    }

    #[test]
    fn of_one_key_the_furthest_is_committed_and_what_waits_at_the_end_is_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let store = GroupCommit::<crate::checkpoints::keeper::RewrittenJson>::open(&path).unwrap();
        let mut answers = together(&store, &[(1, 9), (1, 4)]);
        // Nobody waits for the second one any more.
        answers.pop();
        store.close().unwrap();
        assert!(answers.remove(0).blocking_recv().unwrap().is_ok());
        let stored = crate::checkpoints::keeper::RewrittenJson::open(&path).unwrap();
        assert_eq!(stored.load(&key(1)).unwrap(), Some(9));
    }
}
