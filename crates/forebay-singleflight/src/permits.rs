//! The bound on loads that run at once.

use std::task::{Poll, Waker};

use forebay_rt::alarm::NEVER;
use forebay_rt::sync::{Mutex, lock};
use forebay_rt::wake_all;

use crate::policy::WhenFull;
use crate::table::waiters::{NOWHERE, Place, Waiters};

/// Permits to load, given out first come, first served.
///
/// A permit that is given back goes to the call that has waited longest, which holds it from then
/// on, so nobody overtakes it and none is lost when that call is dropped before it is polled.
pub(crate) struct Permits {
    state: Mutex<State>,
    when_full: WhenFull,
}

struct State {
    free: usize,
    queue: Waiters,
    rejected: u64,
}

impl Permits {
    pub(crate) fn new(max: usize, when_full: WhenFull) -> Self {
        let state = State {
            free: max,
            queue: Waiters::new(),
            rejected: 0,
        };
        Self {
            state: Mutex::new(state),
            when_full,
        }
    }

    /// Takes a permit, or a place in the queue for one; `false` if none is to be had.
    pub(crate) fn poll_acquire(&self, place: &mut Place, waker: &Waker) -> Poll<bool> {
        let mut state = lock(&self.state);
        let mut garbage = None;
        let poll = if *place == NOWHERE {
            if state.free > 0 {
                state.free -= 1;
                Poll::Ready(true)
            } else if self.when_full == WhenFull::Reject {
                state.rejected += 1;
                Poll::Ready(false)
            } else {
                *place = state.queue.push(Some(waker.clone()), NEVER, true);
                Poll::Pending
            }
        } else if state.queue.slot_mut(*place).is_none_or(|slot| slot.expired) {
            // Granted: see `release`.
            garbage = state.queue.remove(*place);
            *place = NOWHERE;
            Poll::Ready(true)
        } else {
            garbage = state
                .queue
                .slot_mut(*place)
                .and_then(|slot| slot.register(waker));
            Poll::Pending
        };
        drop(state);
        drop(garbage);
        poll
    }

    /// Gives a permit back.
    pub(crate) fn release(&self) {
        let mut state = lock(&self.state);
        let wake = state.release();
        drop(state);
        wake_all(wake);
    }

    /// Leaves the queue, and gives back the permit that may have been granted meanwhile.
    pub(crate) fn abandon(&self, place: Place) {
        let mut state = lock(&self.state);
        let granted = state.queue.slot_mut(place).is_some_and(|slot| slot.expired);
        let garbage = state.queue.remove(place);
        let wake = if granted { state.release() } else { None };
        drop(state);
        wake_all(wake);
        drop(garbage);
    }

    pub(crate) fn rejected(&self) -> u64 {
        lock(&self.state).rejected
    }
}

impl State {
    /// Grants the permit to whoever has waited longest: its waiting is over, so its slot expires.
    fn release(&mut self) -> Option<Waker> {
        let Some(place) = self.queue.oldest() else {
            self.free += 1;
            return None;
        };
        self.queue.step_aside(place);
        let slot = self.queue.slot_mut(place)?;
        slot.expired = true;
        slot.take_waker()
    }
}
