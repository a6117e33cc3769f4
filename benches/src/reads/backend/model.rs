use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::reads::backend::{BackendError, Costs};
use crate::reads::row::{Row, row};

/// A modelled backend, and the virtual time that passes while it is asked.
///
/// Time stands still while tasks run. Whoever drives them calls `advance` once
/// none of them can go on, and time jumps to the next answer.
///
/// Calls are served in the order in which they came, so many at once as the [`Costs`] allow. Of
/// two answers that are due at one instant, the one that began to be served first comes first.
#[derive(Debug)]
pub struct Model {
    keys: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now_ns: u64,
    costs: Costs,
    calls: u64,
    served: u64,
    /// Calls being served, by when they are done and then by when they began.
    serving: BinaryHeap<Reverse<(u64, u64, u64)>>,
    /// Calls that wait to be served, each with its number of keys.
    waiting: VecDeque<(u64, u64)>,
    under_way: HashMap<u64, Progress, foldhash::fast::FixedState>,
}

/// How far a call is, for the future that waits for it.
#[derive(Debug)]
struct Progress {
    fails: bool,
    done: bool,
    waker: Waker,
}

impl Model {
    /// Creates a backend that holds `keys` keys, at time 0.
    #[must_use]
    pub fn new(costs: Costs, keys: u32) -> Self {
        Self {
            keys: u64::from(keys),
            state: Mutex::new(State {
                now_ns: 0,
                costs,
                calls: 0,
                served: 0,
                serving: BinaryHeap::new(),
                waiting: VecDeque::new(),
                under_way: HashMap::default(),
            }),
        }
    }

    /// Asks for so many keys at once, and returns once the answer is there.
    ///
    /// # Cancel safety
    ///
    /// The call is served all the same, as a database would.
    pub(crate) fn call(&self, keys: usize) -> ModelCall<'_> {
        ModelCall {
            model: self,
            keys: keys as u64,
            number: None,
        }
    }

    /// Returns what an answer holds for `key`.
    pub(crate) fn row(&self, key: u64) -> Option<Row> {
        (key < self.keys).then(|| row(key))
    }

    /// Returns the virtual time.
    pub(crate) fn now_ns(&self) -> u64 {
        self.state().now_ns
    }

    /// Returns when the next answer is due, if a call is being served.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.state().serving.peek().map(|Reverse((at, ..))| *at)
    }

    /// Lets time pass up to `now_ns`, before which no answer may be due.
    pub(crate) fn wait_until(&self, now_ns: u64) {
        self.state().now_ns = now_ns;
    }

    /// Lets time pass up to the next answer and gives it; returns whether there was one.
    pub(crate) fn advance(&self) -> bool {
        let mut state = self.state();
        let Some(Reverse((at, _, number))) = state.serving.pop() else {
            return false;
        };
        state.now_ns = at;
        if let Some((next, keys)) = state.waiting.pop_front() {
            state.serve(next, keys);
        }
        let waker = state.under_way.get_mut(&number).map(|call| {
            call.done = true;
            call.waker.clone()
        });
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// No user code runs under the lock, so a poisoned one still guards a sound state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, keys: u64, waker: Waker) -> u64 {
        let number = self.calls;
        self.calls += 1;
        let progress = Progress {
            fails: false,
            done: false,
            waker,
        };
        self.under_way.insert(number, progress);
        if self.serving.len() < self.costs.in_flight_max() {
            self.serve(number, keys);
        } else {
            self.waiting.push_back((number, keys));
        }
        number
    }

    /// Begins to serve a call. It is served to its end even if nobody waits for it any more, as a
    /// database would.
    fn serve(&mut self, number: u64, keys: u64) {
        let cost = self.costs.draw(keys);
        if let Some(call) = self.under_way.get_mut(&number) {
            call.fails = cost.fails;
        }
        let done_ns = self.now_ns.saturating_add(cost.ns);
        self.serving.push(Reverse((done_ns, self.served, number)));
        self.served += 1;
    }
}

/// One call of the modelled backend, made at its first poll.
#[derive(Debug)]
pub(crate) struct ModelCall<'a> {
    model: &'a Model,
    keys: u64,
    number: Option<u64>,
}

impl Future for ModelCall<'_> {
    type Output = Result<(), BackendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.model.state();
        let Some(number) = self.number else {
            let number = state.begin(self.keys, cx.waker().clone());
            drop(state);
            self.number = Some(number);
            return Poll::Pending;
        };
        match state.under_way.get_mut(&number) {
            Some(call) if !call.done => {
                call.waker.clone_from(cx.waker());
                Poll::Pending
            }
            Some(call) if call.fails => Poll::Ready(Err(BackendError::Modelled)),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl Drop for ModelCall<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let call = self.model.state().under_way.remove(&number);
            // Outside of the lock, as a waker may do anything when it is dropped.
            drop(call);
        }
    }
}
