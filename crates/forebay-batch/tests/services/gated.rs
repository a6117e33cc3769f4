use std::cell::Cell;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use forebay_batch::{BoxFuture, Execute};
use tower_service::Service;

use crate::backend::Error;
use crate::mutations::{Ended, Ledger, Receipt};

/// A service that works on so many lists of requests at a time: being ready holds a permit.
pub(crate) struct Gated {
    ledger: Ledger,
    pub(crate) gate: Arc<Mutex<Gate>>,
    permit: Option<Permit>,
    /// As many services, it may be sent to another thread, and not be used by two at once.
    _calls: Cell<u32>,
}

#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) free: usize,
    waiting: Vec<Waker>,
    polls: usize,
    is_broken: bool,
}

/// Goes back to its gate when it is dropped.
struct Permit(Arc<Mutex<Gate>>);

pub(crate) fn lock(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets so many more in.
pub(crate) fn open(gate: &Mutex<Gate>, more: usize) {
    let waiting = {
        let mut gate = lock(gate);
        gate.free += more;
        mem::take(&mut gate.waiting)
    };
    waiting.into_iter().for_each(Waker::wake);
}

impl Gated {
    pub(crate) fn new(ledger: &Ledger, free: usize) -> Self {
        let gate = Gate {
            free,
            ..Gate::default()
        };
        Self {
            ledger: ledger.clone(),
            gate: Arc::new(Mutex::new(gate)),
            permit: None,
            _calls: Cell::new(0),
        }
    }

    pub(crate) fn set_broken(&self, is_broken: bool) {
        lock(&self.gate).is_broken = is_broken;
        open(&self.gate, 0);
    }

    pub(crate) fn free(&self) -> usize {
        lock(&self.gate).free
    }

    pub(crate) fn polls(&self) -> usize {
        lock(&self.gate).polls
    }
}

impl Clone for Gated {
    /// A clone has to become ready by itself.
    fn clone(&self) -> Self {
        Self {
            ledger: self.ledger.clone(),
            gate: Arc::clone(&self.gate),
            permit: None,
            _calls: Cell::new(0),
        }
    }
}

impl Service<Vec<u32>> for Gated {
    type Response = Vec<Result<Receipt, Error>>;
    type Error = Error;
    type Future = BoxFuture<'static, Ended>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut gate = lock(&self.gate);
        gate.polls += 1;
        if gate.is_broken {
            return Poll::Ready(Err("broken"));
        }
        if self.permit.is_none() {
            if gate.free == 0 {
                gate.waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
            gate.free -= 1;
            self.permit = Some(Permit(Arc::clone(&self.gate)));
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, values: Vec<u32>) -> Self::Future {
        let permit = self.permit.take().expect("it was made ready before");
        let ledger = self.ledger.clone();
        Box::pin(async move {
            let ended = Execute::execute(&ledger, values).await;
            drop(permit);
            ended
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        open(&self.0, 1);
    }
}
