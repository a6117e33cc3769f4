use std::fmt;
use std::hash::Hash;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use forebay_core::LoadError;

use crate::error::ExecuteError;
use crate::executor::values::{Caller, Entered, Executed, Lot, Part, Seat, Shared};
use crate::observe::Asker;
use crate::queue::{BatchId, Queue};

/// The submission of one value, made by [`Executor::execute`](crate::Executor::execute).
///
/// Nothing happens before its first poll.
#[must_use = "futures do nothing unless polled"]
pub struct Execution<'a, T, O, E, G = ()> {
    many: ExecutionMany<'a, T, O, E, G>,
}

/// The submission of many values, made by
/// [`Executor::execute_many`](crate::Executor::execute_many).
///
/// Nothing happens before its first poll.
#[must_use = "futures do nothing unless polled"]
pub struct ExecutionMany<'a, T, O, E, G = ()> {
    shared: &'a Shared<T, O, E, G>,
    state: State<T, O, E>,
}

enum State<T, O, E> {
    /// Not polled yet.
    New(Vec<T>, Unity),
    Waiting(Waiting<O, E>),
    Done,
}

/// Whether values that were submitted together may go in several calls.
#[derive(Clone, Copy)]
pub(crate) enum Unity {
    Split,
    Whole,
}

struct Waiting<O, E> {
    results: Vec<Outcome<O, E>>,
    parts: Vec<Part<O, E>>,
}

/// One value's result, or where it will be.
enum Outcome<O, E> {
    Here(Executed<O, E>),
    There(Seat),
}

impl<'a, T, O, E, G> Execution<'a, T, O, E, G> {
    pub(crate) fn new(shared: &'a Shared<T, O, E, G>, value: T) -> Self {
        let many = ExecutionMany::new(shared, vec![value], Unity::Split);
        Self { many }
    }
}

impl<'a, T, O, E, G> ExecutionMany<'a, T, O, E, G> {
    pub(crate) const fn new(shared: &'a Shared<T, O, E, G>, values: Vec<T>, unity: Unity) -> Self {
        let state = State::New(values, unity);
        Self { shared, state }
    }
}

/// Values and results are moved, and never pinned.
impl<T, O, E, G> Unpin for Execution<'_, T, O, E, G> {}

/// Values and results are moved, and never pinned.
impl<T, O, E, G> Unpin for ExecutionMany<'_, T, O, E, G> {}

impl<T, O, E, G> Future for Execution<'_, T, O, E, G>
where
    T: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    type Output = Result<O, ExecuteError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let poll = Pin::new(&mut self.get_mut().many).poll(cx);
        poll.map(|mut results| results.pop().unwrap_or(Err(LoadError::Closed.into())))
    }
}

impl<T, O, E, G> Future for ExecutionMany<'_, T, O, E, G>
where
    T: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    type Output = Vec<Result<O, ExecuteError<E>>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, state } = self.get_mut();
        let mut is_to_gather = false;
        if let State::New(values, unity) = state {
            is_to_gather = shared.is_to_gather();
            let (values, unity) = (mem::take(values), *unity);
            *state = State::Done;
            *state = State::Waiting(Waiting::enter(shared, values, unity));
        }
        let State::Waiting(waiting) = state else {
            // Polled again after its end, which only a defect elsewhere does.
            return Poll::Ready(Vec::new());
        };
        if !is_to_gather && !waiting.has_landed() {
            shared.driving.help(cx.waker());
        }
        if !waiting.has_landed() && waiting.wait(shared, cx.waker()) {
            return Poll::Pending;
        }
        let results = waiting.take();
        *state = State::Done;
        shared.driving.leave();
        Poll::Ready(results)
    }
}

impl<O, E> Waiting<O, E> {
    fn enter<T, G>(shared: &Shared<T, O, E, G>, values: Vec<T>, unity: Unity) -> Self
    where
        T: Send + 'static,
        O: Send + 'static,
        E: Send + Sync + 'static,
        G: Eq + Hash + Send + 'static,
    {
        let mut entered = Entered::new();
        if !values.is_empty() {
            let caller = Caller {
                parent: shared.parent(),
                now: shared.now(),
                asker: Asker::current(),
            };
            unity.enter(shared, values, &caller, &mut entered);
        }
        drop(entered.garbage);
        shared.spawn_all(entered.starts);
        let results = entered.seats.into_iter().map(|seat| match seat {
            Ok(seat) => Outcome::There(seat),
            Err(error) => Outcome::Here(Err(error.into())),
        });
        Self {
            results: results.collect(),
            parts: entered.parts,
        }
    }

