//! A runtime in the test's hand: its clock moves when told, its tasks are polled when told.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use forebay_events::{BoxFuture, Runtime, RuntimeGone};

/// Tasks are polled in the order in which they were woken, as executors do.
#[derive(Clone, Default)]
pub(crate) struct HandRuntime(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    sleepers: BTreeMap<usize, (Duration, Waker)>,
    sleeps_begun: usize,
    /// `None` while a task is being polled.
    tasks: BTreeMap<usize, Option<BoxFuture<'static, ()>>>,
    spawned: usize,
    woken: VecDeque<Arc<Woken>>,
    end: Option<Gone>,
}

/// What a runtime that was shut down does with a new task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gone {
    /// Refuses it.
    Refuses,
    /// Takes it and drops it at once, as tokio does.
    Drops,
}

pub(crate) const ENDS: [Gone; 2] = [Gone::Refuses, Gone::Drops];

struct Woken {
    task: usize,
    is_woken: AtomicBool,
    runtime: Weak<Mutex<State>>,
}

struct Sleep {
    runtime: HandRuntime,
    number: usize,
    deadline: Duration,
}

impl HandRuntime {
    /// Polls the task that was woken first; returns whether there was one.
    pub(crate) fn step(&self) -> bool {
        let Some((woken, mut future)) = self.next() else {
            return false;
        };
        woken.is_woken.store(false, SeqCst);
        let waker = Waker::from(Arc::clone(&woken));
        let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
        let garbage = {
            let mut state = self.lock();
            match state.tasks.get_mut(&woken.task) {
                Some(place) if poll.is_pending() => place.replace(future),
                // It is complete, or was shut down while it was polled.
                _ => {
                    state.tasks.remove(&woken.task);
                    Some(future)
                }
            }
        };
        drop(garbage);
        true
    }

    fn next(&self) -> Option<(Arc<Woken>, BoxFuture<'static, ()>)> {
        let mut state = self.lock();
        loop {
            let woken = state.woken.pop_front()?;
            let place = state.tasks.get_mut(&woken.task);
            if let Some(future) = place.and_then(Option::take) {
                return Some((woken, future));
            }
        }
    }

    /// Polls tasks until none of them is woken; returns how many polls that took.
    #[track_caller]
    pub(crate) fn run(&self) -> usize {
        for polls in 0..1_000_000 {
            if !self.step() {
                return polls;
            }
        }
        panic!("the tasks wake each other for ever");
    }

    /// Moves the clock, then runs the tasks until none of them has more to do.
    #[track_caller]
    pub(crate) fn advance(&self, by: Duration) {
        self.pass(by);
        self.run();
    }

    /// Moves the clock, and runs no task yet.
    pub(crate) fn pass(&self, by: Duration) {
        let due: BTreeMap<_, _> = {
            let mut state = self.lock();
            state.now += by;
            let now = state.now;
            let sleepers = mem::take(&mut state.sleepers).into_iter();
            let (due, later) = sleepers.partition(|(_, (deadline, _))| *deadline <= now);
            state.sleepers = later;
            due
        };
        due.into_values().for_each(|(_, waker)| waker.wake());
    }

    /// Drops every task, and takes no further one.
    pub(crate) fn shut_down(&self, end: Gone) {
        let tasks = {
            let mut state = self.lock();
            state.end = Some(end);
            mem::take(&mut state.tasks)
        };
        drop(tasks);
    }

    /// Returns how many tasks are not complete.
    pub(crate) fn tasks(&self) -> usize {
        self.lock().tasks.len()
    }

    /// Returns how many tasks were ever spawned.
    pub(crate) fn spawned(&self) -> usize {
        self.lock().spawned
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runtime for HandRuntime {
    fn now(&self) -> Duration {
        self.lock().now
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.lock();
        state.sleeps_begun += 1;
        Box::pin(Sleep {
            runtime: self.clone(),
            number: state.sleeps_begun,
            deadline,
        })
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        let mut state = self.lock();
        if let Some(end) = state.end {
            drop(state);
            return match end {
                Gone::Refuses => Err(RuntimeGone::new()),
                Gone::Drops => Ok(()),
            };
        }
        let task = state.spawned;
        state.spawned += 1;
        state.tasks.insert(task, Some(future));
        state.woken.push_back(Arc::new(Woken {
            task,
            is_woken: AtomicBool::new(true),
            runtime: Arc::downgrade(&self.0),
        }));
        Ok(())
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        if !self.is_woken.swap(true, SeqCst)
            && let Some(state) = self.runtime.upgrade()
        {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.woken.push_back(self);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut state = self.runtime.lock();
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        let garbage = state.sleepers.insert(self.number, (self.deadline, waker));
        drop(state);
        drop(garbage);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let own = self.runtime.lock().sleepers.remove(&self.number);
        // The waker is dropped after the lock: it may hold the task that holds this sleep.
        drop(own);
    }
}
