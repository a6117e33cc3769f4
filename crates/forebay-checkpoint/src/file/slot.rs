//! Where the answer to what is queued will be, for a task or a thread that waits for it.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use forebay_core::Outcome;
use forebay_rt::sync::{Condvar, Mutex, MutexGuard, lock, wait};

use crate::error::CheckpointError;
use crate::file::decide::Answer;

pub(crate) type Answers = Result<Vec<Answer>, CheckpointError>;

#[derive(Debug, Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Debug, Default)]
struct State {
    answers: Option<Answers>,
    task: Option<Waker>,
    /// Whether a thread waits, without which there is nobody to notify.
    thread: bool,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Answers, and returns the task that is to be woken.
    pub(crate) fn answer(&self, answers: Answers) -> Option<Waker> {
        let mut state = self.state();
        state.answers = Some(answers);
        let (task, thread) = (state.task.take(), state.thread);
        drop(state);
        if thread {
            self.answered.notify_all();
        }
        task
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<Answers> {
        // Cloned and dropped outside of the lock, since both are code of the executor.
        let waker = cx.waker().clone();
        let mut state = self.state();
        if let Some(answers) = state.answers.take() {
            drop(state);
            return Poll::Ready(answers);
        }
        let before = state.task.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    pub(crate) fn wait(&self) -> Answers {
        let mut state = self.state();
        loop {
            if let Some(answers) = state.answers.take() {
                return answers;
            }
            state.thread = true;
            state = wait(&self.answered, state);
        }
    }
}

/// The end of a slot that answers; one that is dropped answers that nobody will.
#[derive(Debug)]
pub(crate) struct Promise(Option<Arc<Slot>>);

impl Promise {
    pub(crate) fn new(slot: &Arc<Slot>) -> Self {
        Self(Some(Arc::clone(slot)))
    }

    pub(crate) fn keep(mut self, answers: Answers) -> Option<Waker> {
        self.0.take().and_then(|slot| slot.answer(answers))
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let task = self.0.take().and_then(|slot| {
            // The thread of the file ended in the middle: what it did is not known.
            slot.answer(Err(CheckpointError::Io {
                doing: "finish with",
                path: std::path::Path::new("").into(),
                source: Arc::new(std::io::ErrorKind::BrokenPipe.into()),
                outcome: Outcome::Unknown,
            }))
        });
        forebay_rt::wake_all(task);
    }
}
