//! When no task of a runtime can go on.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// Tells one task when the runtime would go to sleep.
#[derive(Clone, Debug, Default)]
pub(super) struct Idle(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Unwatched,
    Watched(Waker),
    Reached,
}

impl Idle {
    /// To be called when the runtime would go to sleep: wakes whoever waits for that.
    pub(super) fn ring(&self) {
        let mut state = self.state();
        if let State::Watched(waker) = &*state {
            let waker = waker.clone();
            *state = State::Reached;
            drop(state);
            waker.wake();
        }
    }

    /// Waits until every other task waits as well.
    pub(super) async fn wait(&self) {
        poll_fn(|cx| {
            let mut state = self.state();
            if matches!(*state, State::Reached) {
                *state = State::Unwatched;
                return Poll::Ready(());
            }
            *state = State::Watched(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
