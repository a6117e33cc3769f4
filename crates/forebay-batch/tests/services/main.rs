//! The tower layer.
//!
//! * Requests that come together are one call of the inner service, and each gets its own response.
//! * The layered service is always ready, so readiness neither waits nor spins; where too much waits,
//!   requests are rejected.
//! * A batch takes its requests when a clone of the inner service is ready, and not before; that fails
//!   or is given back with nobody being served by mistake.
//! * Dropping a response takes its request back, and what was sent runs to its end.
#![cfg(feature = "tower")]

#[path = "../harness/backend.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod backend;
#[path = "../harness/hand.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod hand;
#[path = "../harness/mutations.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod mutations;

mod gated;
mod meddling;

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use forebay_batch::{
    BatchLayer, BatchService, BoxFuture, ConfigError, ExecuteError, ExecutorBuilder, InnerService,
};
use forebay_core::LoadError;
use forebay_testkit::HandRuntime;
use tower_layer::Layer;
use tower_service::Service;

use crate::backend::Error;
use crate::gated::{Gated, lock, open};
use crate::hand::{Hand, at_once, settle};
use crate::mutations::{End, Ended, Ledger, Outcome, Receipt, Step, done, failed, lost};

type Settings<G = ()> = ExecutorBuilder<InnerService<u32, Receipt, Error>, u32, G>;
type Layered = BatchService<u32, Receipt, Error>;

/// A service before one that lets so many calls in at a time, which wait to be told how to end.
struct Fixture {
    inner: Gated,
    ledger: Ledger,
    runtime: HandRuntime,
    service: Layered,
}

impl Fixture {
    fn new(free: usize, settings: impl FnOnce(Settings) -> Settings) -> Self {
        let (ledger, runtime) = (Ledger::held(), HandRuntime::default());
        let inner = Gated::new(&ledger, free);
        let on = |builder: Settings| settings(builder.runtime(runtime.clone()));
        Self {
            service: BatchService::new(inner.clone(), on).expect("the settings are right"),
            inner,
            ledger,
            runtime,
        }
    }

    /// Sends a request, and polls its response once.
    fn send(&mut self, request: u32) -> Hand<'static, Outcome> {
        send(&mut self.service, request)
    }

    fn send_each(&mut self, requests: &[u32]) -> Vec<Hand<'static, Outcome>> {
        requests.iter().map(|request| self.send(*request)).collect()
    }

    #[track_caller]
    fn is_over(&self) {
        self.runtime.run();
        let stats = self.service.executor().stats();
        assert_eq!((stats.waiting, stats.running), (0, 0));
        assert_eq!((self.runtime.tasks(), self.ledger.running()), (0, 0));
    }
}

fn send<G>(
    service: &mut BatchService<u32, Receipt, Error, G>,
    request: u32,
) -> Hand<'static, Outcome>
where
    G: Eq + std::hash::Hash + Send + 'static,
{
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(service.poll_ready(&mut cx), Poll::Ready(Ok(())));
    Hand::waiting(service.call(request))
}

#[test]
fn requests_that_come_together_are_one_call() {
    let mut fixture = Fixture::new(1, |settings| settings);
    let mut responses = fixture.send_each(&[3, 1]);
    responses.push(send(&mut fixture.service.clone(), 2));
    fixture.runtime.run();
    assert_eq!(fixture.ledger.calls(), [[3, 1, 2]]);
    fixture.ledger.execute(0);
    fixture.runtime.run();
    for (response, request) in responses.into_iter().zip([3, 1, 2]) {
        assert_eq!(response.woken(), done(request, 0));
    }
    assert_eq!(fixture.inner.free(), 1);
    fixture.is_over();
}

#[test]
fn failures_reach_whom_they_concern() {
    let mut fixture = Fixture::new(1, |settings| settings);
    let responses = fixture.send_each(&[1, 2]);
    fixture.runtime.run();
    let end = Step::end(|call, _| Ok(vec![Err("odd"), Ok(Receipt { value: 2, call })]));
    fixture.ledger.step(0, end);
    fixture.runtime.run();
    let outcomes: Vec<_> = responses.into_iter().map(Hand::woken).collect();
    assert_eq!(outcomes, [failed("odd"), done(2, 0)]);

    let responses = fixture.send_each(&[3, 4]);
    fixture.runtime.run();
    fixture.ledger.step(1, Step::Fail("refused"));
    fixture.runtime.run();
    for response in responses {
        assert_eq!(response.woken(), failed("refused"));
    }

    let responses = fixture.send_each(&[5, 6]);
    fixture.runtime.run();
    fixture.ledger.step(2, Step::results(3));
    fixture.runtime.run();
    for response in responses {
        let wrong = Err(ExecuteError::WrongLength { sent: 2, got: 3 });
        assert_eq!(response.woken(), wrong);
    }
    fixture.is_over();
}

