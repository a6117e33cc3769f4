//! A log that does what it is told: for each time that it is opened, what comes then.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use forebay_consumer::{Follow, FollowError, Received, Step};
use forebay_core::{Checkpoint, Cursor, LogId, Sequence};
use futures::Stream;

pub(crate) fn at(log: u64, sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(log), Sequence::new(sequence)))
}

/// Items with one number each, whose sequence is that number, in log 1.
pub(crate) fn items(numbers: impl IntoIterator<Item = u64>) -> Event {
    let all = numbers.into_iter().fold(Received::new(), |all, number| {
        all.and(number).reaching(at(1, number))
    });
    Event::Step(Step::Items(all))
}

/// Items of a sequence that goes on after them.
pub(crate) fn parts(numbers: impl IntoIterator<Item = u64>) -> Event {
    Event::Step(Step::Items(Received::from(
        numbers.into_iter().collect::<Vec<_>>(),
    )))
}

pub(crate) fn reached(log: u64, sequence: u64) -> Event {
    Event::Step(Step::Reached(at(log, sequence)))
}

pub(crate) fn anew() -> Event {
    Event::Step(Step::Anew)
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    Step(Step<Received<u64>>),
    Fails(FollowError<Broken>),
    Closed,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// For each further opening.
    plans: VecDeque<Result<Vec<Event>, FollowError<Broken>>>,
    /// What comes of the stream that is open.
    events: VecDeque<Event>,
    task: Option<Waker>,
    opened: Vec<Option<Checkpoint>>,
    head: Option<Sequence>,
}

impl Script {
    pub(crate) fn new(plans: impl IntoIterator<Item = Vec<Event>>) -> Self {
        let script = Self::default();
        plans.into_iter().for_each(|plan| script.plan(Ok(plan)));
        script
    }

    pub(crate) fn plan(&self, plan: Result<Vec<Event>, FollowError<Broken>>) {
        self.0.lock().unwrap().plans.push_back(plan);
    }

    /// Adds what comes of the stream that is open.
    pub(crate) fn push(&self, event: Event) {
        let mut state = self.0.lock().unwrap();
        state.events.push_back(event);
        let task = state.task.take();
        drop(state);
        task.into_iter().for_each(Waker::wake);
    }

    /// From where it was opened each time.
    pub(crate) fn opened(&self) -> Vec<Option<Checkpoint>> {
        self.0.lock().unwrap().opened.clone()
    }

    pub(crate) fn set_head(&self, head: u64) {
        self.0.lock().unwrap().head = Some(Sequence::new(head));
    }

    /// How much of the stream that is open was not taken.
    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap().events.len()
    }
}

impl Follow for Script {
    type Items = Received<u64>;
    type Error = Broken;
    type Steps = Steps;

    async fn follow(&self, from: Option<&Checkpoint>) -> Result<Steps, FollowError<Broken>> {
        let mut state = self.0.lock().unwrap();
        state.opened.push(from.cloned());
        let plan = state.plans.pop_front().unwrap_or_else(|| Ok(Vec::new()))?;
        state.events = plan.into();
        drop(state);
        Ok(Steps(self.clone()))
    }

    fn head(&self) -> Option<Sequence> {
        self.0.lock().unwrap().head
    }
}

pub(crate) struct Steps(Script);

impl Stream for Steps {
    type Item = Result<Step<Received<u64>>, FollowError<Broken>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.0.lock().unwrap();
        match state.events.pop_front() {
            Some(Event::Step(step)) => Poll::Ready(Some(Ok(step))),
            Some(Event::Fails(error)) => Poll::Ready(Some(Err(error))),
            Some(Event::Closed) => Poll::Ready(None),
            None => {
                state.task = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
