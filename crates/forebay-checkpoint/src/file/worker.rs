//! The thread that works for the handles to one file.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use forebay_rt::wake_all;

use crate::error::CheckpointError;
use crate::file::counters::Counters;
use crate::file::decide::Wish;
use crate::file::engine::{Engine, Entered, read};
use crate::file::format::block::RECORDS_BYTES_MAX;
use crate::file::io::{Io, retried};
use crate::file::job::Job;
use crate::file::observe::Turned;
use crate::file::options::Options;
use crate::file::queue::{Pace, Queued, Task, Turn};
use crate::file::shared::Shared;
use crate::file::slot::{Answers, Promise};

/// So many bytes of records are put into one block, as far as one call does not have more.
const BATCH_BYTES: usize = RECORDS_BYTES_MAX / 2;

/// Who has not seen another process for so many turns need not stand in line.
const ALONE_TURNS: u32 = 64;

/// It looks each time after so many turns whether somebody does.
const LOOK_TURNS: u32 = 32;

pub(super) struct Worker<I: Io> {
    shared: Arc<Shared<I>>,
    engine: Engine<I>,
    /// Until when what was written is to be durable.
    flush_due: Option<Instant>,
    look_every: Option<Duration>,
    has_watchdog: bool,
    lock_waits: u64,
    /// How long other processes have been waited for since the last turn, if they were.
    waited: Option<Duration>,
    /// Whether the locks of the file system are such that there can be a line in front of them.
    has_line: bool,
    /// So many turns went by without a sign of another process.
    alone: u32,
}

/// The first place in the line of those who want the lock, until it is dropped.
struct Line<I: Io> {
    shared: Arc<Shared<I>>,
    file: Arc<I::File>,
}

impl<I: Io> Drop for Line<I> {
    fn drop(&mut self) {
        self.shared.io.leave_line(&self.file);
    }
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
    pub(super) fn new(shared: &Arc<Shared<I>>, options: &Options) -> Self {
        let engine = Engine::new(
            Arc::clone(&shared.io),
            Arc::clone(&shared.path),
            options.settings.clone(),
            Arc::clone(&shared.published),
            Arc::clone(&shared.watchers),
        );
        Self {
            shared: Arc::clone(shared),
            engine,
            flush_due: None,
            look_every: options.look_every,
            has_watchdog: false,
            lock_waits: 0,
            waited: None,
            has_line: !options.settings.remote,
            alone: ALONE_TURNS,
        }
    }

    pub(super) fn start(self) -> io::Result<()> {
        let thread = thread::Builder::new().name("forebay-checkpoint".to_owned());
        thread.spawn(move || self.run()).map(drop)
    }

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
        let queued = self.shared.queue.drain(BATCH_BYTES);
        let changes = |one: &Queued| matches!(one.task, Task::Change(_));
        if matches!(entered, Ok(false)) && queued.iter().any(changes) {
            entered = self.enter(true);
        }
        match entered {
            Ok(true) => {}
            Ok(false) => {
                self.engine.publish_nothing();
                self.note();
                answer(queued, &Ok(Vec::new()));
                return wake_all(self.engine.take_woken());
            }
            Err(error) => {
                self.engine.leave();
                self.flush_later(flush);
                return answer(queued, &Err(error));
            }
        }
        let (began, before, calls) = (Instant::now(), self.shared.counters(), queued.len());
        let mut work = Work::sort(queued);
        let sync = flush || work.flushes;
        let worked = self.engine.work(&mut work.jobs, sync);
        self.plan_flush(&work, worked.is_err() && flush);
        self.note();
        // What could not be read is left as it is.
        if worked.is_ok() && self.engine.needs_tending() {
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
        let has_company = now.foreign_blocks != before.foreign_blocks;
        self.alone = if has_company {
            0
        } else {
            self.alone.saturating_add(1)
        };
        self.shared.metrics.turned(&before, &now, turned);
    }

    fn enter(&mut self, create: bool) -> Result<bool, CheckpointError> {
        let entered = self.enter_in_turn(create);
        if let Some(waited) = self.waited.take() {
            self.lock_waits += 1;
            let (metrics, path) = (&self.shared.metrics, &self.shared.path);
            metrics.lock_waited(path, waited);
        }
        entered
    }

