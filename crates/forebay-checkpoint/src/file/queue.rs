//! What waits for the thread of a file.

#[cfg(test)]
#[cfg(forebay_loom)]
mod models;
mod room;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use forebay_rt::sync::{Condvar, Mutex, MutexGuard, lock, wait, wait_at_most};
use forebay_rt::wake_all;

use crate::error::CheckpointError;
use crate::file::decide::{What, Wish};
use crate::file::queue::room::{Crowd, Place};
use crate::file::slot::{Answers, Promise, Slot};

/// Calls whose time is up are given up so late at most, so that many that run out one after the
/// other are looked through together.
const EXPIRE_EVERY: Duration = Duration::from_millis(1);

pub(crate) struct Queue {
    inner: Mutex<Inner>,
    /// For the thread of the file: there is something to do, or nobody left to do it for.
    arrived: Condvar,
    /// For the watchdog: the lock is being waited for, or the thread has ended.
    expiring: Condvar,
    /// For threads that found the queue full.
    room: Condvar,
    most: usize,
}

struct Inner {
    queued: VecDeque<Queued>,
    /// How many handles there are, without which nobody can ask for anything.
    handles: usize,
    /// Tasks that found the queue full.
    crowd: Crowd,
    /// How many threads did.
    sleepers: usize,
    /// Whether the thread waits for the lock, so that others may wait for the thread for too long.
    lock_wait: bool,
    /// Until when the watchdog sleeps, unless that is until it is notified.
    expires: Option<Instant>,
    /// Whether the thread sleeps, without which there is nobody to notify.
    sleeps: bool,
    /// Whether the thread is to look at the time it was given anew.
    nudged: bool,
    ended: bool,
}

/// One call that waits.
pub(crate) struct Queued {
    pub(crate) task: Task,
    pub(crate) pace: Pace,
    /// Until when it waits for the lock.
    pub(crate) deadline: Option<Instant>,
    pub(crate) promise: Promise,
}

