//! What the handles to one file share.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use forebay_core::Outcome;

use crate::error::CheckpointError;
use crate::file::counters::Counters;
use crate::file::engine::{MARK_BYTES, Mark};
use crate::file::io::{Identity, Io, read_into};
use crate::file::observe::Metrics;
use crate::file::options::Options;
use crate::file::queue::Queue;
use crate::file::slot::Slot;
use crate::file::stats::Salvage;
use crate::file::table::Table;
use crate::file::worker::Worker;
use crate::watch::Watchers;

pub(crate) struct Shared<I: Io> {
    pub(crate) path: Arc<Path>,
    pub(crate) published: Arc<RwLock<Table>>,
    pub(crate) watchers: Arc<Watchers>,
    pub(crate) queue: Queue,
    /// The process that opened it: its forks have no thread.
    pub(crate) process: u32,
    /// Answered when the thread has ended and given back all it had.
    pub(crate) gone: Slot,
    pub(super) metrics: Metrics,
    pub(super) io: Arc<I>,
    seen: Mutex<Seen<I::File>>,
}

/// What the thread has seen last.
pub(super) struct Seen<F> {
    /// The file, and which one it is. As long as it is open here, no other file gets its identity.
    pub(super) file: Option<(Arc<F>, Identity)>,
    /// The same file and its tail, if there is anything in it.
    pub(super) tail: Option<(Arc<F>, u64, Mark)>,
    pub(super) lock_timeouts: u64,
    pub(super) counters: Counters,
    pub(super) salvaged: Option<Arc<Salvage>>,
}

impl<I: Io> Shared<I> {
    /// Starts the thread of a file.
    pub(crate) fn start(
        io: Arc<I>,
        path: Arc<Path>,
        options: &Options,
    ) -> Result<Arc<Self>, CheckpointError> {
        let shared = Arc::new(Self {
            metrics: Metrics::new(&path),
            path,
            published: Arc::default(),
            watchers: Arc::default(),
            queue: Queue::new(options.queue_len_max),
            process: std::process::id(),
            gone: Slot::default(),
            io,
            seen: Mutex::new(Seen {
                file: None,
                tail: None,
                lock_timeouts: 0,
                counters: Counters::default(),
                salvaged: None,
            }),
        });
        let started = Worker::new(&shared, options).start();
        started.map_err(|error| shared.error("start a thread for", error))?;
        Ok(shared)
    }

    /// Whether somebody has written since the thread looked last: a look at the tail tells.
    pub(crate) fn is_stale(&self) -> bool {
        // An empty file is replaced, and would show nothing of that.
        let seen = self.seen().tail.clone();
        let Some((file, tail, mark)) = seen else {
            return true;
        };
        let mut look = [0; MARK_BYTES + 8];
        let read = read_into(&*self.io, &file, tail - MARK_BYTES as u64, &mut look);
        let (before, behind) = look.split_at(MARK_BYTES);
        let is_same = *before == mark && behind == [0; 8];
        !(is_same && matches!(read, Ok(MARK_BYTES | 40)))
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        self.seen().file.as_ref().map(|(_, identity)| *identity)
    }

    pub(crate) fn counters(&self) -> Counters {
        self.seen().counters
    }

    /// How many calls were withdrawn since another process kept the lock.
    pub(crate) fn lock_timeouts(&self) -> u64 {
        self.seen().lock_timeouts
    }

    pub(crate) fn salvaged(&self) -> Option<Arc<Salvage>> {
        self.seen().salvaged.clone()
    }

    pub(super) fn seen(&self) -> std::sync::MutexGuard<'_, Seen<I::File>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self) {
        let mut seen = self.seen();
        let before = (seen.file.take(), seen.tail.take());
        drop(seen);
        drop(before);
    }

    pub(super) fn error(&self, doing: &'static str, error: io::Error) -> CheckpointError {
        CheckpointError::Io {
            doing,
            path: Arc::clone(&self.path),
            source: Arc::new(error),
            outcome: Outcome::NotCommitted,
        }
    }

    pub(super) fn timed_out(&self) -> CheckpointError {
        self.seen().lock_timeouts += 1;
        self.metrics.lock_timed_out(&self.path);
        let path = Arc::clone(&self.path);
        CheckpointError::LockTimeout { path }
    }
}