    fn enter_in_turn(&mut self, create: bool) -> Result<bool, CheckpointError> {
        // Given back when the lock is there, and only then: who wants the lock next waits here.
        let mut line = self.line_up()?;
        loop {
            let file = match self.engine.enter(create)? {
                Entered::Locked => return Ok(true),
                Entered::Nothing => return Ok(false),
                Entered::Busy(file) => file,
            };
            if line.is_none() && self.has_line {
                line = self.wait_in_line(Arc::clone(&file))?;
            }
            self.wait(|io| io.lock(&file))?
                .map_err(|error| self.shared.error("lock", error))?;
            if self.engine.confirm()? {
                return Ok(true);
            }
        }
    }

    /// Gets in line for the lock where other processes want it too.
    ///
    /// The system wakes those who wait for a lock, and gives it to whoever asks first. That would
    /// be the one who has just given it back, again and again, as long as there is something to do.
    fn line_up(&mut self) -> Result<Option<Line<I>>, CheckpointError> {
        let looks = self.alone < ALONE_TURNS || self.alone.is_multiple_of(LOOK_TURNS);
        if !self.has_line || !looks {
            return Ok(None);
        }
        let Some((file, _)) = self.engine.file() else {
            return Ok(None);
        };
        match retried(|| self.shared.io.try_line_up(&file)) {
            Ok(true) => Ok(Some(self.line(file))),
            Ok(false) => self.wait_in_line(file),
            Err(_) => Ok(None),
        }
    }

    /// There is no harm but unfairness where this fails.
    fn wait_in_line(&mut self, file: Arc<I::File>) -> Result<Option<Line<I>>, CheckpointError> {
        let first = self.wait(|io| io.line_up(&file))?;
        Ok(first.is_ok().then(|| self.line(file)))
    }

    fn line(&self, file: Arc<I::File>) -> Line<I> {
        let shared = Arc::clone(&self.shared);
        Line { shared, file }
    }

    /// Waits for other processes, while another thread looks at the time.
    fn wait(
        &mut self,
        call: impl Fn(&I) -> io::Result<()>,
    ) -> Result<io::Result<()>, CheckpointError> {
        self.start_watchdog()?;
        self.alone = 0;
        self.shared.queue.waits_for_lock(true);
        let began = Instant::now();
        let waited = retried(|| call(&self.shared.io));
        self.shared.queue.waits_for_lock(false);
        *self.waited.get_or_insert_default() += began.elapsed();
        Ok(waited)
    }

    /// While this thread waits for the lock, another one has to look at the time.
    fn start_watchdog(&mut self) -> Result<(), CheckpointError> {
        if self.has_watchdog {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("forebay-checkpoint-watchdog".to_owned());
        let started = thread.spawn(move || shared.queue.expire(|| shared.timed_out()));
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
        let file = std::mem::replace(&mut seen.file, self.engine.file());
        let tail = std::mem::replace(&mut seen.tail, self.engine.tail());
        seen.counters = Counters {
            lock_waits: self.lock_waits,
            ..*self.engine.counters()
        };
        seen.salvaged = self.engine.salvaged().cloned();
        drop(seen);
        drop((file, tail));
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
    fn sort(queued: Vec<Queued>) -> Self {
        let mut work = Self {
            jobs: Vec::with_capacity(queued.len()),
            promises: Vec::with_capacity(queued.len()),
            others: Vec::new(),
            flushes: false,
            within: None,
        };
        for one in queued {
            if let Pace::Within(within) = one.pace {
                work.within = Some(work.within.map_or(within, |before| before.min(within)));
            }
            match one.task {
                Task::Change(wishes) => {
                    let tells = wishes.iter().any(Wish::tells_epoch);
                    let durable = tells || one.pace == Pace::BeforeAnswer;
                    work.jobs.push(Job::new(wishes, durable));
                    work.promises.push(one.promise);
                }
                Task::Refresh => {
                    work.flushes |= one.pace == Pace::BeforeAnswer;
                    work.others.push(one.promise);
                }
                Task::Flush => {
                    work.flushes = true;
                    work.others.push(one.promise);
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

fn answer(queued: Vec<Queued>, answers: &Answers) {
    let woken = queued
        .into_iter()
        .filter_map(|one| one.promise.keep(answers.clone()));
    wake_all(woken.collect::<Vec<_>>());
}
