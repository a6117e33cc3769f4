//! A backend of mutations that notes what it is sent, whose calls end as the test says, and an
//! executor before it.

use std::collections::VecDeque;
use std::hash::Hash;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use forebay_batch::{Execute, ExecuteError, Executor, ExecutorBuilder};
use forebay_core::LoadError;
use forebay_testkit::HandRuntime;
use futures::future::poll_fn;

use crate::backend::Error;
use crate::hand::Hand;

/// That a value was carried out, in the call of this number. It cannot be cloned, so whoever has it
/// is the only one.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Receipt {
    pub(crate) value: u32,
    pub(crate) call: usize,
}

pub(crate) type Outcome = Result<Receipt, ExecuteError<Error>>;

pub(crate) const fn done(value: u32, call: usize) -> Outcome {
    Ok(Receipt { value, call })
}

pub(crate) fn failed(error: Error) -> Outcome {
    Err(ExecuteError::Failed(LoadError::from(error)))
}

pub(crate) const fn lost(error: LoadError<Error>) -> Outcome {
    Err(ExecuteError::Failed(error))
}

/// What a call gives back to the executor.
pub(crate) type Ended = Result<Vec<Result<Receipt, Error>>, Error>;

/// Calls in the order in which they began, numbered from zero.
#[derive(Clone)]
pub(crate) struct Ledger {
    state: Arc<Mutex<State>>,
}

struct State {
    calls: Vec<Call>,
    /// The first steps of the calls to come.
    scripts: VecDeque<VecDeque<Step>>,
    /// Calls without a script carry out all their values at once.
    executes: bool,
    running_max: usize,
}

struct Call {
    values: Vec<u32>,
    steps: VecDeque<Step>,
    waker: Option<Waker>,
    end: End,
}

/// How a call has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    Running,
    /// By itself.
    Ended,
    /// By being dropped.
    Dropped,
}

/// What a poll of a call does.
pub(crate) enum Step {
    /// Carries out all values and ends.
    Execute,
    /// Fails as a whole.
    Fail(Error),
    /// Panics with this message.
    Panic(&'static str),
    /// Wakes the call and goes on with the next step when it is polled again.
    Yield,
    /// Ends as the closure does, which gets the number of the call and its values.
    End(Ending),
}

type Ending = Box<dyn FnOnce(usize, &[u32]) -> Ended + Send>;

impl Step {
    pub(crate) fn end(end: impl FnOnce(usize, &[u32]) -> Ended + Send + 'static) -> Self {
        Self::End(Box::new(end))
    }

    /// Ends with a result too few or too many, none of which is wrong by itself.
    pub(crate) fn results(count: usize) -> Self {
        Self::end(move |call, values| {
            let values = values.iter().copied().chain(900..);
            let receipt = |value| Ok(Receipt { value, call });
            Ok(values.map(receipt).take(count).collect())
        })
    }
}

impl Ledger {
    /// Every call waits until it is told how to end.
    pub(crate) fn held() -> Self {
        Self::new(false)
    }

    /// Every call carries out all its values at once, unless it was told otherwise.
    pub(crate) fn executing() -> Self {
        Self::new(true)
    }

