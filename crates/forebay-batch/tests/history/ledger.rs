//! The backend: it does with its calls as it is told, and writes down what happens to them.

use std::collections::VecDeque;
use std::mem;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use forebay_batch::BoxFuture;
use forebay_core::{Answers, LoadBatch, LoadError, LoadResult};
use futures::future::poll_fn;

use crate::event::{Ending, How};

/// The key, and the number of the call that read it.
pub(crate) type Value = (u8, usize);

/// The number of the call that failed.
pub(crate) type Error = usize;

pub(crate) type Answer = LoadResult<Value, Error>;

/// What happened, in the order in which it did.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// A call began with these keys.
    Begun(usize, Vec<u8>),
    /// It asked for a key itself.
    Nested(usize, u8),
    /// It got the answer to that.
    Told(usize, Answer),
    /// It gave that up.
    Left(usize),
    /// It ended, and these are the answers of its keys.
    Ended(usize, Vec<Answer>),
    /// It was dropped.
    Dropped(usize),
}

enum Order {
    End(Ending),
    Nest(u8),
}

/// Loads a key from the batcher before this backend.
pub(crate) type Ask = Box<dyn Fn(u8) -> BoxFuture<'static, Answer> + Send>;

#[derive(Clone, Default)]
pub(crate) struct Ledger {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    entries: Vec<Entry>,
    ask: Option<Ask>,
}

#[derive(Default)]
struct Call {
    orders: VecDeque<Order>,
    waker: Option<Waker>,
}

impl Ledger {
    pub(crate) fn set_ask(&self, ask: Option<Ask>) {
        let before = mem::replace(&mut self.lock().ask, ask);
        drop(before);
    }

    /// Lets a call end, once it has done what it was told before.
    pub(crate) fn end(&self, call: usize, ending: Ending) {
        self.order(call, Order::End(ending));
    }

    /// Lets a call load a key.
    pub(crate) fn nest(&self, call: usize, key: u8) {
        self.order(call, Order::Nest(key));
    }

    /// Takes what was written down since the last time.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        mem::take(&mut self.lock().entries)
    }

    fn order(&self, call: usize, order: Order) {
        let waker = {
            let call = &mut self.lock().calls[call];
            call.orders.push_back(order);
            call.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn note(&self, entry: Entry) {
        self.lock().entries.push(entry);
    }

    fn next(&self, call: usize, cx: &Context<'_>) -> Option<Order> {
        let call = &mut self.lock().calls[call];
        call.waker = Some(cx.waker().clone());
        call.orders.pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoadBatch<u8> for Ledger {
    type Value = Value;
    type Error = Error;

    async fn load_batch(
        &self,
        keys: &[u8],
        answers: &mut Answers<'_, u8, Value, Error>,
    ) -> Result<(), Error> {
        let number = {
            let mut state = self.lock();
            state.calls.push(Call::default());
            let number = state.calls.len() - 1;
            state.entries.push(Entry::Begun(number, keys.to_vec()));
            number
        };
        let mut running = Running {
            ledger: self,
            number,
            ended: false,
        };
        loop {
            let next = poll_fn(|cx| match self.next(number, cx) {
                Some(order) => Poll::Ready(order),
                None => Poll::Pending,
            });
            let ending = match next.await {
                Order::End(ending) => ending,
                Order::Nest(key) => {
                    self.note(Entry::Nested(number, key));
                    let load = self.lock().ask.as_ref().map(|ask| ask(key));
                    if let Some(load) = load {
                        let ledger = self;
                        let nested = Nested {
                            ledger,
                            number,
                            load: Some(load),
                        };
                        let told = nested.await;
                        self.note(Entry::Told(number, told));
                    }
                    continue;
                }
            };
            running.ended = true;
            self.note(Entry::Ended(number, results(number, keys, ending)));
            return give(number, keys, ending, answers);
        }
    }
}

/// Notes that a call was dropped, unless it has ended.
struct Running<'a> {
    ledger: &'a Ledger,
    number: usize,
    ended: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.ledger.note(Entry::Dropped(self.number));
        }
    }
}

/// A load that a call makes. Notes that it was given up before that happens.
struct Nested<'a> {
    ledger: &'a Ledger,
    number: usize,
    load: Option<BoxFuture<'static, Answer>>,
}

impl Future for Nested<'_> {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let Some(load) = &mut self.load else {
            return Poll::Pending;
        };
        let answer = std::task::ready!(load.as_mut().poll(cx));
        self.load = None;
        Poll::Ready(answer)
    }
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        if self.load.is_some() {
            self.ledger.note(Entry::Left(self.number));
        }
    }
}

/// What a call finds for the key at a position.
fn found(call: usize, key: u8, position: usize, ending: Ending) -> Answer {
    match ending.answers >> (position * 2 % 16) & 3 {
        0 | 1 => Ok(Some((key, call))),
        2 => Ok(None),
        _ => Err(LoadError::from(call)),
    }
}

/// The answers that come of an ending.
fn results(call: usize, keys: &[u8], ending: Ending) -> Vec<Answer> {
    let answered = keys.iter().take(ending.answered);
    let answer = |(position, key): (usize, &u8)| {
        // One that stands twice and is answered once is answered for both.
        let twin = answered.clone().position(|other| other == key);
        let answered = if position < ending.answered {
            Some(position)
        } else {
            twin
        };
        if let Some(answered) = answered {
            return found(call, *key, answered, ending);
        }
        match ending.how {
            How::Well => Ok(None),
            How::Failure => Err(LoadError::from(call)),
            How::Panic => Err(LoadError::Panicked(format!("call {call}").into())),
        }
    };
    keys.iter().enumerate().map(answer).collect()
}

/// Ends a call.
fn give(
    call: usize,
    keys: &[u8],
    ending: Ending,
    answers: &mut Answers<'_, u8, Value, Error>,
) -> Result<(), Error> {
    for (position, key) in keys.iter().enumerate().take(ending.answered) {
        match found(call, *key, position, ending) {
            Ok(Some(value)) => answers.set(position, value),
            Ok(None) => answers.missing(position),
            Err(_) => answers.fail(position, call),
        };
    }
    match ending.how {
        How::Well => Ok(()),
        How::Failure => Err(call),
        // Past the panic hook, which would print a report of what the test wants.
        How::Panic => resume_unwind(Box::new(format!("call {call}"))),
    }
}
