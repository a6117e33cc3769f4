//! A backend that notes what it is asked, and whose calls end as the test says.

use std::collections::VecDeque;
use std::hash::Hash;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use forebay_core::{Answers, LoadBatch};
use futures::future::poll_fn;

pub(crate) type Error = &'static str;

/// What a call finds for a key: the key itself, and the number of the call that read it.
pub(crate) type Value<K> = (K, usize);

pub(crate) type Sink<'a, K> = Answers<'a, K, Value<K>, Error>;

/// Calls in the order in which they began, numbered from zero.
pub(crate) struct Backend<K> {
    state: Arc<Mutex<State<K>>>,
}

struct State<K> {
    calls: Vec<Call<K>>,
    /// The first steps of the calls to come.
    scripts: VecDeque<VecDeque<Step<K>>>,
    /// Calls without a script answer all their keys at once.
    answers: bool,
    running_max: usize,
}

struct Call<K> {
    keys: Vec<K>,
    steps: VecDeque<Step<K>>,
    waker: Option<Waker>,
    running: bool,
}

/// What a poll of a call does.
pub(crate) enum Step<K> {
    /// Gives values for all keys and ends.
    Answer,
    /// Ends with this error for all keys.
    Fail(Error),
    /// Panics with this message.
    Panic(&'static str),
    /// Wakes the call and goes on with the next step when it is polled again.
    Yield,
    /// Ends as the closure does, which gets the number of the call.
    End(End<K>),
}

type End<K> = Box<dyn FnOnce(usize, &[K], &mut Sink<'_, K>) -> Result<(), Error> + Send>;

impl<K> Step<K> {
    pub(crate) fn end(
        end: impl FnOnce(usize, &[K], &mut Sink<'_, K>) -> Result<(), Error> + Send + 'static,
    ) -> Self {
        Self::End(Box::new(end))
    }
}

impl<K> Backend<K> {
    /// Every call waits until it is told how to end.
    pub(crate) fn held() -> Self {
        Self::new(false)
    }

    /// Every call answers all its keys at once, unless it was told otherwise.
    pub(crate) fn answering() -> Self {
        Self::new(true)
    }

    fn new(answers: bool) -> Self {
        let state = State {
            calls: Vec::new(),
            scripts: VecDeque::new(),
            answers,
            running_max: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Decides on the next call that nothing was decided on yet.
    pub(crate) fn script(&self, steps: impl IntoIterator<Item = Step<K>>) {
        self.lock().scripts.push_back(steps.into_iter().collect());
    }

    /// Lets a call go on, and wakes it.
    pub(crate) fn step(&self, call: usize, step: Step<K>) {
        let waker = {
            let call = &mut self.lock().calls[call];
            call.steps.push_back(step);
            call.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn answer(&self, call: usize) {
        self.step(call, Step::Answer);
    }

    pub(crate) fn fail(&self, call: usize, error: Error) {
        self.step(call, Step::Fail(error));
    }

    /// Lets all calls answer that run and were not told how to end.
    pub(crate) fn answer_all(&self) {
        self.undecided()
            .into_iter()
            .for_each(|call| self.answer(call));
    }

    /// Returns the keys of each call.
    pub(crate) fn calls(&self) -> Vec<Vec<K>>
    where
        K: Clone,
    {
        self.lock()
            .calls
            .iter()
            .map(|call| call.keys.clone())
            .collect()
    }

    /// Returns how many calls have begun.
    pub(crate) fn begun(&self) -> usize {
        self.lock().calls.len()
    }

    /// Returns the calls that have neither ended nor been dropped.
    pub(crate) fn running(&self) -> Vec<usize> {
        let state = self.lock();
        let running = state
            .calls
            .iter()
            .enumerate()
            .filter(|(_, call)| call.running);
        running.map(|(number, _)| number).collect()
    }

    /// Returns how many calls ran at once at most.
    pub(crate) fn running_max(&self) -> usize {
        self.lock().running_max
    }

    /// Returns the calls that run and were not told how to end.
    pub(crate) fn undecided(&self) -> Vec<usize> {
        let state = self.lock();
        let calls = state.calls.iter().enumerate();
        let undecided = calls.filter(|(_, call)| call.running && call.steps.is_empty());
        undecided.map(|(number, _)| number).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Backend<K>
where
    K: Clone + Eq + Hash + Send + Sync,
{
    fn begin(&self, keys: &[K]) -> usize {
        let mut state = self.lock();
        let steps = match state.scripts.pop_front() {
            Some(steps) => steps,
            None if state.answers => VecDeque::from([Step::Answer]),
            None => VecDeque::new(),
        };
        state.calls.push(Call {
            keys: keys.to_vec(),
            steps,
            waker: None,
            running: true,
        });
        let running = state.calls.iter().filter(|call| call.running).count();
        state.running_max = state.running_max.max(running);
        state.calls.len() - 1
    }

    fn poll(
        &self,
        number: usize,
        keys: &[K],
        answers: &mut Sink<'_, K>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let step = {
            let call = &mut self.lock().calls[number];
            call.waker = Some(cx.waker().clone());
            call.steps.pop_front()
        };
        match step {
            None => return Poll::Pending,
            Some(Step::Yield) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Step::Answer) => {
                for (position, key) in keys.iter().enumerate() {
                    answers.set(position, (key.clone(), number));
                }
            }
            Some(Step::Fail(error)) => return Poll::Ready(Err(error)),
            // Past the panic hook, which would print a report of what the test wants.
            Some(Step::Panic(message)) => resume_unwind(Box::new(message)),
            Some(Step::End(end)) => return Poll::Ready(end(number, keys, answers)),
        }
        Poll::Ready(Ok(()))
    }
}

impl<K> LoadBatch<K> for Backend<K>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
{
    type Value = Value<K>;
    type Error = Error;

    async fn load_batch(&self, keys: &[K], answers: &mut Sink<'_, K>) -> Result<(), Error> {
        let number = self.begin(keys);
        let _running = Running {
            backend: self.clone(),
            number,
        };
        poll_fn(|cx| self.poll(number, keys, answers, cx)).await
    }
}

impl<K> Clone for Backend<K> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
        }
    }
}

/// Held by a call until it ends or is dropped.
struct Running<K> {
    backend: Backend<K>,
    number: usize,
}

impl<K> Drop for Running<K> {
    fn drop(&mut self) {
        let garbage = {
            let call = &mut self.backend.lock().calls[self.number];
            call.running = false;
            call.waker.take()
        };
        drop(garbage);
    }
}
