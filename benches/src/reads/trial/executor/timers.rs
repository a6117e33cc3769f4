use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Who sleeps, by the time at which they are due and then by when they first asked.
#[derive(Debug, Default)]
pub(super) struct Timers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    asked: u64,
    wakers: BTreeMap<Timer, Waker>,
}

/// One of them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Timer {
    pub(super) due_ns: u64,
    number: u64,
}

impl Timers {
    /// Adds a timer, which wakes once.
    pub(super) fn add(&self, due_ns: u64, waker: Waker) -> Timer {
        let mut state = self.state();
        let number = state.asked;
        state.asked += 1;
        let timer = Timer { due_ns, number };
        state.wakers.insert(timer, waker);
        timer
    }

    /// Lets a timer wake somebody else.
    pub(super) fn redirect(&self, timer: Timer, waker: Waker) {
        let before = self.state().wakers.insert(timer, waker);
        // Outside of the lock, as a waker may do anything when it is dropped.
        drop(before);
    }

    pub(super) fn remove(&self, timer: Timer) {
        let removed = self.state().wakers.remove(&timer);
        drop(removed);
    }

    /// Returns when the next one is due.
    pub(super) fn next_ns(&self) -> Option<u64> {
        let state = self.state();
        state
            .wakers
            .first_key_value()
            .map(|(timer, _)| timer.due_ns)
    }

    /// Takes the next one out.
    pub(super) fn pop(&self) -> Option<(u64, Waker)> {
        let (timer, waker) = self.state().wakers.pop_first()?;
        Some((timer.due_ns, waker))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
