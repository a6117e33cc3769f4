use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

use crate::gone::Gone;

/// A runtime in a test's hand: its clock moves when it is told to, and its tasks are polled when it
/// is told to, in the order in which they were woken.
///
/// Give a clone to what is tested, and keep one. Nothing in such a test depends on how fast the
/// machine is, or on what else runs. Tokio's paused clock moves on by itself once every task waits;
/// take this one where a test is about the very instant before a deadline, or about the order in
/// which tasks are polled.
///
/// Tasks are polled in the thread of the test, under no lock, so they may spawn and wake others. A
/// panic of a task comes out of the call that polled it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use forebay_rt::Runtime;
/// use forebay_testkit::HandRuntime;
///
/// let runtime = HandRuntime::new();
/// let clock = runtime.clone();
/// runtime.spawn_task(async move { clock.sleep_until(Duration::from_secs(60)).await });
///
/// runtime.run();
/// assert_eq!(runtime.next_deadline(), Some(Duration::from_secs(60)));
/// runtime.advance(Duration::from_secs(59));
/// assert_eq!((runtime.tasks(), runtime.sleepers()), (1, 1));
/// runtime.advance(Duration::from_secs(1));
/// assert_eq!((runtime.tasks(), runtime.spawned()), (0, 1));
/// ```
#[derive(Clone, Default)]
pub struct HandRuntime(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    sleepers: BTreeMap<usize, (Duration, Waker)>,
    sleeps_begun: usize,
    /// `None` while a task is being polled.
    tasks: BTreeMap<usize, Option<BoxFuture<'static, ()>>>,
    spawned: usize,
    woken: VecDeque<Arc<Woken>>,
    gone: Option<Gone>,
}

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

/// More polls than any test needs: tasks that wake each other for ever are a defect.
const POLLS_MAX: usize = 1_000_000;

impl HandRuntime {
    /// Creates a runtime without tasks, whose clock stands at zero.
    ///
    /// # Examples
    ///
    /// See [`HandRuntime`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Polls the task that was woken first; returns whether there was one. A new task counts as
    /// woken.
    ///
    /// To drop or to look at something between two polls that [`run`](Self::run) would make one
    /// after the other.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_testkit::HandRuntime;
    ///
    /// let runtime = HandRuntime::new();
    /// runtime.spawn_task(async {});
    /// runtime.spawn_task(async {});
    /// assert_eq!(runtime.woken(), 2);
    /// assert!(runtime.step());
    /// assert_eq!((runtime.woken(), runtime.tasks()), (1, 1));
    /// ```
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn step(&self) -> bool {
        let Some((woken, mut future)) = self.next() else {
            return false;
        };
        // SeqCst: it is a test, and nobody should have to think about it.
        woken.is_woken.store(false, Ordering::SeqCst);
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
    ///
    /// # Panics
    ///
    /// After a million polls: the tasks wake each other for ever.
    ///
    /// # Examples
    ///
    /// See [`HandRuntime`].
    #[allow(clippy::must_use_candidate, reason = "it is called for what it does")]
    #[track_caller]
    pub fn run(&self) -> usize {
        for polls in 0..POLLS_MAX {
            if !self.step() {
                return polls;
            }
        }
        panic!("the tasks wake each other for ever");
    }

    /// Polls each task that is woken by now once, and not those that are woken by it.
    ///
    /// So a task that wakes itself, to let others run, is polled once; [`run`](Self::run) would go
    /// on until it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// # use forebay_testkit::HandRuntime;
    /// let runtime = HandRuntime::new();
    /// runtime.spawn_task(std::future::poll_fn(|cx| {
    ///     cx.waker().wake_by_ref();
    ///     std::task::Poll::Pending
    /// }));
    /// runtime.round();
    /// assert_eq!((runtime.tasks(), runtime.woken()), (1, 1));
    /// ```
    pub fn round(&self) {
        for _ in 0..self.woken() {
            self.step();
        }
    }

    /// Moves the clock, then polls tasks until none of them is woken.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// See [`HandRuntime`].
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        self.pass(by);
        self.run();
    }

    /// Moves the clock and wakes who slept until then, and polls no task yet.
    ///
    /// For what happens between a deadline and the poll that notices it: an answer that comes just
    /// then, a caller that leaves.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use forebay_rt::Runtime;
    /// # use forebay_testkit::HandRuntime;
    /// let runtime = HandRuntime::new();
    /// runtime.spawn_task(runtime.sleep_until(Duration::from_secs(1)));
    /// runtime.run();
    /// runtime.pass(Duration::from_secs(1));
    /// // Its time has come, and it does not know yet.
    /// assert_eq!((runtime.woken(), runtime.tasks()), (1, 1));
    /// ```
    pub fn pass(&self, by: Duration) {
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

    /// Drops every task, and does with those that come later as `gone` says.
    ///
    /// As when a service stops while calls are under way: those who wait for a task that is gone
    /// must learn it. The clock still moves.
    ///
    /// # Examples
    ///
    /// See [`Gone`].
    pub fn shut_down(&self, gone: Gone) {
        let tasks = {
            let mut state = self.lock();
            state.gone = Some(gone);
            mem::take(&mut state.tasks)
        };
        drop(tasks);
    }

    /// Spawns a task of the test itself.
    ///
    /// # Panics
    ///
    /// Once the runtime was [shut down](Self::shut_down) and refuses tasks.
    ///
    /// # Examples
    ///
    /// See [`HandRuntime`].
    #[track_caller]
    pub fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn(Box::pin(task))
            .expect("a runtime that was shut down gets no task from its test");
    }

    /// Returns how many tasks are not complete.
    ///
    /// # Examples
    ///
    /// See [`HandRuntime`].
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.lock().tasks.len()
    }

    /// Returns how many tasks were ever spawned.
    ///
    /// # Examples
    ///
    /// See [`HandRuntime`].
    #[must_use]
    pub fn spawned(&self) -> usize {
        self.lock().spawned
    }

    /// Returns how many tasks are woken.
    ///
    /// # Examples
    ///
    /// See [`step`](Self::step).
    #[must_use]
    pub fn woken(&self) -> usize {
        self.lock().woken.len()
    }

    /// Returns how many sleeps are waited for at this moment.
    ///
    /// # Examples
    ///
    /// See [`HandRuntime`].
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    /// Returns until when the earliest sleep lasts, as the clock shows it.
    ///
    /// # Examples
    ///
    /// See [`HandRuntime`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let state = self.lock();
        state.sleepers.values().map(|(at, _)| *at).min()
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
        if let Some(gone) = state.gone {
            drop(state);
            return match gone {
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
        if !self.is_woken.swap(true, Ordering::SeqCst)
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

impl fmt::Debug for HandRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("HandRuntime")
            .field("now", &state.now)
            .field("tasks", &state.tasks.len())
            .field("sleepers", &state.sleepers.len())
            .finish_non_exhaustive()
    }
}
