//! A runtime in the test's hand: its clock moves when told, its tasks run when told.

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use forebay_rt::sync::{Mutex, MutexGuard, lock};
use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

#[derive(Clone, Default)]
pub(crate) struct HandRuntime {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    now: Duration,
    sleeping: Vec<(Duration, Waker)>,
    sleeps_begun: usize,
    tasks: Vec<Task>,
    tasks_begun: usize,
    is_gone: bool,
    has_no_timer: bool,
}

struct Task {
    future: BoxFuture<'static, ()>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl HandRuntime {
    /// Moves the clock, then runs the tasks until none of them has more to do.
    pub(crate) fn advance(&self, by: Duration) {
        let mut state = self.lock();
        state.now += by;
        let now = state.now;
        let due = |(deadline, _): &mut (Duration, Waker)| *deadline <= now;
        let due: Vec<_> = state.sleeping.extract_if(.., due).collect();
        drop(state);
        for (_, waker) in due {
            waker.wake();
        }
        self.run();
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

    /// Drops every task.
    pub(crate) fn lose_tasks(&self) {
        let tasks = mem::take(&mut self.lock().tasks);
        drop(tasks);
    }

    /// Drops every task, and refuses those to come.
    pub(crate) fn shut_down(&self) {
        self.lock().is_gone = true;
        self.lose_tasks();
    }

    /// Lets every sleep panic, as tokio's do where it was built without timers.
    pub(crate) fn take_timer(&self) {
        self.lock().has_no_timer = true;
    }

    /// Returns how many tasks are not complete, and how many there ever were.
    pub(crate) fn tasks(&self) -> (usize, usize) {
        let state = self.lock();
        (state.tasks.len(), state.tasks_begun)
    }

    /// Returns how many timers were ever set.
    pub(crate) fn sleeps_begun(&self) -> usize {
        self.lock().sleeps_begun
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn poll_sleep(&self, deadline: Duration, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.now >= deadline {
            return Poll::Ready(());
        }
        let sleeper = (deadline, cx.waker().clone());
        state.sleeping.push(sleeper);
        Poll::Pending
    }
}

impl Runtime for HandRuntime {
    fn now(&self) -> Duration {
        self.lock().now
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.lock();
        state.sleeps_begun += 1;
        let has_no_timer = state.has_no_timer;
        drop(state);
        assert!(!has_no_timer, "there are no timers");
        let runtime = self.clone();
        Box::pin(poll_fn(move |cx| runtime.poll_sleep(deadline, cx)))
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        let mut state = self.lock();
        if state.is_gone {
            drop(state);
            return Err(RuntimeGone::new());
        }
        state.tasks_begun += 1;
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

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}
