//! Permits that the test counts, gives and refuses.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::future::poll_fn;

use crate::backend::Error;

/// So many permits, for whoever looks first.
#[derive(Clone)]
pub(crate) struct Pool {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    free: usize,
    /// How many were ever asked for, and how many of those who asked still wait.
    asked: usize,
    waiting: usize,
    failures: VecDeque<Error>,
    wakers: Vec<Waker>,
}

/// Goes back to its pool when it is dropped.
pub(crate) struct Permit {
    pool: Pool,
}

impl Pool {
    pub(crate) fn new(free: usize) -> Self {
        let state = State {
            free,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Waits for a permit.
    pub(crate) async fn take(self) -> Result<Permit, Error> {
        self.lock().asked += 1;
        self.lock().waiting += 1;
        let _waits = Waits(&self);
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Adds permits.
    pub(crate) fn add(&self, count: usize) {
        let wakers = {
            let mut state = self.lock();
            state.free += count;
            mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Fails one of those who wait, or the next one to ask.
    pub(crate) fn fail(&self, error: Error) {
        self.lock().failures.push_back(error);
        self.add(0);
    }

    pub(crate) fn free(&self) -> usize {
        self.lock().free
    }

    pub(crate) fn asked(&self) -> usize {
        self.lock().asked
    }

    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Result<Permit, Error>> {
        let mut state = self.lock();
        if let Some(error) = state.failures.pop_front() {
            return Poll::Ready(Err(error));
        }
        if state.free > 0 {
            state.free -= 1;
            let pool = self.clone();
            return Poll::Ready(Ok(Permit { pool }));
        }
        state.wakers.push(cx.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.pool.add(1);
    }
}

struct Waits<'a>(&'a Pool);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}
