use std::fmt;
use std::hash::Hash;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use forebay_core::LoadError;

use crate::error::ExecuteError;
use crate::executor::values::{Caller, Entered, Executed, Part, Seat, Shared};
use crate::observe::Asker;

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
            *state = State::Waiting(Waiting::enter(shared, values, unity, cx.waker()));
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
        shared.driving.pass_on();
        Poll::Ready(results)
    }
}

impl<O, E> Waiting<O, E> {
    fn enter<T, G>(shared: &Shared<T, O, E, G>, values: Vec<T>, unity: Unity, waker: &Waker) -> Self
    where
        T: Send + 'static,
        O: Send + 'static,
        E: Send + Sync + 'static,
        G: Eq + Hash + Send + 'static,
    {
        let arrivals = values
            .into_iter()
            .map(|value| shared.arrival(value))
            .collect();
        let caller = Caller {
            waker,
            parent: shared.parent(),
            now: shared.now(),
            asker: Asker::current(),
        };
        let (mut parts, mut entered) = (Vec::new(), Entered::new());
        let seats = {
            let mut work = shared.work();
            match unity {
                Unity::Split => work.enter(arrivals, &caller, &mut parts, &mut entered),
                Unity::Whole => work.enter_whole(arrivals, &caller, &mut parts, &mut entered),
            }
        };
        drop(entered.garbage);
        shared.spawn_all(entered.starts);
        if let Some(batch) = entered.began {
            // Where there is no timer, `wait` finds out.
            let _ = shared.arm(batch);
        }
        let results = seats.into_iter().map(|seat| match seat {
            Ok(seat) => Outcome::There(seat),
            Err(error) => Outcome::Here(Err(error.into())),
        });
        let results = results.collect();
        Self { results, parts }
    }

    fn has_landed(&self) -> bool {
        self.parts.iter().all(|part| part.outbox.is_set())
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
        let is_waiting = !waiting.is_empty();
        let attend = |(batch, start)| shared.attend(batch, start).err();
        let failures: Vec<_> = waiting.into_iter().filter_map(attend).collect();
        let Some(error) = failures.into_iter().next() else {
            return is_waiting;
        };
        self.leave(shared);
        for outcome in &mut self.results {
            if let Outcome::There(seat) = outcome
                && !self
                    .parts
                    .get(seat.part as usize)
                    .is_some_and(|part| part.outbox.is_set())
            {
                *outcome = Outcome::Here(Err(error.clone().into()));
            }
        }
        false
    }

    /// Takes back what has not been sent.
    fn leave<T, G>(&self, shared: &Shared<T, O, E, G>) {
        let seats = self.results.iter().filter_map(|outcome| match outcome {
            Outcome::There(seat) => Some(*seat),
            Outcome::Here(_) => None,
        });
        let left = shared.work().leave(&self.parts, seats);
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
                let result = part.and_then(|part| part.outbox.take(slot));
                result.unwrap_or(Err(LoadError::Abandoned.into()))
            }
        };
        outcomes.map(result).collect()
    }
}

impl<T, O, E, G> Drop for ExecutionMany<'_, T, O, E, G> {
    fn drop(&mut self) {
        if let State::Waiting(waiting) = mem::replace(&mut self.state, State::Done)
            && !waiting.has_landed()
        {
            waiting.leave(self.shared);
            self.shared.driving.pass_on();
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
