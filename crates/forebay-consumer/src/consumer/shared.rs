use std::sync::atomic::Ordering;
use std::task::Waker;

use forebay_core::Sequence;
use forebay_rt::sync::{AtomicBool, Mutex, lock};
use forebay_rt::wake_all;

use crate::consumer::stats::{Phase, Stats};

/// What a consumer and its handles share.
pub(crate) struct Shared {
    head: Box<dyn Fn() -> Option<Sequence> + Send + Sync>,
    /// It changes under the lock alone. Whoever looks without the lock may see it late, and is woken.
    is_stopped: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stats: Stats,
    /// Of the consumer, while it waits for something.
    task: Option<Waker>,
}

impl Shared {
    pub(crate) fn new(head: impl Fn() -> Option<Sequence> + Send + Sync + 'static) -> Self {
        Self {
            head: Box::new(head),
            is_stopped: AtomicBool::new(false),
            state: Mutex::new(State::default()),
        }
    }

    pub(crate) fn stop(&self) {
        let task = {
            let mut state = lock(&self.state);
            self.is_stopped.store(true, Ordering::Relaxed);
            state.task.take()
        };
        wake_all(task);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// Has `waker` woken by a stop from now on; one that came before can be seen after this.
    pub(crate) fn register(&self, waker: &Waker) {
        let mut state = lock(&self.state);
        let known = state.task.as_ref();
        if known.is_some_and(|task| task.will_wake(waker)) {
            return;
        }
        let garbage = state.task.replace(waker.clone());
        drop(state);
        drop(garbage);
    }

    /// There is nothing to be stopped any more, and no task that a handle should keep alive.
    pub(crate) fn end(&self) {
        let garbage = {
            let mut state = lock(&self.state);
            state.stats.phase = Phase::Ended;
            state.task.take()
        };
        drop(garbage);
    }

    pub(crate) fn note(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut lock(&self.state).stats);
    }

    pub(crate) fn stats(&self) -> Stats {
        let stats = lock(&self.state).stats.clone();
        Stats {
            head: (self.head)(),
            ..stats
        }
    }
}
