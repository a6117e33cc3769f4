//! One timer for all bounds on waiting of a group.
//!
//! Followers leave their deadline beside their waker. The first one starts a task that sleeps
//! until the earliest deadline, marks and wakes the followers whose time has come, and sleeps
//! again; it ends when there is no deadline left, or with the group. So a bound costs a follower
//! a look at the clock, not a timer of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::runtime::{BoxFuture, Runtime, RuntimeGone};
use crate::sync::{AtomicU64, Mutex, lock};
use crate::table::waiters::{NEVER, wake_all};

/// Expired followers are woken at most this much after their deadline, and as rarely, as tokio's
/// own timers are.
const GRAIN: Duration = Duration::from_millis(1);

/// The part of a group that its alarm looks after.
pub(crate) trait Timed: Send + Sync + 'static {
    /// Wakes the followers whose deadline is not after `now`; returns the earliest other one.
    fn expire(&self, now: u64) -> u64;

    /// Wakes all followers that have a deadline, so that they arm another alarm.
    fn wake_timed(&self);
}

pub(crate) struct Alarm {
    runtime: Arc<dyn Runtime>,
    clock: Arc<Clock>,
}

struct Clock {
    /// No deadline that was there before this was stored will be missed until then. Followers
    /// read it after they left their deadline, so a deadline is either seen by the sweep that
    /// follows a store of `NEVER`, or its follower sees that store and arms the alarm again.
    next: AtomicU64,
    state: Mutex<State>,
}

struct State {
    /// When the task is to sweep next.
    due: u64,
    running: bool,
    closed: bool,
    /// The runtime has no working timer, so there is no point in trying again.
    broken: bool,
    task: Option<Waker>,
}

impl Alarm {
    pub(crate) fn new(runtime: Arc<dyn Runtime>) -> Self {
        let state = State {
            due: NEVER,
            running: false,
            closed: false,
            broken: false,
            task: None,
        };
        let clock = Clock {
            next: AtomicU64::new(NEVER),
            state: Mutex::new(state),
        };
        Self {
            runtime,
            clock: Arc::new(clock),
        }
    }

    pub(crate) fn runtime(&self) -> &dyn Runtime {
        &*self.runtime
    }

    pub(crate) fn now(&self) -> u64 {
        nanos(self.runtime.now())
    }

    /// Sees to it that followers are woken at `deadline`.
    pub(crate) fn arm<T: Timed>(&self, group: &Weak<T>, deadline: u64) -> Result<(), RuntimeGone> {
        if deadline >= self.clock.next.load(Ordering::Acquire) {
            return Ok(());
        }
        let (start, wake) = {
            let mut state = lock(&self.clock.state);
            if state.broken {
                return Err(RuntimeGone);
            }
            if state.running && deadline >= state.due {
                return Ok(());
            }
            state.due = state.due.min(deadline);
            self.clock.next.store(state.due, Ordering::Release);
            (
                !std::mem::replace(&mut state.running, true),
                state.task.take(),
            )
        };
        wake_all(wake);
        if !start {
            return Ok(());
        }
        let task = Task {
            group: Weak::clone(group),
            runtime: Arc::clone(&self.runtime),
            clock: Arc::clone(&self.clock),
            sleep: None,
            swept: 0,
            finished: false,
        };
        self.runtime.spawn(Box::pin(task))
    }
}

impl Drop for Alarm {
    /// Ends the task: nothing is left to wait for.
    fn drop(&mut self) {
        let mut state = lock(&self.clock.state);
        state.closed = true;
        let task = state.task.take();
        drop(state);
        wake_all(task);
    }
}

struct Task<T: Timed> {
    group: Weak<T>,
    runtime: Arc<dyn Runtime>,
    clock: Arc<Clock>,
    /// The timer, and what it is set to.
    sleep: Option<(u64, BoxFuture<'static, ()>)>,
    swept: u64,
    finished: bool,
}

impl<T: Timed> Future for Task<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            let Some(due) = this.clock.due(cx.waker()) else {
                this.finished = true;
                return Poll::Ready(());
            };
            let due = due.max(this.swept.saturating_add(nanos(GRAIN)));
            match catch_unwind(AssertUnwindSafe(|| this.poll_sleep(due, cx))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(())) => {}
                // Tokio's timers panic where a runtime was built without them. The task ends as if
                // the runtime had, and the followers are told.
                Err(_) => {
                    this.clock.break_down();
                    return Poll::Ready(());
                }
            }
            this.sleep = None;
            this.clock.sweep_begins();
            let Some(group) = this.group.upgrade() else {
                this.finished = true;
                return Poll::Ready(());
            };
            this.swept = nanos(this.runtime.now());
            let next = group.expire(this.swept);
            this.clock.sweep_ended(next);
        }
    }
}

impl<T: Timed> Task<T> {
    fn poll_sleep(&mut self, due: u64, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = match &mut self.sleep {
            Some((set, sleep)) if *set == due => sleep,
            _ => {
                let sleep = self.runtime.sleep_until(Duration::from_nanos(due));
                &mut self.sleep.insert((due, sleep)).1
            }
        };
        sleep.as_mut().poll(cx)
    }
}

impl<T: Timed> Drop for Task<T> {
    /// Where the runtime shut down before the deadlines came, the followers arm a new alarm on
    /// theirs.
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        self.clock.stop();
        if let Some(group) = self.group.upgrade() {
            group.wake_timed();
        }
    }
}

impl Clock {
    /// When to sweep next; `None` if there is nothing to wait for, and then the task has ended.
    fn due(&self, task: &Waker) -> Option<u64> {
        let mut state = lock(&self.state);
        if state.closed || state.due == NEVER {
            state.running = false;
            return None;
        }
        let due = state.due;
        let garbage = state.task.replace(task.clone());
        drop(state);
        drop(garbage);
        Some(due)
    }

    fn sweep_begins(&self) {
        let mut state = lock(&self.state);
        state.due = NEVER;
        self.next.store(NEVER, Ordering::Release);
    }

    /// Takes over the earliest deadline that the sweep has left, unless an earlier one came since.
    fn sweep_ended(&self, next: u64) {
        let mut state = lock(&self.state);
        state.due = state.due.min(next);
        self.next.store(state.due, Ordering::Release);
    }

    fn break_down(&self) {
        lock(&self.state).broken = true;
    }

    fn stop(&self) {
        let mut state = lock(&self.state);
        state.running = false;
        state.due = NEVER;
        self.next.store(NEVER, Ordering::Release);
    }
}

/// Nanoseconds, which last for centuries.
pub(crate) const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos < NEVER as u128 {
        nanos as u64
    } else {
        NEVER - 1
    }
}
