//! A runtime in the test's hand: its clock moves when told, its tasks run when told.

use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use forebay_core::BoxFuture;
use forebay_singleflight::{Runtime, RuntimeGone};

#[derive(Clone, Default)]
pub(crate) struct HandRuntime {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    now: Duration,
    sleepers: Vec<(usize, Duration, Waker)>,
    sleeps_begun: usize,
    tasks: Vec<Task>,
    gone: bool,
}

struct Task {
    future: BoxFuture<'static, ()>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

struct Sleep {
    runtime: HandRuntime,
    number: usize,
    deadline: Duration,
}

impl HandRuntime {
    /// Moves the clock, then runs the tasks until none of them has more to do.
    pub(crate) fn advance(&self, by: Duration) {
        self.pass(by);
        self.run();
    }

    /// Moves the clock, and runs no task yet.
    pub(crate) fn pass(&self, by: Duration) {
        let due = {
            let mut state = self.lock();
            state.now += by;
            let now = state.now;
            let (due, later) = mem::take(&mut state.sleepers)
                .into_iter()
                .partition(|(_, deadline, _)| *deadline <= now);
            state.sleepers = later;
            let due: Vec<_> = due;
            due
        };
        for (_, _, waker) in due {
            waker.wake();
        }
    }

    /// Polls the spawned tasks until none of them is woken.
    pub(crate) fn run(&self) {
        loop {
            let tasks = mem::take(&mut self.lock().tasks);
            let (mut woken, idle): (Vec<_>, Vec<_>) = tasks
                .into_iter()
                .partition(|task| task.woken.0.swap(false, SeqCst));
            self.lock().tasks.extend(idle);
            if woken.is_empty() {
                return;
            }
            woken.retain_mut(Task::is_pending);
            self.lock().tasks.extend(woken);
        }
    }

    /// Drops every task, and refuses those to come.
    pub(crate) fn shut_down(&self) {
        let tasks = {
            let mut state = self.lock();
            state.gone = true;
            mem::take(&mut state.tasks)
        };
        drop(tasks);
    }

    /// Returns how many sleeps are waited for at this moment.
    pub(crate) fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    /// Returns how many tasks are not complete.
    pub(crate) fn tasks(&self) -> usize {
        self.lock().tasks.len()
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
        if state.gone {
            drop(state);
            return Err(RuntimeGone::new());
        }
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        state.tasks.push(Task { future, woken });
        Ok(())
    }
}

impl Task {
    fn is_pending(&mut self) -> bool {
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut cx = Context::from_waker(&waker);
        self.future.as_mut().poll(&mut cx).is_pending()
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.runtime.lock();
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        state.sleepers.retain(|(number, ..)| *number != self.number);
        let sleeper = (self.number, self.deadline, cx.waker().clone());
        state.sleepers.push(sleeper);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let mut state = self.runtime.lock();
        let mut gone = mem::take(&mut state.sleepers);
        let at = gone.iter().position(|(number, ..)| *number == self.number);
        let own = at.map(|at| gone.swap_remove(at));
        state.sleepers = gone;
        // The waker is dropped after the lock: it may hold the task that holds this sleep.
        drop(state);
        drop(own);
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}
