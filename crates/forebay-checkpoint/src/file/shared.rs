//! What the handles to one file share, and the thread that works for them.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use forebay_core::Outcome;
use forebay_rt::wake_all;

use crate::error::CheckpointError;
use crate::file::counters::Counters;
use crate::file::decide::Wish;
use crate::file::engine::{Engine, Entered, Job, read};
use crate::file::frame::RECORDS_BYTES_MAX;
use crate::file::io::{Io, retried};
use crate::file::observe::{Metrics, Turned};
use crate::file::options::Options;
use crate::file::queue::{Entry, Pace, Queue, Task, Turn};
use crate::file::slot::{Answers, Promise, Slot};
use crate::file::stats::Salvage;
use crate::file::table::Table;
use crate::watch::Watchers;

/// So many bytes of records are put into one frame, as far as one call does not have more.
const BATCH_BYTES: usize = RECORDS_BYTES_MAX / 2;

pub(crate) struct Shared<I: Io> {
    pub(crate) path: Arc<Path>,
    pub(crate) published: Arc<RwLock<Table>>,
    pub(crate) watchers: Arc<Watchers>,
    pub(crate) queue: Queue,
    /// The process that opened it: its forks have no thread.
    pub(crate) process: u32,
    /// Answered when the thread has ended and given back all it had.
    pub(crate) gone: Slot,
    metrics: Metrics,
    io: Arc<I>,
    seen: Mutex<Seen<I::File>>,
}

/// What the thread has seen last.
struct Seen<F> {
    /// The file and its tail. As long as it is open here, no other file gets its identity.
    tail: Option<(Arc<F>, u64)>,
    identity: Option<(u64, u64)>,
    lock_timeouts: u64,
    counters: Counters,
    salvaged: Option<Arc<Salvage>>,
}

impl<I: Io> Shared<I> {
    /// Starts the thread of a file.
    pub(crate) fn start(
        io: Arc<I>,
        path: Arc<Path>,
        options: &Options,
    ) -> Result<Arc<Self>, CheckpointError> {
        let shared = Arc::new(Self {
            path: Arc::clone(&path),
            published: Arc::default(),
            watchers: Arc::default(),
            queue: Queue::new(options.queue_len_max),
            process: std::process::id(),
            gone: Slot::default(),
            metrics: Metrics::new(&path),
            io: Arc::clone(&io),
            seen: Mutex::new(Seen {
                tail: None,
                identity: None,
                lock_timeouts: 0,
                counters: Counters::default(),
                salvaged: None,
            }),
        });
        let engine = Engine::new(
            io,
            path,
            options.settings.clone(),
            Arc::clone(&shared.published),
            Arc::clone(&shared.watchers),
        );
        let worker = Worker {
            shared: Arc::clone(&shared),
            engine,
            flush_due: None,
            look_every: options.look_every,
            has_watchdog: false,
            lock_waits: 0,
        };
        let thread = thread::Builder::new().name("forebay-checkpoint".to_owned());
        match thread.spawn(move || worker.run()) {
            Ok(_) => Ok(shared),
            Err(error) => Err(shared.error("start a thread for", error)),
        }
    }

    /// Whether somebody has written since the thread looked last: a look at the tail tells.
    pub(crate) fn is_stale(&self) -> bool {
        // An empty file is replaced, and would show nothing of that.
        let seen = self.seen().tail.clone().filter(|(_, tail)| *tail > 0);
        let Some((file, tail)) = seen else {
            return true;
        };
        let mut head = [0; 8];
        let read = retried(|| self.io.read_at(&file, &mut head, tail));
        // Less than was asked for says nothing, but for nothing at all at the end of the file.
        let is_end = matches!(read, Ok(0)) || matches!(read, Ok(8) if head == [0; 8]);
        !is_end
    }

    pub(crate) fn identity(&self) -> Option<(u64, u64)> {
        self.seen().identity
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

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen<I::File>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self) {
        let mut seen = self.seen();
        seen.identity = None;
        let before = seen.tail.take();
        drop(seen);
        drop(before);
    }