    fn new(executes: bool) -> Self {
        let state = State {
            calls: Vec::new(),
            scripts: VecDeque::new(),
            executes,
            running_max: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Decides on the next call that nothing was decided on yet.
    pub(crate) fn script(&self, steps: impl IntoIterator<Item = Step>) {
        self.lock().scripts.push_back(steps.into_iter().collect());
    }

    /// Lets a call go on, and wakes it.
    pub(crate) fn step(&self, call: usize, step: Step) {
        let waker = {
            let call = &mut self.lock().calls[call];
            call.steps.push_back(step);
            call.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn execute(&self, call: usize) {
        self.step(call, Step::Execute);
    }

    /// Lets all calls end that run and were not told how to.
    pub(crate) fn execute_all(&self) {
        self.undecided()
            .into_iter()
            .for_each(|call| self.execute(call));
    }

    /// Returns the values of each call.
    pub(crate) fn calls(&self) -> Vec<Vec<u32>> {
        let state = self.lock();
        let calls = state.calls.iter();
        calls.map(|call| call.values.clone()).collect()
    }

    /// Returns how each call has ended.
    pub(crate) fn ends(&self) -> Vec<End> {
        self.lock().calls.iter().map(|call| call.end).collect()
    }

    /// Returns how many calls run.
    pub(crate) fn running(&self) -> usize {
        let ends = self.ends();
        ends.iter().filter(|end| **end == End::Running).count()
    }

    /// Returns how many calls ran at once at most.
    pub(crate) fn running_max(&self) -> usize {
        self.lock().running_max
    }

    /// Returns the calls that run and were not told how to end.
    pub(crate) fn undecided(&self) -> Vec<usize> {
        let state = self.lock();
        let calls = state.calls.iter().enumerate();
        let undecided = calls.filter(|(_, call)| call.end == End::Running && call.steps.is_empty());
        undecided.map(|(number, _)| number).collect()
    }

    fn begin(&self, values: &[u32]) -> usize {
        let mut state = self.lock();
        let steps = match state.scripts.pop_front() {
            Some(steps) => steps,
            None if state.executes => VecDeque::from([Step::Execute]),
            None => VecDeque::new(),
        };
        state.calls.push(Call {
            values: values.to_vec(),
            steps,
            waker: None,
            end: End::Running,
        });
        let calls = state.calls.iter();
        let running = calls.filter(|call| call.end == End::Running).count();
        state.running_max = state.running_max.max(running);
        state.calls.len() - 1
    }

    fn poll(&self, number: usize, values: &[u32], cx: &Context<'_>) -> Poll<Ended> {
        let step = {
            let call = &mut self.lock().calls[number];
            call.waker = Some(cx.waker().clone());
            call.steps.pop_front()
        };
        let ended = match step {
            None => return Poll::Pending,
            Some(Step::Yield) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Step::Execute) => {
                let call = number;
                let receipt = |value: &u32| {
                    Ok(Receipt {
                        value: *value,
                        call,
                    })
                };
                Ok(values.iter().map(receipt).collect())
            }
            Some(Step::Fail(error)) => Err(error),
            Some(Step::Panic(message)) => {
                self.lock().calls[number].end = End::Ended;
                // Past the panic hook, which would print a report of what the test wants.
                resume_unwind(Box::new(message));
            }
            Some(Step::End(end)) => end(number, values),
        };
        self.lock().calls[number].end = End::Ended;
        Poll::Ready(ended)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Execute<u32> for Ledger {
    type Output = Receipt;
    type Error = Error;

    async fn execute(&self, values: Vec<u32>) -> Ended {
        let number = self.begin(&values);
        let _running = Running {
            ledger: self,
            number,
        };
        poll_fn(|cx| self.poll(number, &values, cx)).await
    }
}

/// Held by a call until it ends or is dropped.
struct Running<'a> {
    ledger: &'a Ledger,
    number: usize,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let garbage = {
            let call = &mut self.ledger.lock().calls[self.number];
            if call.end == End::Running {
                call.end = End::Dropped;
            }
            call.waker.take()
        };
        drop(garbage);
    }
}

/// An executor with its backend and its runtime, all in the test's hand.
pub(crate) struct Counter<G = ()> {
    pub(crate) ledger: Ledger,
    pub(crate) runtime: HandRuntime,
    pub(crate) executor: Executor<u32, Receipt, Error, G>,
}

impl Counter {
    /// The default settings, before a backend whose calls wait until they are told how to end.
    pub(crate) fn held() -> Self {
        Self::new(|builder| builder)
    }
}

impl<G> Counter<G>
where
    G: Eq + Hash + Send + 'static,
{
    /// Settings of its own, before a backend whose calls wait until they are told how to end.
    pub(crate) fn new(
        settings: impl FnOnce(ExecutorBuilder<Ledger, u32>) -> ExecutorBuilder<Ledger, u32, G>,
    ) -> Self {
        Self::before(Ledger::held(), settings)
    }

    /// Settings of its own, before a backend whose calls carry out their values at once.
    pub(crate) fn executing(
        settings: impl FnOnce(ExecutorBuilder<Ledger, u32>) -> ExecutorBuilder<Ledger, u32, G>,
    ) -> Self {
        Self::before(Ledger::executing(), settings)
    }

    fn before(
        ledger: Ledger,
        settings: impl FnOnce(ExecutorBuilder<Ledger, u32>) -> ExecutorBuilder<Ledger, u32, G>,
    ) -> Self {
        let runtime = HandRuntime::default();
        let builder = Executor::builder(ledger.clone()).runtime(runtime.clone());
        Self {
            executor: settings(builder).build().expect("the settings are right"),
            ledger,
            runtime,
        }
    }

    /// Submits a value, whose result must have to be waited for.
    #[track_caller]
    pub(crate) fn execute(&self, value: u32) -> Hand<'_, Outcome> {
        Hand::waiting(self.executor.execute(value))
    }

    /// Submits each value by itself, in this order.
    #[track_caller]
    pub(crate) fn each(&self, values: &[u32]) -> Vec<Hand<'_, Outcome>> {
        values.iter().map(|value| self.execute(*value)).collect()
    }

    /// Submits many values at once, whose results must have to be waited for.
    #[track_caller]
    pub(crate) fn many(&self, values: &[u32]) -> Hand<'_, Vec<Outcome>> {
        Hand::waiting(self.executor.execute_many(values.to_vec()))
    }

    /// Submits many values for one call, whose results must have to be waited for.
    #[track_caller]
    pub(crate) fn whole(&self, values: &[u32]) -> Hand<'_, Vec<Outcome>> {
        Hand::waiting(self.executor.execute_whole(values.to_vec()))
    }

    /// Runs what is spawned until nothing more happens.
    pub(crate) fn run(&self) {
        self.runtime.run();
    }

    /// Lets all calls end that run, again and again until none does.
    pub(crate) fn finish(&self) {
        self.run();
        while !self.ledger.undecided().is_empty() {
            self.ledger.execute_all();
            self.run();
        }
    }

    /// How many values wait and how many are in calls.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let stats = self.executor.stats();
        (stats.waiting, stats.running)
    }

    /// Nothing waits, nothing runs, no task and no timer is left.
    #[track_caller]
    pub(crate) fn is_over(&self) {
        self.run();
        assert_eq!(self.counts(), (0, 0), "values that wait, and in calls");
        assert_eq!(self.ledger.running(), 0, "calls that run");
        let left = (self.runtime.tasks(), self.runtime.sleepers());
        assert_eq!(left, (0, 0), "tasks and timers");
    }
}
