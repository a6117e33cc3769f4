//! What waits for the thread of a file.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use forebay_rt::wake_all;

use crate::error::CheckpointError;
use crate::file::decide::{What, Wish};
use crate::file::slot::{Promise, Slot};

pub(crate) struct Queue {
    inner: Mutex<Inner>,
    /// For the thread of the file: there is something to do, or nobody left to do it for.
    arrived: Condvar,
    /// For the watchdog: the lock is being waited for, or the thread has ended.
    watched: Condvar,
    /// For threads that found the queue full.
    room: Condvar,
    most: usize,
}

struct Inner {
    entries: VecDeque<Entry>,
    /// How many handles there are, without which nobody can ask for anything.
    handles: usize,
    /// Tasks that found the queue full.
    crowd: Vec<Waker>,
    /// Whether the thread waits for the lock, so that others may wait for the thread for too long.
    lock_wait: bool,
    /// Whether the thread is to look at the time it was given anew.
    nudged: bool,
    ended: bool,
}

pub(crate) struct Entry {
    pub(crate) task: Task,
    pub(crate) pace: Pace,
    /// Until when it waits for the lock.
    pub(crate) deadline: Option<Instant>,
    pub(crate) promise: Promise,
}

/// Why something was not queued.
pub(crate) enum Refused {
    /// There is no room for it now.
    Full(Entry),
    /// Nobody would do it any more.
    Ended,
}

pub(crate) enum Task {
    Change(Vec<Wish>),
    /// Take in what others have written.
    Refresh,
    /// Make all that was written durable.
    Flush,
}

/// When what was changed is to be durable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pace {
    BeforeAnswer,
    Within(Duration),
    Whenever,
}

/// What the thread of a file is to do next.
pub(crate) enum Turn {
    /// Something is queued; whether a file is needed for it.
    Work { create: bool },
    /// The time given has come.
    Due,
    /// Nobody is left who could ask for anything.
    End,
}