    fn error(&self, doing: &'static str, error: io::Error) -> CheckpointError {
        CheckpointError::Io {
            doing,
            path: Arc::clone(&self.path),
            source: Arc::new(error),
            outcome: Outcome::NotCommitted,
        }
    }

    fn timed_out(&self) -> CheckpointError {
        self.seen().lock_timeouts += 1;
        self.metrics.lock_timed_out(&self.path);
        let path = Arc::clone(&self.path);
        CheckpointError::LockTimeout { path }
    }
}

struct Worker<I: Io> {
    shared: Arc<Shared<I>>,
    engine: Engine<I>,
    /// Until when what was written is to be durable.
    flush_due: Option<Instant>,
    look_every: Option<Duration>,
    has_watchdog: bool,
    lock_waits: u64,
}

/// Ends the queue however the thread ends.
struct End<I: Io>(Arc<Shared<I>>);

impl<I: Io> Drop for End<I> {
    fn drop(&mut self) {
        self.0.queue.end();
        wake_all(self.0.watchers.close());
        wake_all(self.0.gone.answer(Ok(Vec::new())));
    }
}

impl<I: Io> Worker<I> {
    fn run(mut self) {
        let end = End(Arc::clone(&self.shared));
        let mut look_due = None;
        loop {
            let watched = self.shared.watchers.count() > 0;
            if !watched {
                look_due = None;
            } else if look_due.is_none() {
                look_due = self.look_every.map(|every| Instant::now() + every);
            }
            let due = self.flush_due.into_iter().chain(look_due).min();
            match self.shared.queue.next(due) {
                Turn::Work { create } => self.turn(create, false),
                Turn::Due => {
                    let is_due =
                        |due: Option<Instant>| due.is_some_and(|due| due <= Instant::now());
                    let flush = is_due(self.flush_due);
                    let look = is_due(look_due);
                    if look {
                        look_due = None;
                    }
                    if flush || (look && self.shared.is_stale()) {
                        self.turn(false, flush);
                    }
                }
                Turn::End => break,
            }
        }
        if self.flush_due.is_some() {
            self.turn(false, true);
        }
        // The file is closed, and with it its lock given back, before anybody is told.
        drop(self.engine);
        self.shared.forget();
        drop(end);
    }

    /// Gets the lock, does what is queued, and gives the lock back.
    fn turn(&mut self, create: bool, flush: bool) {
        let mut entered = self.enter(create);
        let entries = self.shared.queue.drain(BATCH_BYTES);
        let changes = |entry: &Entry| matches!(entry.task, Task::Change(_));
        if matches!(entered, Ok(false)) && entries.iter().any(changes) {
            entered = self.enter(true);
        }
        match entered {
            Ok(true) => {}
            Ok(false) => {
                self.engine.publish_nothing();
                self.note();
                answer(entries, &Ok(Vec::new()));
                return wake_all(self.engine.take_woken());
            }
            Err(error) => {
                self.engine.leave();
                self.flush_later(flush);
                return answer(entries, &Err(error));
            }
        }
        let (began, before, calls) = (Instant::now(), self.shared.counters(), entries.len());
        let mut work = Work::sort(entries);
        let sync = flush || work.flushes;
        let worked = self.engine.work(&mut work.jobs, sync);
        self.plan_flush(&work, worked.is_err() && flush);
        self.note();
        if self.engine.needs_tending() {
            work.answer(&worked);
            self.engine.tend();
            self.note();
            self.engine.leave();
        } else {
            self.engine.leave();
            work.answer(&worked);
        }
        wake_all(self.engine.take_woken());
        let turned = Turned {
            calls,
            queued: self.shared.queue.len(),
            keys: read(&self.shared.published).keys(),
            took: began.elapsed(),
        };
        let now = self.shared.counters();
        self.shared.metrics.turned(&before, &now, turned);
    }

