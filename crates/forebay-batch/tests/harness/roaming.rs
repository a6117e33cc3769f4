//! The runtime of whoever polls, as tokio's is, where several come and go.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_batch::{BoxFuture, Runtime, RuntimeGone};
use forebay_testkit::{Gone, HandRuntime};

/// Tasks run on the runtime that is here, and all of them show the same time.
#[derive(Clone)]
pub(crate) struct Roaming {
    pub(crate) clock: HandRuntime,
    here: Arc<Mutex<HandRuntime>>,
}

impl Roaming {
    pub(crate) fn new() -> Self {
        let clock = HandRuntime::default();
        let here = Arc::new(Mutex::new(clock.clone()));
        Self { clock, here }
    }

    pub(crate) fn here(&self) -> HandRuntime {
        let here = self.here.lock();
        here.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the runtime of those who have polled so far; from now on it is another one.
    pub(crate) fn moves(&self, end: Gone) -> HandRuntime {
        let next = HandRuntime::default();
        let ended = {
            let here = self.here.lock();
            let mut here = here.unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *here, next.clone())
        };
        ended.shut_down(end);
        next
    }
}

impl Runtime for Roaming {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep_until(deadline)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.here().spawn(task)
    }
}