#[test]
fn service_is_ready_while_the_inner_one_is_not() {
    let mut fixture = Fixture::new(0, |settings| settings);
    let mut idle = fixture.service.clone();
    for _ in 0..100 {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(idle.poll_ready(&mut cx).is_ready());
        assert!(fixture.service.poll_ready(&mut cx).is_ready());
    }
    assert_eq!(fixture.inner.polls(), 0);
    // Who was ready and does not call keeps nobody from being served.
    let response = fixture.send(1);
    fixture.runtime.run();
    open(&fixture.inner.gate, 1);
    fixture.runtime.run();
    fixture.ledger.execute(0);
    fixture.runtime.run();
    assert_eq!(response.woken(), done(1, 0));
    drop(idle);
}

#[test]
fn requests_that_come_before_the_inner_service_is_ready_go_along() {
    let mut fixture = Fixture::new(0, |settings| settings.max_in_flight(9).max_batch(4));
    let _first = fixture.send_each(&[1, 2]);
    fixture.runtime.run();
    let _later = fixture.send_each(&[3, 4, 5]);
    fixture.runtime.run();
    assert_eq!(fixture.ledger.calls().len(), 0);
    open(&fixture.inner.gate, 1);
    fixture.runtime.run();
    assert_eq!(fixture.ledger.calls(), [[1, 2, 3, 4]]);
    fixture.ledger.execute(0);
    fixture.runtime.run();
    assert_eq!(fixture.ledger.calls(), [vec![1, 2, 3, 4], vec![5]]);
    fixture.ledger.execute(1);
    fixture.is_over();
    assert_eq!(fixture.inner.free(), 1);
}

#[test]
fn calls_run_at_once_as_the_inner_service_lets_them() {
    let mut fixture = Fixture::new(2, |settings| settings.max_in_flight(9).max_batch(1));
    let responses = fixture.send_each(&[1, 2, 3]);
    fixture.runtime.run();
    assert_eq!(fixture.ledger.calls(), [[1], [2]]);
    fixture.ledger.execute(1);
    fixture.runtime.run();
    assert_eq!(fixture.ledger.calls(), [[1], [2], [3]]);
    fixture.ledger.execute_all();
    fixture.runtime.run();
    for (place, response) in responses.into_iter().enumerate() {
        assert_eq!(response.woken(), done(place as u32 + 1, place));
    }
    assert_eq!(fixture.inner.free(), 2);
    fixture.is_over();
}

#[test]
fn inner_service_that_breaks_down_fails_what_would_have_left() {
    let mut fixture = Fixture::new(0, |settings| settings.max_batch(2));
    let mut responses = fixture.send_each(&[1, 2, 3]);
    fixture.runtime.run();
    let last = responses.pop();
    fixture.inner.set_broken(true);
    fixture.runtime.run();
    for response in responses {
        assert_eq!(response.woken(), failed("broken"));
    }
    assert_eq!(last.map(Hand::woken), Some(failed("broken")));
    assert_eq!(fixture.ledger.calls().len(), 0);
    // The next clone may do better.
    fixture.inner.set_broken(false);
    open(&fixture.inner.gate, 1);
    let next = fixture.send(4);
    fixture.runtime.run();
    fixture.ledger.execute(0);
    fixture.runtime.run();
    assert_eq!(next.woken(), done(4, 0));
    fixture.is_over();
}

#[test]
fn requests_beyond_the_bound_are_rejected_at_once() {
    let mut fixture = Fixture::new(0, |settings| settings.max_waiting(2));
    let responses = fixture.send_each(&[1, 2]);
    fixture.runtime.run();
    let rejected = at_once(fixture.service.call(3));
    assert_eq!(rejected, lost(LoadError::Rejected));
    open(&fixture.inner.gate, 1);
    fixture.runtime.run();
    let next = fixture.send(4);
    fixture.ledger.execute(0);
    fixture.runtime.run();
    assert!(
        responses
            .into_iter()
            .all(|response| response.woken().is_ok())
    );
    fixture.ledger.execute(1);
    fixture.runtime.run();
    assert_eq!(next.woken(), done(4, 1));
}

#[test]
fn response_that_is_dropped_takes_its_request_back() {
    let mut fixture = Fixture::new(0, |settings| settings);
    let mut responses = fixture.send_each(&[1, 2]);
    fixture.runtime.run();
    drop(responses.remove(0));
    open(&fixture.inner.gate, 1);
    fixture.runtime.run();
    assert_eq!(fixture.ledger.calls(), [[2]]);
    // What was sent runs to its end.
    drop(responses);
    fixture.runtime.run();
    assert_eq!(fixture.ledger.ends(), [End::Running]);
    fixture.ledger.execute(0);
    fixture.runtime.run();
    assert_eq!(fixture.ledger.ends(), [End::Ended]);
    assert_eq!(fixture.inner.free(), 1);
    fixture.is_over();
}

