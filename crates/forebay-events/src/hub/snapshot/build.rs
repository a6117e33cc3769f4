use std::sync::{Arc, OnceLock};
use std::task::Waker;

use forebay_core::Sequence;
use forebay_rt::sync::{Mutex, lock};
use forebay_rt::wake_all;

use crate::hub::error::FeedError;
use crate::hub::writer::Writer;
use crate::{Position, Publisher, Source};

/// A snapshot that is being built, or was: what its task and its readers share.
///
/// Its pieces are a log of their own, which is closed when there is an outcome. The sequence of a
/// piece tells in which attempt it was written.
pub(crate) struct Build<T: Send + Sync + 'static, E> {
    pub(crate) writer: Arc<Writer<T>>,
    pub(crate) source: Source<T>,
    outcome: OnceLock<Result<Outcome<T>, FeedError<E>>>,
    task: Mutex<Task>,
}

/// A snapshot that is complete.
pub(crate) struct Outcome<T> {
    pub(crate) attempt: u16,
    /// What it shows is the state as of this sequence.
    pub(crate) sequence: Sequence,
    /// How many pieces it has.
    pub(crate) pieces: u64,
    /// Where to go on. What is published there later may still be up to `sequence`, which the
    /// snapshot shows.
    pub(crate) splice: Position<T>,
}

#[derive(Default)]
struct Task {
    is_cancelled: bool,
    waker: Option<Waker>,
}

/// Pieces are numbered in so many bits, and attempts in those above.
const ATTEMPT_SHIFT: u32 = 48;

impl<T: Send + Sync + 'static, E> Build<T, E> {
    pub(crate) fn new(publisher: Publisher<T>) -> Self {
        Self {
            source: publisher.source(),
            writer: Arc::new(Writer::new(publisher)),
            outcome: OnceLock::new(),
            task: Mutex::default(),
        }
    }

    /// Returns the outcome, which is there once its log is closed.
    pub(crate) fn outcome(&self) -> Option<&Result<Outcome<T>, FeedError<E>>> {
        self.outcome.get()
    }

    pub(crate) fn set_outcome(&self, outcome: Result<Outcome<T>, FeedError<E>>) {
        let _ = self.outcome.set(outcome);
    }

    /// Begins an attempt after the first one: what is written from now on replaces what was written.
    pub(crate) fn begin_attempt(&self, attempt: u16) {
        let before_first = Sequence::new(u64::from(attempt) << ATTEMPT_SHIFT);
        self.writer.append(0, |publisher| {
            let _ = publisher.advance(before_first);
        });
    }

    /// Lets the task end without a snapshot, and its readers without waiting for the task.
    pub(crate) fn cancel(&self) {
        let waker = {
            let mut task = lock(&self.task);
            task.is_cancelled = true;
            task.waker.take()
        };
        self.writer.close();
        wake_all(waker);
    }

    /// Returns whether the task has to end; if not, `waker` is woken when it has to.
    pub(crate) fn is_cancelled(&self, waker: &Waker) -> bool {
        let mut task = lock(&self.task);
        if task.is_cancelled {
            return true;
        }
        let garbage = match &task.waker {
            Some(known) if known.will_wake(waker) => None,
            _ => task.waker.replace(waker.clone()),
        };
        drop(task);
        drop(garbage);
        false
    }
}

/// Returns in which attempt the piece with this sequence was written.
pub(crate) const fn attempt_of(piece: Sequence) -> u16 {
    (piece.get() >> ATTEMPT_SHIFT) as u16
}
