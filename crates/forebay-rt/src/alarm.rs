//! One timer for all deadlines of a stage.
//!
//! Those who wait leave their deadline beside their waker. The first one starts a task that sleeps
//! until the earliest deadline, lets the stage wake those whose time has come, and sleeps again; it
//! ends when there is no deadline left, or with the stage. So a deadline costs who waits for it a
//! look at the clock, not a timer of its own.
//!
//! Take it where many wait with deadlines that mostly do not come: answers are there first. What
//! waits for one deadline alone is better off with a sleep of the [`Runtime`].
//!
//! # Examples
//!
//! A stage in which callers do nothing but wait:
//!
//! ```
//! # #[cfg(all(feature = "tokio", not(forebay_loom)))] {
//! use std::future::poll_fn;
//! use std::mem::take;
//! use std::sync::Arc;
//! use std::task::{Poll, Waker};
//! use std::time::Duration;
//!
//! use forebay_rt::alarm::{Alarm, NEVER, Timed, nanos};
//! use forebay_rt::sync::{Mutex, lock};
//! use forebay_rt::{TokioRuntime, wake_all};
//!
//! #[derive(Default)]
//! struct Stage {
//!     waiting: Mutex<Vec<(u64, Waker)>>,
//! }
//!
//! impl Timed for Stage {
//!     fn expire(&self, now: u64) -> u64 {
//!         let mut waiting = lock(&self.waiting);
//!         let due: Vec<_> = waiting.extract_if(.., |(deadline, _)| *deadline <= now).collect();
//!         let next = waiting.iter().map(|(deadline, _)| *deadline).min();
//!         drop(waiting);
//!         wake_all(due.into_iter().map(|(_, waker)| waker));
//!         next.unwrap_or(NEVER)
//!     }
//!
//!     fn wake_timed(&self) {
//!         let waiting = take(&mut *lock(&self.waiting));
//!         wake_all(waiting.into_iter().map(|(_, waker)| waker));
//!     }
//! }
//!
//! # let mut tokio = tokio::runtime::Builder::new_current_thread();
//! # tokio.enable_time().start_paused(true).build().unwrap().block_on(async {
//! let alarm = Alarm::new(Arc::new(TokioRuntime::new()));
//! let stage = Arc::new(Stage::default());
//! let deadline = alarm.now() + nanos(Duration::from_millis(20));
//! poll_fn(|cx| {
//!     if alarm.now() >= deadline {
//!         return Poll::Ready(());
//!     }
//!     // The deadline first, or the alarm could look before there is anything to see.
//!     lock(&stage.waiting).push((deadline, cx.waker().clone()));
//!     alarm.arm(&Arc::downgrade(&stage), deadline).expect("tokio runs");
//!     Poll::Pending
//! })
//! .await;
//! # });
//! # }
//! ```

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::runtime::{BoxFuture, Runtime, RuntimeGone};
use crate::sync::{AtomicU64, Mutex, lock};
use crate::wake::wake_all;

/// A deadline that never comes.
pub const NEVER: u64 = u64::MAX;

/// Those whose deadline has passed are woken at most this much after it, and as rarely, as tokio's
/// own timers are.
const GRAIN: Duration = Duration::from_millis(1);

/// The part of a stage that its alarm looks after.
///
/// Deadlines are in nanoseconds of the stage's runtime. Both functions are called by the alarm's
/// task and under no lock of the alarm, so they may take the stage's own, but should wake only
/// after they have let go of it.
pub trait Timed: Send + Sync + 'static {
    /// Wakes those whose deadline is not after `now`; returns the earliest other deadline, or
    /// [`NEVER`].
    fn expire(&self, now: u64) -> u64;

    /// Wakes all who have a deadline, so that they arm the alarm again.
    fn wake_timed(&self);
}

/// What wakes those who wait with a deadline; it ends when it is dropped.
pub struct Alarm {
    runtime: Arc<dyn Runtime>,
    clock: Arc<Clock>,
}

