//! Calls that execute through their own executor.
//!
//! * Such a value does not wait for the place, nor for the permit, that its own call holds, whatever
//!   the bounds and the policy, and however its futures are polled.
//! * It takes what stands before it in the queue along, in order.
//! * One that was dropped inside of its call is taken back, or runs to its end.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use forebay_batch::{BoxFuture, Dispatch, Execute, Executor, ExecutorBuilder};
use forebay_testkit::HandRuntime;
use futures::channel::{mpsc, oneshot};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::backend::Error;
use crate::hand::Hand;
use crate::pool::Pool;

type Loop = Executor<u32, u32, Error>;
type Work = dyn Fn(Loop, u32) -> BoxFuture<'static, Result<u32, Error>> + Send + Sync;

/// Carries out its values one after the other, each as a closure says, which gets the executor.
struct Circular {
    executor: Arc<OnceLock<Loop>>,
    work: Box<Work>,
    calls: Arc<Mutex<Vec<Vec<u32>>>>,
}

impl Circular {
    fn note(&self, values: &[u32]) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(values.to_vec());
    }
}

impl Execute<u32> for Circular {
    type Output = u32;
    type Error = Error;

    async fn execute(&self, values: Vec<u32>) -> Result<Vec<Result<u32, Error>>, Error> {
        self.note(&values);
        let executor = self.executor.get().expect("it is built");
        let mut results = Vec::new();
        for value in values {
            results.push((self.work)(executor.clone(), value).await);
        }
        Ok(results)
    }
}

struct Fixture {
    executor: Loop,
    runtime: HandRuntime,
    calls: Arc<Mutex<Vec<Vec<u32>>>>,
}

type Builder = ExecutorBuilder<Circular, u32>;

impl Fixture {
    fn new<F>(
        settings: impl FnOnce(Builder) -> Builder,
        work: impl Fn(Loop, u32) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<u32, Error>> + Send + 'static,
    {
        let place = Arc::new(OnceLock::new());
        let calls = Arc::<Mutex<Vec<Vec<u32>>>>::default();
        let backend = Circular {
            executor: Arc::clone(&place),
            work: Box::new(move |executor, value| Box::pin(work(executor, value))),
            calls: Arc::clone(&calls),
        };
        let runtime = HandRuntime::default();
        let builder = Executor::builder(backend).runtime(runtime.clone());
        let executor = settings(builder).build().expect("the settings are right");
        let _ = place.set(executor.clone());
        Self {
            executor,
            runtime,
            calls,
        }
    }

    fn calls(&self) -> Vec<Vec<u32>> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }

    #[track_caller]
    fn is_over(&self) {
        self.runtime.run();
        let stats = self.executor.stats();
        assert_eq!((stats.waiting, stats.running), (0, 0));
        assert_eq!((self.runtime.tasks(), self.runtime.sleepers()), (0, 0));
    }
}

fn failed<E>(_: E) -> Error {
    "failed below"
}

/// How many values lie between a value and zero.
async fn depth(executor: Loop, value: u32) -> Result<u32, Error> {
    if value == 0 {
        return Ok(0);
    }
    let below = executor.execute(value - 1).await.map_err(failed)?;
    Ok(below + 1)
}

#[test]
fn call_waits_for_calls_beyond_the_bound() {
    let fixture = Fixture::new(|builder| builder, depth);
    let submission = Hand::waiting(fixture.executor.execute(20));
    fixture.runtime.run();
    assert_eq!(submission.woken(), Ok(20));
    assert_eq!(fixture.calls().len(), 21);
    fixture.is_over();
}

#[test]
fn call_waits_for_calls_whatever_the_policy() {
    let hour = Duration::from_secs(3600);
    for policy in [
        Dispatch::Manual,
        Dispatch::Window(hour),
        Dispatch::MinSize(100),
    ] {
        let fixture = Fixture::new(|builder| builder.dispatch(policy), depth);
        let submission = Hand::waiting(fixture.executor.execute(3));
        fixture.executor.dispatch();
        fixture.runtime.run();
        assert_eq!(submission.woken(), Ok(3), "{policy:?}");
        fixture.runtime.advance(hour);
        fixture.is_over();
    }
}

#[test]
fn call_needs_no_second_permit() {
    let pool = Pool::new(1);
    let settings = |builder: Builder| {
        let pool = pool.clone();
        builder.permits(move || pool.clone().take())
    };
    let fixture = Fixture::new(settings, depth);
    let submission = Hand::waiting(fixture.executor.execute(5));
    fixture.runtime.run();
    assert_eq!(submission.woken(), Ok(5));
    assert_eq!((pool.asked(), pool.free()), (1, 1));
    fixture.is_over();
}