/// Why something was not queued.
pub(crate) enum Refused {
    /// There is no room for it now.
    Full,
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
                queued: VecDeque::new(),
                handles: 1,
                crowd: Crowd::default(),
                sleepers: 0,
                lock_wait: false,
                expires: None,
                sleeps: false,
                nudged: false,
                ended: false,
            }),
            arrived: Condvar::new(),
            expiring: Condvar::new(),
            room: Condvar::new(),
            most,
        }
    }

    /// Nothing panics under this lock but what allocates.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Queues a call, or gives it back where there is no room.
    pub(crate) fn push(&self, queued: Queued) -> Result<(), Refused> {
        let inner = self.inner();
        if inner.ended {
            return Err(Refused::Ended);
        }
        if inner.queued.len() >= self.most {
            return Err(Refused::Full);
        }
        self.admit(inner, queued);
        Ok(())
    }

    /// Queues a call when there is room for it, in this thread.
    pub(crate) fn push_blocking(&self, queued: Queued) -> Result<(), CheckpointError> {
        let mut inner = self.inner();
        while !inner.ended && inner.queued.len() >= self.most {
            inner.sleepers += 1;
            inner = wait(&self.room, inner);
            inner.sleepers -= 1;
        }
        if inner.ended {
            return Err(CheckpointError::Closed);
        }
        self.admit(inner, queued);
        Ok(())
    }

    /// Queues a call when there is room, and waits for its answers.
    ///
    /// Dropped before it was queued, nothing was done; dropped later, it is carried out.
    pub(crate) async fn ask(&self, queued: Queued, slot: &Slot) -> Answers {
        let mut place = Place::new(self);
        let mut waiting = Some(queued);
        poll_fn(|cx| place.poll_push(&mut waiting, cx)).await?;
        drop(place);
        poll_fn(|cx| slot.poll(cx)).await
    }

    fn admit(&self, mut inner: MutexGuard<'_, Inner>, queued: Queued) {
        // The watchdog that sleeps for longer than this call may wait is to look again.
        let is_first_up = |deadline| inner.expires.is_none_or(|expires| deadline < expires);
        let expires = inner.lock_wait && queued.deadline.is_some_and(is_first_up);
        inner.queued.push_back(queued);
        let arrived = std::mem::take(&mut inner.sleeps);
        drop(inner);
        if arrived {
            self.arrived.notify_one();
        }
        if expires {
            self.expiring.notify_one();
        }
    }

    /// Lets in as many as there is room for.
    fn make_room(&self, mut inner: MutexGuard<'_, Inner>) {
        let room = self.most.saturating_sub(inner.queued.len());
        let crowd = inner.crowd.first(room);
        let sleepers = inner.sleepers.min(room);
        drop(inner);
        for _ in 0..sleepers {
            self.room.notify_one();
        }
        wake_all(crowd);
    }

    /// Waits for something to do, at most until `due`.
    pub(crate) fn next(&self, due: Option<Instant>) -> Turn {
        let mut inner = self.inner();
        loop {
            if !inner.queued.is_empty() {
                let mut tasks = inner.queued.iter().map(|queued| &queued.task);
                let create = tasks.any(|task| matches!(task, Task::Change(_)));
                return Turn::Work { create };
            }
            if inner.handles == 0 {
                return Turn::End;
            }
            if std::mem::take(&mut inner.nudged) {
                return Turn::Due;
            }
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Turn::Due;
            }
            inner.sleeps = true;
            inner = match left {
                None => wait(&self.arrived, inner),
                Some(left) => wait_at_most(&self.arrived, inner, left),
            };
            inner.sleeps = false;
        }
    }

    /// Has the thread look at the time it was given anew.
    pub(crate) fn nudge(&self) {
        self.inner().nudged = true;
        self.arrived.notify_one();
    }

    /// Takes what is queued, as much as fits into one block.
    pub(crate) fn drain(&self, bytes_max: usize) -> Vec<Queued> {
        let mut inner = self.inner();
        let mut bytes = 0;
        let fits = |queued: &&Queued| {
            bytes += queued.bytes();
            bytes <= bytes_max
        };
        let count = inner.queued.iter().take_while(fits).count().max(1);
        let count = count.min(inner.queued.len());
        let drained: Vec<_> = inner.queued.drain(..count).collect();
        self.make_room(inner);
        drained
    }

    /// Says whether the thread now waits for the lock.
    pub(crate) fn waits_for_lock(&self, waits: bool) {
        self.inner().lock_wait = waits;
        if waits {
            self.expiring.notify_one();
        }
    }

    /// Withdraws calls whose time is up while the thread waits for the lock; returns when the
    /// thread has ended.
    pub(crate) fn expire(&self, timed_out: impl Fn() -> CheckpointError) {
        let mut inner = self.inner();
        let mut not_before = None;
        while !inner.ended {
            let deadlines = inner.queued.iter().filter_map(|queued| queued.deadline);
            let next = deadlines.min().filter(|_| inner.lock_wait);
            inner.expires = next.max(next.and(not_before));
            let Some(expires) = inner.expires else {
                inner = wait(&self.expiring, inner);
                continue;
            };
            let now = Instant::now();
            let left = expires.saturating_duration_since(now);
            if !left.is_zero() {
                inner = wait_at_most(&self.expiring, inner, left);
                continue;
            }
            not_before = Some(now + EXPIRE_EVERY);
            let is_up = |queued: &Queued| queued.deadline.is_some_and(|deadline| deadline <= now);
            let (up, rest): (Vec<_>, Vec<_>) = inner.queued.drain(..).partition(is_up);
            inner.queued = rest.into();
            self.make_room(inner);
            answer(up, || Err(timed_out()));
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
        let queued = std::mem::take(&mut inner.queued);
        let crowd = inner.crowd.first(usize::MAX);
        drop(inner);
        self.room.notify_all();
        self.expiring.notify_all();
        wake_all(crowd);
        answer(queued, || Err(CheckpointError::Closed));
    }

    pub(crate) fn len(&self) -> usize {
        self.inner().queued.len()
    }
}

/// Answers to all of `queued` the same.
fn answer(queued: impl IntoIterator<Item = Queued>, answers: impl Fn() -> Answers) {
    let woken = queued.into_iter();
    let woken = woken.filter_map(|queued| queued.promise.keep(answers()));
    wake_all(woken.collect::<Vec<Waker>>());
}

impl Queued {
    pub(crate) fn new(task: Task, pace: Pace, deadline: Option<Instant>) -> (Self, Arc<Slot>) {
        let slot = Arc::new(Slot::default());
        let queued = Self {
            task,
            pace,
            deadline,
            promise: Promise::new(&slot),
        };
        (queued, slot)
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
