//! A store that does what it is told, and says what it was asked for.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use forebay_consumer::Keep;
use forebay_core::{Checkpoint, Commit, Outcome, StoreError};

#[derive(Clone, Default)]
pub(crate) struct Shelf(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    stored: Option<Checkpoint>,
    /// How the next calls fail, one after the other.
    faults: VecDeque<Fault>,
    is_held: bool,
    task: Option<Waker>,
    calls: Vec<String>,
    under_way: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// It did not happen, and may be tried again.
    Busy,
    /// It did happen, and nobody was told.
    Unanswered,
    /// It will not happen.
    Refused,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Error for Fault {}

impl StoreError for Fault {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Unanswered => Outcome::Unknown,
            Self::Busy | Self::Refused => Outcome::NotCommitted,
        }
    }

    fn other_log(&self) -> Option<&Checkpoint> {
        None
    }

    fn is_retryable(&self) -> bool {
        *self != Self::Refused
    }
}

impl Shelf {
    pub(crate) fn with(stored: Checkpoint) -> Self {
        let shelf = Self::default();
        shelf.0.lock().unwrap().stored = Some(stored);
        shelf
    }

    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().faults.extend(faults);
    }

    /// Lets calls that begin from now on not come to an end.
    pub(crate) fn hold(&self) {
        self.0.lock().unwrap().is_held = true;
    }

    pub(crate) fn release(&self) {
        let mut state = self.0.lock().unwrap();
        state.is_held = false;
        let task = state.task.take();
        drop(state);
        task.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn stored(&self) -> Option<Checkpoint> {
        self.0.lock().unwrap().stored.clone()
    }

    /// What it was asked for since it was asked last.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    async fn call(
        &self,
        call: String,
        change: impl FnOnce(&mut State) + Send,
    ) -> Result<(), Fault> {
        {
            let mut state = self.0.lock().unwrap();
            state.calls.push(call);
            state.under_way += 1;
            assert_eq!(state.under_way, 1, "two calls at once");
        }
        let _end = End(self.clone());
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            if state.is_held {
                state.task = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        let mut state = self.0.lock().unwrap();
        let fault = state.faults.pop_front();
        if fault.is_none_or(|fault| fault == Fault::Unanswered) {
            change(&mut state);
        }
        fault.map_or(Ok(()), Err)
    }
}

/// A call that is dropped is over as well.
struct End(Shelf);

impl Drop for End {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().under_way -= 1;
    }
}

impl Keep for Shelf {
    type Error = Fault;

    async fn load(&mut self) -> Result<Option<Checkpoint>, Fault> {
        self.call("load".to_owned(), |_| {}).await?;
        Ok(self.stored())
    }

    async fn commit(&mut self, checkpoint: Checkpoint) -> Result<Commit, Fault> {
        let before = self.stored();
        if let Some(current) = before
            .clone()
            .filter(|before| before.sequence() >= checkpoint.sequence())
        {
            let call = format!("commit {} again", checkpoint.sequence());
            self.call(call, |_| {}).await?;
            return Ok(Commit::Unchanged { current });
        }
        let call = format!("commit {}", checkpoint.sequence());
        self.call(call, |state| state.stored = Some(checkpoint))
            .await?;
        Ok(Commit::Advanced {
            previous: before.map(|before| before.sequence()),
        })
    }

    async fn reset(&mut self, checkpoint: Checkpoint) -> Result<(), Fault> {
        let cursor = checkpoint.cursor();
        let call = format!("reset {}-{}", cursor.log().get(), cursor.sequence());
        self.call(call, |state| state.stored = Some(checkpoint))
            .await
    }
}