impl Queue {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                entries: VecDeque::new(),
                handles: 1,
                crowd: Vec::new(),
                lock_wait: false,
                nudged: false,
                ended: false,
            }),
            arrived: Condvar::new(),
            watched: Condvar::new(),
            room: Condvar::new(),
            most,
        }
    }

    /// Nothing panics under this lock but what allocates.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an entry, or gives it back where there is no room; with `waker`, that is then woken
    /// when there is.
    pub(crate) fn push(&self, entry: Entry, waker: Option<Waker>) -> Result<(), Refused> {
        let mut inner = self.inner();
        if inner.ended {
            return Err(Refused::Ended);
        }
        if inner.entries.len() >= self.most {
            inner.crowd.extend(waker);
            return Err(Refused::Full(entry));
        }
        let watched = inner.lock_wait && entry.deadline.is_some();
        inner.entries.push_back(entry);
        let first = inner.entries.len() == 1;
        drop(inner);
        if first {
            self.arrived.notify_one();
        }
        if watched {
            self.watched.notify_one();
        }
        Ok(())
    }

    /// Queues an entry when there is room for it.
    pub(crate) fn push_blocking(&self, mut entry: Entry) -> Result<(), CheckpointError> {
        loop {
            match self.push(entry, None) {
                Ok(()) => return Ok(()),
                Err(Refused::Full(back)) => entry = back,
                Err(Refused::Ended) => return Err(CheckpointError::Closed),
            }
            let inner = self.inner();
            if inner.entries.len() >= self.most && !inner.ended {
                drop(
                    self.room
                        .wait(inner)
                        .unwrap_or_else(PoisonError::into_inner),
                );
            }
        }
    }

    /// Waits for something to do, at most until `due`.
    pub(crate) fn next(&self, due: Option<Instant>) -> Turn {
        let mut inner = self.inner();
        loop {
            if !inner.entries.is_empty() {
                let create = inner
                    .entries
                    .iter()
                    .any(|entry| matches!(entry.task, Task::Change(_)));
                return Turn::Work { create };
            }
            if inner.handles == 0 {
                return Turn::End;
            }
            if std::mem::take(&mut inner.nudged) {
                return Turn::Due;
            }
            inner = match due {
                None => self
                    .arrived
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let left = due.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Turn::Due;
                    }
                    let waited = self.arrived.wait_timeout(inner, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Has the thread look at the time it was given anew.
    pub(crate) fn nudge(&self) {
        self.inner().nudged = true;
        self.arrived.notify_one();
    }

    /// Takes what is queued, as much as fits into one frame.
    pub(crate) fn drain(&self, bytes_max: usize) -> Vec<Entry> {
        let mut inner = self.inner();
        let mut bytes = 0;
        let fits = |entry: &&Entry| {
            bytes += entry.bytes();
            bytes <= bytes_max
        };
        let count = inner.entries.iter().take_while(fits).count().max(1);
        let count = count.min(inner.entries.len());
        let drained: Vec<_> = inner.entries.drain(..count).collect();
        let crowd = std::mem::take(&mut inner.crowd);
        drop(inner);
        self.room.notify_all();
        wake_all(crowd);
        drained
    }

    /// Says whether the thread now waits for the lock.
    pub(crate) fn waits_for_lock(&self, waits: bool) {
        let mut inner = self.inner();
        inner.lock_wait = waits;
        drop(inner);
        if waits {
            self.watched.notify_one();
        }
    }

    /// Withdraws entries whose time is up while the thread waits for the lock; returns when the
    /// thread has ended.
    pub(crate) fn watch(&self, timed_out: impl Fn() -> CheckpointError) {
        let mut inner = self.inner();
        while !inner.ended {
            let deadlines = inner.entries.iter().filter_map(|entry| entry.deadline);
            let next = deadlines.min().filter(|_| inner.lock_wait);
            let Some(next) = next else {
                inner = self
                    .watched
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = next.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                let waited = self.watched.wait_timeout(inner, left);
                inner = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let now = Instant::now();
            let is_up = |entry: &Entry| entry.deadline.is_some_and(|deadline| deadline <= now);
            let (up, rest): (Vec<_>, Vec<_>) = inner.entries.drain(..).partition(is_up);
            inner.entries = rest.into();
            let crowd = std::mem::take(&mut inner.crowd);
            drop(inner);
            let woken: Vec<_> = up
                .into_iter()
                .filter_map(|entry| entry.promise.keep(Err(timed_out())))
                .collect();
            self.room.notify_all();
            wake_all(woken.into_iter().chain(crowd));
            inner = self.inner();
        }
    }

    /// Adds a handle, unless nobody serves the queue any more.
    pub(crate) fn join(&self) -> bool {
        let mut inner = self.inner();
        let alive = inner.handles > 0 && !inner.ended;
        inner.handles += usize::from(alive);
        alive
    }

    /// Takes a handle away; returns whether it was the last.
    pub(crate) fn part(&self) -> bool {
        let mut inner = self.inner();
        inner.handles = inner.handles.saturating_sub(1);
        let last = inner.handles == 0;
        drop(inner);
        if last {
            self.arrived.notify_one();
        }
        last
    }

    /// Ends the queue: what is in it, or comes now, is refused.
    pub(crate) fn end(&self) {
        let mut inner = self.inner();
        inner.ended = true;
        let entries = std::mem::take(&mut inner.entries);
        let crowd = std::mem::take(&mut inner.crowd);
        drop(inner);
        let refused = entries
            .into_iter()
            .filter_map(|entry| entry.promise.keep(Err(CheckpointError::Closed)));
        wake_all(refused.chain(crowd).collect::<Vec<_>>());
        self.room.notify_all();
        self.watched.notify_all();
    }

    pub(crate) fn len(&self) -> usize {
        self.inner().entries.len()
    }
}

impl Entry {
    pub(crate) fn new(task: Task, pace: Pace, deadline: Option<Instant>) -> (Self, Arc<Slot>) {
        let slot = Arc::new(Slot::default());
        let entry = Self {
            task,
            pace,
            deadline,
            promise: Promise::new(&slot),
        };
        (entry, slot)
    }

    fn bytes(&self) -> usize {
        match &self.task {
            Task::Change(wishes) => bytes(wishes),
            Task::Refresh | Task::Flush => 0,
        }
    }
}

/// How many bytes the records of these changes take at most.
pub(crate) fn bytes(wishes: &[Wish]) -> usize {
    const RECORD: usize = 64;
    const LABEL: usize = RECORD + crate::limits::LABEL_BYTES_MAX;
    let one = |wish: &Wish| match &wish.what {
        What::Commit(checkpoint) | What::Reset(checkpoint) => {
            RECORD + checkpoint.event_id().map_or(0, str::len)
        }
        What::Remove => RECORD,
        // It writes all that is known of the key.
        What::Claim => RECORD + crate::limits::EVENT_ID_BYTES_MAX + LABEL,
        What::Label(_) => RECORD + LABEL,
    };
    wishes.iter().map(one).sum()
}