#[test]
fn permit_that_nobody_needs_any_more_comes_back() {
    // The request leaves while its batch waits to be ready, and while it is about to be.
    for is_opened_before in [false, true] {
        let mut fixture = Fixture::new(0, |settings| settings);
        let response = fixture.send(1);
        fixture.runtime.run();
        if is_opened_before {
            open(&fixture.inner.gate, 1);
        }
        drop(response);
        if !is_opened_before {
            open(&fixture.inner.gate, 1);
        }
        fixture.runtime.run();
        assert_eq!(fixture.ledger.calls().len(), 0);
        assert_eq!(fixture.inner.free(), 1);
        fixture.is_over();
    }
}

#[test]
fn call_within_a_call_makes_a_clone_ready_by_itself() {
    /// Asks the service that is before it, once.
    #[derive(Clone)]
    struct Asking {
        service: Arc<Mutex<Option<Layered>>>,
        inner: Gated,
    }

    impl Service<Vec<u32>> for Asking {
        type Response = Vec<Result<Receipt, Error>>;
        type Error = Error;
        type Future = BoxFuture<'static, Ended>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
            self.inner.poll_ready(cx)
        }

        fn call(&mut self, requests: Vec<u32>) -> Self::Future {
            let service = self.service.lock().expect("nobody panics").take();
            let ended = self.inner.call(requests);
            Box::pin(async move {
                if let Some(mut service) = service {
                    service.call(9).await.expect("it is carried out");
                }
                ended.await
            })
        }
    }

    let (ledger, runtime) = (Ledger::executing(), HandRuntime::default());
    let place = Arc::<Mutex<Option<Layered>>>::default();
    let inner = Asking {
        service: Arc::clone(&place),
        inner: Gated::new(&ledger, 2),
    };
    let gate = Arc::clone(&inner.inner.gate);
    let on = |settings: Settings| settings.runtime(runtime.clone());
    let mut service = BatchService::new(inner, on).expect("the settings are right");
    *place.lock().expect("nobody panics") = Some(service.clone());
    let response = send(&mut service, 1);
    runtime.run();
    assert_eq!(ledger.calls(), [[9], [1]]);
    assert_eq!(response.woken(), done(1, 1));
    assert_eq!(lock(&gate).free, 2);
}

#[test]
fn services_of_one_layer_have_batches_of_their_own() {
    let (ledger, runtime) = (Ledger::held(), HandRuntime::default());
    let inner = Gated::new(&ledger, 9);
    let on = runtime.clone();
    let layer = BatchLayer::new(move |settings: Settings| settings.runtime(on.clone()));
    let layer = layer.expect("the settings are right");
    let (mut one, mut other) = (layer.layer(inner.clone()), layer.clone().layer(inner));
    let _responses = [send(&mut one, 1), send(&mut other, 2), send(&mut one, 3)];
    runtime.run();
    let mut calls = ledger.calls();
    calls.sort();
    assert_eq!(calls, [vec![1, 3], vec![2]]);
}

#[test]
fn settings_are_those_of_an_executor() {
    let (ledger, runtime) = (Ledger::held(), HandRuntime::default());
    let on = runtime.clone();
    let layer = BatchLayer::new(move |settings: Settings| {
        settings
            .runtime(on.clone())
            .group_by(|request| request % 2)
            .max_in_flight(2)
            .max_batch(2)
    });
    let layer = layer.expect("the settings are right");
    let mut service = layer.layer(Gated::new(&ledger, 9));
    let responses = [1, 2, 3, 5].map(|request| send(&mut service, request));
    runtime.run();
    assert_eq!(ledger.calls(), [vec![1, 3], vec![2]]);
    ledger.execute_all();
    runtime.run();
    ledger.execute_all();
    runtime.run();
    assert!(
        responses
            .into_iter()
            .all(|response| response.woken().is_ok())
    );
    service.executor().close();
    assert_eq!(at_once(service.call(7)), lost(LoadError::Closed));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let zero = |setting| Some(ConfigError::Zero { setting });
    let layer = BatchLayer::new(|settings: Settings| settings.inline().max_batch(0));
    assert_eq!(layer.err(), zero("max_batch"));
    let inner = Gated::new(&Ledger::held(), 1);
    let service = BatchService::new(inner, |settings: Settings| settings.inline().max_waiting(0));
    assert_eq!(service.err(), zero("max_waiting"));
}

#[test]
fn callers_can_carry_out_the_calls() {
    let ledger = Ledger::executing();
    let inner = Gated::new(&ledger, 1);
    let service = BatchService::new(inner, |settings: Settings| settings.inline());
    let mut service = service.expect("the settings are right");
    let responses = (0..5).map(|request| Hand::new(service.call(request)));
    let outcomes = settle(responses.collect());
    let expected: Vec<_> = (0..5).map(|request| done(request, 0)).collect();
    assert_eq!(outcomes, expected);
    assert_eq!(ledger.calls(), [[0, 1, 2, 3, 4]]);
}