struct Clock {
    /// No deadline that was there before this was stored will be missed until then. Those
    /// who wait read it after they left their deadline, so a deadline is either seen by the sweep
    /// that follows a store of `NEVER`, or who left it sees that store and arms the alarm again.
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
    /// Creates an alarm that waits for nothing yet, so it has no task.
    ///
    /// # Examples
    ///
    /// See [`alarm`](self).
    #[must_use]
    pub fn new(runtime: Arc<dyn Runtime>) -> Self {
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

    /// Returns where the stage takes its time from and runs its tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "tokio")] {
    /// # use std::sync::Arc;
    /// # use forebay_rt::{TokioRuntime, alarm::{Alarm, nanos}};
    /// let alarm = Alarm::new(Arc::new(TokioRuntime::new()));
    /// // For times that go into an answer rather than into a table of deadlines.
    /// let began = alarm.runtime().now();
    /// assert!(nanos(began) <= alarm.now());
    /// # }
    /// ```
    #[inline]
    #[must_use]
    pub fn runtime(&self) -> &dyn Runtime {
        &*self.runtime
    }

    /// Returns what the runtime's clock shows, in nanoseconds.
    ///
    /// # Examples
    ///
    /// See [`alarm`](self).
    #[inline]
    #[must_use]
    pub fn now(&self) -> u64 {
        nanos(self.runtime.now())
    }

    /// Sees to it that `stage` is asked at `deadline` to wake those whose time has come.
    ///
    /// The caller has left the deadline where [`Timed::expire`] finds it. Where the alarm is set to
    /// an earlier time already, which is the rule, this is one load of an atomic. Nobody disarms: a
    /// deadline that is not waited for any more is taken out of the stage, and costs one look of
    /// the task at most.
    ///
    /// # Errors
    ///
    /// [`RuntimeGone`] if there is no runtime for the task, or one without a working timer.
    ///
    /// # Examples
    ///
    /// See [`alarm`](self).
    pub fn arm<T: Timed>(&self, stage: &Weak<T>, deadline: u64) -> Result<(), RuntimeGone> {
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
            // Release: whoever reads it without the lock goes by it. It only becomes earlier here.
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
            stage: Weak::clone(stage),
            runtime: Arc::clone(&self.runtime),
            clock: Arc::clone(&self.clock),
            sleep: None,
            swept: 0,
            finished: false,
        };
        self.runtime.spawn(Box::pin(task))
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").finish_non_exhaustive()
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
    stage: Weak<T>,
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
                // the runtime had, and those who wait are told.
                Err(_) => {
                    this.clock.break_down();
                    return Poll::Ready(());
                }
            }
            this.sleep = None;
            this.clock.sweep_begins();
            let Some(stage) = this.stage.upgrade() else {
                this.finished = true;
                return Poll::Ready(());
            };
            this.swept = nanos(this.runtime.now());
            let next = stage.expire(this.swept);
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
    /// Where the runtime shut down before the deadlines came, those who wait start another task on
    /// theirs.
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        self.clock.stop();
        if let Some(stage) = self.stage.upgrade() {
            stage.wake_timed();
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
        // Release pairs with the Acquire of `arm`: who reads a value from before this left its
        // deadline before the sweep, which finds it.
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
        // Release, as in `sweep_begins`: who waits from now on arms it anew.
        self.next.store(NEVER, Ordering::Release);
    }
}

/// Returns `duration` in nanoseconds, which last for centuries; never [`NEVER`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use forebay_rt::alarm::{NEVER, nanos};
///
/// assert_eq!(nanos(Duration::from_millis(2)), 2_000_000);
/// // A user's "for ever" is a very late deadline and not none.
/// assert!(nanos(Duration::MAX) < NEVER);
/// ```
#[inline]
#[must_use]
pub const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos < NEVER as u128 {
        nanos as u64
    } else {
        NEVER - 1
    }
}
