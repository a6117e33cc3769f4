//! One strategy at work: writers that commit positions, in one process.
//!
//! * [`Duty`], what a process is to do, and [`Done`], what it did; both go from process to process.
//! * [`Store`], what it is done on; `inspection`, what is there afterwards.

mod cue;
mod folder;
pub(crate) mod inspection;
mod ledger;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

pub(crate) use crate::checkpoints::shift::cue::{Mark, READY, START};
use crate::checkpoints::shift::folder::Watch;
use crate::checkpoints::shift::ledger::Ledger;
use crate::checkpoints::store::{self, CommitLater, CommitNow, Fault, Store};
use crate::harness::processor;

/// What one process is to do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Duty {
    /// The name of the strategy.
    pub(crate) strategy: String,
    /// Where its store is.
    pub(crate) path: PathBuf,
    /// How many writers there are.
    pub(crate) writers: u64,
    /// The number of the first key of this process.
    pub(crate) first_key: u64,
    /// How many keys it has.
    pub(crate) keys: u64,
    /// The first position that is committed, before writers begin.
    pub(crate) from: u64,
    /// How long no writer begins another commit.
    pub(crate) time: Duration,
    /// How many commits there are at most.
    pub(crate) commits: Option<u64>,
}

impl Duty {
    /// Returns the same of one of several processes, which has keys of its own.
    pub(crate) fn of(&self, process: u64) -> Self {
        Self {
            first_key: self.first_key + process * self.keys,
            ..self.clone()
        }
    }
}

/// What one process did.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Done {
    /// How long commits took, in nanoseconds, and how many took so long.
    pub(crate) latencies: Vec<(u64, u64)>,
    /// When the last one ended.
    pub(crate) end_ns: u64,
    /// The highest position that was acknowledged of each key that was committed.
    pub(crate) acknowledged: Vec<(u64, u64)>,
    /// The highest position that was asked for.
    pub(crate) asked: u64,
    /// How many batches the store counted.
    pub(crate) batches: Option<u64>,
    /// How many syncs the store counted.
    pub(crate) syncs: Option<u64>,
    /// Processor time of the process.
    pub(crate) cpu_ns: u64,
    /// What the store's files took, at the end or, where that was looked at all the while, at most.
    pub(crate) file_bytes: u64,
    /// How many files there were besides the one, in the same way.
    pub(crate) extra_files: u64,
}

/// Runs writers that are tasks of the calling thread.
pub(crate) fn tasks<S: CommitLater>(duty: &Duty) -> Result<Done, Fault> {
    let runtime = Builder::new_current_thread().build()?;
    measure(duty, |store: &Arc<S>, ledger| {
        runtime.block_on(async {
            let mut writers = JoinSet::new();
            for writer in 0..duty.writers {
                let (store, ledger) = (Arc::clone(store), Arc::clone(ledger));
                writers.spawn(async move { write_later(&*store, &ledger, writer).await });
            }
            while let Some(ended) = writers.join_next().await {
                ended.map_err(|_| Fault::Gone)??;
            }
            Ok(())
        })
    })
}

/// Runs writers that are threads.
pub(crate) fn threads<S: CommitNow>(duty: &Duty) -> Result<Done, Fault> {
    measure(duty, |store: &Arc<S>, ledger| {
        thread::scope(|scope| {
            let writers = (0..duty.writers).map(|writer| {
                let write = move || write_now(&**store, ledger, writer);
                thread::Builder::new()
                    .stack_size(STACK_BYTES)
                    .spawn_scoped(scope, write)
            });
            let writers: Vec<_> = writers.collect::<Result<_, _>>()?;
            for writer in writers {
                writer.join().map_err(|_| Fault::Gone)??;
            }
            Ok(())
        })
    })
}

const STACK_BYTES: usize = 256 * 1024;

async fn write_later<S: CommitLater>(store: &S, ledger: &Ledger, writer: u64) -> Result<(), Fault> {
    let mut start_ns = ledger.now_ns();
    let mut turn = 0;
    while let Some(commit) = ledger.next(writer, turn, start_ns) {
        store.commit(commit.key, commit.sequence).await?;
        start_ns = ledger.enter(&commit, start_ns);
        turn += 1;
    }
    Ok(())
}

fn write_now<S: CommitNow>(store: &S, ledger: &Ledger, writer: u64) -> Result<(), Fault> {
    let mut start_ns = ledger.now_ns();
    let mut turn = 0;
    while let Some(commit) = ledger.next(writer, turn, start_ns) {
        if !store.commit(commit.key, commit.sequence, ledger.until(&commit))? {
            break;
        }
        start_ns = ledger.enter(&commit, start_ns);
        turn += 1;
    }
    Ok(())
}

fn measure<S: Store>(
    duty: &Duty,
    work: impl FnOnce(&Arc<S>, &Arc<Ledger>) -> Result<(), Fault>,
) -> Result<Done, Fault> {
    let store = Arc::new(S::open(&duty.path)?);
    // What a store does once, before its first commit, is none of what commits cost.
    store.commit_many(&[(store::key(duty.first_key), duty.from)])?;
    let ledger = Ledger::new(duty);
    // Looking at a folder again and again costs, so it is done only where the peak is asked for.
    let watch = duty.commits.map(|_| Watch::begin(&duty.path)).transpose()?;
    cue::wait_for_start()?;
    let before = store.counted();
    let cpu_ns = processor::process_ns();
    let ledger = Arc::new(ledger.begin(duty.time));
    work(&store, &ledger)?;
    let cpu_ns = processor::process_ns().saturating_sub(cpu_ns);
    cue::mark(Mark::End);
    let after = store.counted();
    let (file_bytes, extra_files) = match watch {
        Some(watch) => watch.end()?,
        None => folder::look(&duty.path)?,
    };
    let store = Arc::try_unwrap(store).map_err(|_| Fault::Gone)?;
    store.close()?;
    let difference = |after: Option<u64>, before: Option<u64>| Some(after? - before?);
    Ok(Done {
        batches: difference(after.batches, before.batches),
        syncs: difference(after.syncs, before.syncs),
        cpu_ns,
        file_bytes,
        extra_files,
        ..ledger.done()
    })
}