#[test]
fn call_waits_for_more_values_than_one_batch_takes() {
    let fixture = Fixture::new(
        |builder| builder.max_batch(2),
        async |executor: Loop, value| {
            if value < 100 {
                return Ok(value);
            }
            let below = executor.execute_many(vec![1, 2, 3, 4, 5, 6, 7]).await;
            below.into_iter().sum::<Result<u32, _>>().map_err(failed)
        },
    );
    let submission = Hand::waiting(fixture.executor.execute(100));
    fixture.runtime.run();
    assert_eq!(submission.woken(), Ok(28));
    let calls = [vec![100], vec![1, 2], vec![3, 4], vec![5, 6], vec![7]];
    assert_eq!(fixture.calls(), calls);
    fixture.is_over();
}

#[test]
fn call_waits_for_values_that_are_polled_only_when_woken() {
    // Each of them is polled for itself, so none begins what another one waits for.
    let fixture = Fixture::new(
        |builder| builder.max_batch(1),
        async |executor: Loop, value| {
            if value < 100 {
                return Ok(value);
            }
            let below: FuturesUnordered<_> = (1..=5).map(|value| executor.execute(value)).collect();
            let below: Vec<_> = below.collect().await;
            below.into_iter().sum::<Result<u32, _>>().map_err(failed)
        },
    );
    let submission = Hand::waiting(fixture.executor.execute(100));
    fixture.runtime.run();
    assert_eq!(submission.woken(), Ok(15));
    assert_eq!(fixture.calls().len(), 6);
    fixture.is_over();
}

#[test]
fn call_takes_what_stands_before_its_values_along() {
    let (open, gate) = oneshot::channel::<()>();
    let gate = Mutex::new(Some(gate));
    let fixture = Fixture::new(
        |builder| builder.max_batch(2),
        move |executor: Loop, value| {
            let gate = (value == 100).then(|| gate.lock().expect("nobody panics").take());
            async move {
                if let Some(Some(gate)) = gate {
                    let _ = gate.await;
                    return executor.execute(5).await.map_err(failed);
                }
                Ok(value)
            }
        },
    );
    let parent = Hand::waiting(fixture.executor.execute(100));
    fixture.runtime.run();
    let before = Hand::waiting(fixture.executor.execute_many(vec![1, 2, 3]));
    open.send(()).expect("the call waits for it");
    fixture.runtime.run();
    assert_eq!(fixture.calls(), [vec![100], vec![1, 2], vec![3, 5]]);
    assert_eq!(parent.woken(), Ok(5));
    assert_eq!(before.woken(), [Ok(1), Ok(2), Ok(3)]);
    fixture.is_over();
}

#[test]
fn value_that_its_call_drops_is_taken_back() {
    let fixture = Fixture::new(
        |builder| builder,
        async |executor: Loop, value| {
            if value == 100 {
                drop(Hand::waiting(executor.execute(1)));
            }
            Ok(value)
        },
    );
    let submission = Hand::waiting(fixture.executor.execute(100));
    fixture.runtime.run();
    assert_eq!(submission.woken(), Ok(100));
    assert_eq!(fixture.calls(), [[100]]);
    fixture.is_over();
    let next = Hand::waiting(fixture.executor.execute(2));
    fixture.runtime.run();
    assert_eq!(next.woken(), Ok(2));
}

#[test]
fn value_that_its_call_drops_lets_nobody_past_the_bound() {
    let (step, gate) = mpsc::unbounded::<()>();
    let gate = Mutex::new(Some(gate));
    let fixture = Fixture::new(
        |builder| builder,
        move |executor: Loop, value| {
            let gate = gate.lock().expect("nobody panics").take();
            async move {
                if let Some(mut gate) = gate {
                    gate.next().await;
                    drop(Hand::waiting(executor.execute(1)));
                    gate.next().await;
                }
                Ok(value)
            }
        },
    );
    let parent = Hand::waiting(fixture.executor.execute(100));
    fixture.runtime.run();
    let behind = Hand::waiting(fixture.executor.execute(2));
    step.unbounded_send(()).expect("the call waits for it");
    fixture.runtime.run();
    // Nothing that is waited for within the call is left.
    assert_eq!(fixture.calls(), [[100]]);
    assert_eq!(fixture.executor.stats().waiting, 1);
    step.unbounded_send(()).expect("the call waits for it");
    fixture.runtime.run();
    assert_eq!(fixture.calls(), [[100], [2]]);
    assert_eq!((parent.woken(), behind.woken()), (Ok(100), Ok(2)));
    fixture.is_over();
}

#[test]
fn executor_within_its_own_call_closes() {
    let fixture = Fixture::new(
        |builder| builder,
        async |executor: Loop, _| {
            executor.close();
            executor.execute(1).await.map_err(|error| {
                assert!(!error.may_have_run());
                "closed"
            })
        },
    );
    let submission = Hand::waiting(fixture.executor.execute(100));
    fixture.runtime.run();
    let outcome = submission.woken();
    assert_eq!(outcome.expect_err("it is one").backend(), Some(&"closed"));
    fixture.is_over();
}

#[test]
fn calls_that_nobody_else_polls_do_not_stand_still() {
    let fixture = Fixture::new(|builder| builder.inline(), depth);
    assert_eq!(Hand::new(fixture.executor.execute(7)).finished(), Ok(7));
    assert_eq!(fixture.runtime.spawned(), 0);
    fixture.is_over();
}
