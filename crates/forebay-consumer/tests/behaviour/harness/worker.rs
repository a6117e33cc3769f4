//! A handler that does what it is told, and says what it was asked for.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use forebay_consumer::{Batch, Handler};

#[derive(Clone, Default)]
pub(crate) struct Worker(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// How the next calls of each kind go, one after the other; after that they succeed.
    applies: VecDeque<Go>,
    flushes: VecDeque<Go>,
    anew: VecDeque<Go>,
    is_held: bool,
    task: Option<Waker>,
    done: Vec<Done>,
    batch_max: Option<usize>,
}

/// What a handler has done, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Done {
    Applied(Vec<u64>),
    Piece(Vec<u64>),
    Failed(u32),
    Anew,
    Flushed,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Go {
    Fails,
    FailsForGood,
    Panics,
    /// It does not come to an end before the test says so.
    Holds,
    /// Nor does this, and then it fails.
    HoldsAndFails,
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    is_fatal: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the worker failed")
    }
}

impl std::error::Error for Fault {}

impl Worker {
    pub(crate) fn applies(&self, all: impl IntoIterator<Item = Go>) {
        self.0.lock().unwrap().applies.extend(all);
    }

    pub(crate) fn flushes(&self, all: impl IntoIterator<Item = Go>) {
        self.0.lock().unwrap().flushes.extend(all);
    }

    pub(crate) fn begins_anew(&self, all: impl IntoIterator<Item = Go>) {
        self.0.lock().unwrap().anew.extend(all);
    }

    pub(crate) fn takes(&self, batch_max: usize) {
        self.0.lock().unwrap().batch_max = Some(batch_max);
    }

    pub(crate) fn release(&self) {
        let mut state = self.0.lock().unwrap();
        state.is_held = false;
        let task = state.task.take();
        drop(state);
        task.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn take_done(&self) -> Vec<Done> {
        std::mem::take(&mut self.0.lock().unwrap().done)
    }

    /// All that was applied, in order, of snapshots and of changes.
    pub(crate) fn applied(&self) -> Vec<u64> {
        let state = self.0.lock().unwrap();
        let numbers = state.done.iter().filter_map(|done| match done {
            Done::Applied(numbers) | Done::Piece(numbers) => Some(numbers.clone()),
            _ => None,
        });
        numbers.flatten().collect()
    }

    async fn go(
        &self,
        of: impl Fn(&mut State) -> &mut VecDeque<Go>,
        attempt: u32,
    ) -> Result<(), Fault> {
        let go = of(&mut self.0.lock().unwrap()).pop_front();
        match go {
            None => Ok(()),
            Some(Go::Panics) => panic!("out of ideas"),
            Some(Go::Holds) => {
                self.held().await;
                Ok(())
            }
            Some(fails) => {
                if fails == Go::HoldsAndFails {
                    self.held().await;
                }
                let mut state = self.0.lock().unwrap();
                state.done.push(Done::Failed(attempt));
                Err(Fault {
                    is_fatal: fails == Go::FailsForGood,
                })
            }
        }
    }

    /// Waits until the test releases it.
    async fn held(&self) {
        self.0.lock().unwrap().is_held = true;
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            if !state.is_held {
                return Poll::Ready(());
            }
            state.task = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn did(&self, done: Done) {
        self.0.lock().unwrap().done.push(done);
    }
}

impl Handler<u64> for Worker {
    type Error = Fault;

    async fn apply(&mut self, batch: Batch<'_, u64>) -> Result<(), Fault> {
        self.go(|state| &mut state.applies, batch.attempt()).await?;
        let numbers = batch.to_vec();
        self.did(if batch.is_snapshot() {
            Done::Piece(numbers)
        } else {
            Done::Applied(numbers)
        });
        Ok(())
    }

    async fn begin_anew(&mut self) -> Result<(), Fault> {
        self.go(|state| &mut state.anew, 0).await?;
        self.did(Done::Anew);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        self.go(|state| &mut state.flushes, 0).await?;
        self.did(Done::Flushed);
        Ok(())
    }

    fn is_fatal(&self, error: &Fault) -> bool {
        error.is_fatal
    }

    fn batch_max(&self) -> usize {
        self.0.lock().unwrap().batch_max.unwrap_or(usize::MAX)
    }
}