    fn enter(&mut self, create: bool) -> Result<bool, CheckpointError> {
        loop {
            let file = match self.engine.enter(create)? {
                Entered::Locked => return Ok(true),
                Entered::Nothing => return Ok(false),
                Entered::Busy(file) => file,
            };
            self.start_watchdog()?;
            self.shared.queue.waits_for_lock(true);
            let began = Instant::now();
            let locked = retried(|| self.shared.io.lock(&file));
            self.shared.queue.waits_for_lock(false);
            self.lock_waits += 1;
            let (metrics, path) = (&self.shared.metrics, &self.shared.path);
            metrics.lock_waited(path, began.elapsed());
            locked.map_err(|error| self.shared.error("lock", error))?;
            if self.engine.confirm()? {
                return Ok(true);
            }
        }
    }

    /// While this thread waits for the lock, another one has to look at the time.
    fn start_watchdog(&mut self) -> Result<(), CheckpointError> {
        if self.has_watchdog {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("forebay-checkpoint-watchdog".to_owned());
        let started = thread.spawn(move || shared.queue.watch(|| shared.timed_out()));
        started.map_err(|error| self.shared.error("start a thread for", error))?;
        self.has_watchdog = true;
        Ok(())
    }

    fn plan_flush(&mut self, work: &Work, failed: bool) {
        if !self.engine.is_unsynced() {
            self.flush_due = None;
            return;
        }
        if failed {
            return self.flush_later(true);
        }
        let due = work.within.map(|within| Instant::now() + within);
        self.flush_due = self.flush_due.into_iter().chain(due).min();
    }

    /// What could not be made durable is tried again, though not at once.
    fn flush_later(&mut self, flush: bool) {
        if flush {
            self.flush_due = Some(Instant::now() + Duration::from_secs(1));
        }
    }

    fn note(&self) {
        let mut seen = self.shared.seen();
        let before = std::mem::replace(&mut seen.tail, self.engine.tail());
        seen.identity = self.engine.identity();
        seen.counters = Counters {
            lock_waits: self.lock_waits,
            ..*self.engine.counters()
        };
        seen.salvaged = self.engine.salvaged().cloned();
        drop(seen);
        drop(before);
    }
}

/// What one turn has to do.
struct Work {
    jobs: Vec<Job>,
    promises: Vec<Promise>,
    /// Those who wait for no change.
    others: Vec<Promise>,
    flushes: bool,
    within: Option<Duration>,
}

impl Work {
    fn sort(entries: Vec<Entry>) -> Self {
        let mut work = Self {
            jobs: Vec::with_capacity(entries.len()),
            promises: Vec::with_capacity(entries.len()),
            others: Vec::new(),
            flushes: false,
            within: None,
        };
        for entry in entries {
            if let Pace::Within(within) = entry.pace {
                work.within = Some(work.within.map_or(within, |before| before.min(within)));
            }
            match entry.task {
                Task::Change(wishes) => {
                    let tells = wishes.iter().any(Wish::tells_epoch);
                    let durable = tells || entry.pace == Pace::BeforeAnswer;
                    work.jobs.push(Job::new(wishes, durable));
                    work.promises.push(entry.promise);
                }
                Task::Refresh => {
                    work.flushes |= entry.pace == Pace::BeforeAnswer;
                    work.others.push(entry.promise);
                }
                Task::Flush => {
                    work.flushes = true;
                    work.others.push(entry.promise);
                }
            }
        }
        work
    }

    fn answer(self, worked: &Result<(), CheckpointError>) {
        let changes = self.jobs.into_iter().zip(self.promises);
        let changes = changes.filter_map(|(job, promise)| promise.keep(job.result?));
        let others = self.others.into_iter();
        let others = others.filter_map(|promise| promise.keep(worked.clone().map(|()| Vec::new())));
        wake_all(changes.chain(others).collect::<Vec<_>>());
    }
}

fn answer(entries: Vec<Entry>, answers: &Answers) {
    let woken = entries
        .into_iter()
        .filter_map(|entry| entry.promise.keep(answers.clone()));
    wake_all(woken.collect::<Vec<_>>());
}
