//! A runtime in the test's hand: its clock moves when told, its tasks are polled when told.

use std::collections::VecDeque;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use forebay_batch::{BoxFuture, Runtime, RuntimeGone};

/// Tasks are polled in the order in which they were woken, as executors do.
#[derive(Clone, Default)]
pub(crate) struct HandRuntime {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    now: Duration,
    sleepers: Vec<(usize, Duration, Waker)>,
    sleeps_begun: usize,
    tasks: Vec<Option<Task>>,
    spawned: usize,
    woken: VecDeque<usize>,
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

struct Task {
    /// `None` while it is being polled.
    future: Option<BoxFuture<'static, ()>>,
    waker: Arc<TaskWaker>,
}

struct TaskWaker {
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
        let (task, mut future, waker) = {
            let mut state = self.lock();
            let next = loop {
                let Some(number) = state.woken.pop_front() else {
                    return false;
                };
                let task = state.tasks.get_mut(number).and_then(Option::as_mut);
                if let Some(task) = task
                    && let Some(future) = task.future.take()
                {
                    break (number, future, Arc::clone(&task.waker));
                }
            };
            next.2.is_woken.store(false, SeqCst);
            next
        };
        let waker = Waker::from(waker);
        let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
        let garbage = {
            let mut state = self.lock();
            match state.tasks.get_mut(task) {
                Some(place) if poll.is_ready() => (place.take(), Some(future)),
                Some(Some(place)) => (None, place.future.replace(future)),
                // It was shut down while it was polled.
                _ => (None, Some(future)),
            }
        };
        drop(garbage);
        true
    }

    /// Polls tasks until none of them is woken.
    pub(crate) fn run(&self) {
        for _ in 0..1_000_000 {
            if !self.step() {
                return;
            }
        }
        panic!("the tasks wake each other for ever");
    }

    /// Polls each task that is woken by now once.
    pub(crate) fn round(&self) {
        let count = self.lock().woken.len();
        for _ in 0..count {
            self.step();
        }
    }

    /// Moves the clock, then runs the tasks until none of them has more to do.
    pub(crate) fn advance(&self, by: Duration) {
        self.pass(by);
        self.run();
    }

    /// Moves the clock, and runs no task yet.
    pub(crate) fn pass(&self, by: Duration) {
        let due: Vec<_> = {
            let mut state = self.lock();
            state.now += by;
            let now = state.now;
            let (due, later) = mem::take(&mut state.sleepers)
                .into_iter()
                .partition(|(_, deadline, _)| *deadline <= now);
            state.sleepers = later;
            due
        };
        due.into_iter().for_each(|(_, _, waker)| waker.wake());
    }

    /// Returns when the earliest timer rings, as the clock shows it.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let state = self.lock();
        state.sleepers.iter().map(|(_, at, _)| *at).min()
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
        self.lock().tasks.iter().flatten().count()
    }

    /// Returns how many tasks were ever spawned.
    pub(crate) fn spawned(&self) -> usize {
        self.lock().spawned
    }

    /// Returns how many tasks are woken.
    pub(crate) fn woken(&self) -> usize {
        self.lock().woken.len()
    }

    /// Returns how many timers are waited for at this moment.
    pub(crate) fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    /// Spawns a task of the test itself.
    pub(crate) fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn(Box::pin(task)).expect("the runtime is there");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let task = state.tasks.len();
        let waker = TaskWaker {
            task,
            is_woken: AtomicBool::new(true),
            runtime: Arc::downgrade(&self.state),
        };
        state.tasks.push(Some(Task {
            future: Some(future),
            waker: Arc::new(waker),
        }));
        state.woken.push_back(task);
        state.spawned += 1;
        Ok(())
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if self.is_woken.swap(true, SeqCst) {
            return;
        }
        if let Some(state) = self.runtime.upgrade() {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.woken.push_back(self.task);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.runtime.lock();
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        let known = state.sleepers.iter_mut().find(|it| it.0 == self.number);
        let waker = cx.waker().clone();
        let garbage = match known {
            Some(known) => Some(mem::replace(&mut known.2, waker)),
            None => {
                state.sleepers.push((self.number, self.deadline, waker));
                None
            }
        };
        drop(state);
        drop(garbage);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let mut state = self.runtime.lock();
        let at = state.sleepers.iter().position(|it| it.0 == self.number);
        let own = at.map(|at| state.sleepers.swap_remove(at));
        // The waker is dropped after the lock: it may hold the task that holds this sleep.
        drop(state);
        drop(own);
    }
}