    fn has_landed(&self) -> bool {
        !self.parts.iter().any(Part::is_waited_for)
    }

    /// Waits for the parts that have not landed; returns whether there is one. Parts that nothing
    /// will carry out fail.
    fn wait<T, G>(&mut self, shared: &Shared<T, O, E, G>, waker: &Waker) -> bool
    where
        T: Send + 'static,
        O: Send + 'static,
        E: Send + Sync + 'static,
        G: Eq + Hash + Send + 'static,
    {
        let mut garbage = Vec::new();
        let waiting = shared.work().wait(&self.parts, waker, &mut garbage);
        drop(garbage);
        if waiting.is_empty() {
            return false;
        }
        let set_out = |(batch, start)| shared.set_out(batch, start).err();
        // To the last of them, so that no start is lost.
        if waiting.into_iter().filter_map(set_out).count() > 0 {
            // What was sent meanwhile is waited for, since it may be carried out.
            self.leave(shared, |queue, batch| !queue.is_attended(batch));
            self.fail_left();
        }
        // A driver that was woken before the waker was left has found nobody to go on.
        shared.driving.pass_on();
        !self.has_landed()
    }

    /// Fails the values of parts that were left.
    fn fail_left(&mut self) {
        for outcome in &mut self.results {
            if let Outcome::There(Seat { part, .. }) = outcome
                && self.parts.get(*part as usize).is_some_and(Part::is_left)
            {
                *outcome = Outcome::Here(Err(LoadError::Closed.into()));
            }
        }
    }

    /// Leaves parts whose results are still to come, and takes back what has not been sent.
    fn leave<T, G>(
        &mut self,
        shared: &Shared<T, O, E, G>,
        leaves: impl Fn(&Queue<Lot<T, O, E>, G>, BatchId) -> bool,
    ) {
        let seats = self.results.iter().filter_map(|outcome| match outcome {
            Outcome::There(seat) => Some(*seat),
            Outcome::Here(_) => None,
        });
        let left = shared.work().leave(&mut self.parts, seats, leaves);
        left.settle();
    }

    /// The results, all of which are there.
    fn take(&mut self) -> Vec<Executed<O, E>> {
        let parts = &self.parts;
        let outcomes = mem::take(&mut self.results).into_iter();
        let result = |outcome| match outcome {
            Outcome::Here(result) => result,
            Outcome::There(Seat { part, slot }) => {
                let part = parts.get(part as usize);
                let result = part.and_then(|part| part.take(slot));
                result.unwrap_or(Err(LoadError::Abandoned.into()))
            }
        };
        outcomes.map(result).collect()
    }
}

impl Unity {
    fn enter<T, O, E, G>(
        self,
        shared: &Shared<T, O, E, G>,
        values: Vec<T>,
        caller: &Caller,
        entered: &mut Entered<T, O, E, G>,
    ) where
        G: Eq + Hash,
    {
        let count = values.len();
        match self {
            Self::Split => {
                let arrivals = values.into_iter().map(|value| shared.arrival(value));
                let arrivals = arrivals.collect();
                shared.work().enter(arrivals, caller, entered);
            }
            Self::Whole => match shared.whole(values) {
                Ok(whole) => shared.work().enter_whole(whole, caller, entered),
                Err(error) => shared.work().refuse_whole(count, &error, entered),
            },
        }
    }
}

impl<T, O, E, G> Drop for ExecutionMany<'_, T, O, E, G> {
    fn drop(&mut self) {
        if let State::Waiting(mut waiting) = mem::replace(&mut self.state, State::Done) {
            if !waiting.has_landed() {
                waiting.leave(self.shared, |_, _| true);
            }
            // It may have been woken to carry on a call that is not its own.
            self.shared.driving.leave();
        }
    }
}

impl<T, O, E, G> fmt::Debug for Execution<'_, T, O, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution").finish_non_exhaustive()
    }
}

impl<T, O, E, G> fmt::Debug for ExecutionMany<'_, T, O, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutionMany").finish_non_exhaustive()
    }
}
