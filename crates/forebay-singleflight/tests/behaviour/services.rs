//! The tower layer.
//!
//! * Requests with one key share a response; a request without a key goes straight through.
//! * The layered service is always ready, so readiness neither waits nor spins; a leader waits for
//!   the inner service in its own future.
//! * Followers hold no permit of the inner service, and those of a lost leader come back.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use forebay_core::LoadError;
use forebay_singleflight::{Singleflight, SingleflightLayer, SingleflightService};
use tower_layer::Layer;
use tower_service::Service;

use crate::backend::{Backend, BackendLoad};
use crate::hand::{Hand, at_once};

type Response = Result<u64, &'static str>;
type Shared = Result<u64, LoadError<&'static str>>;

/// A service that lets in one request at a time: being ready holds the permit.
struct Single {
    backend: Backend<Response>,
    gate: Arc<Mutex<Gate>>,
    permit: Option<Permit>,
}

#[derive(Default)]
struct Gate {
    taken: bool,
    waiting: Vec<Waker>,
    polls: usize,
    broken: bool,
}

struct Permit(Arc<Mutex<Gate>>);

impl Single {
    fn new() -> Self {
        Self {
            backend: Backend::new(),
            gate: Arc::default(),
            permit: None,
        }
    }

    fn polls(&self) -> usize {
        self.gate.lock().expect("no test panics in it").polls
    }

    fn take_permit(&self) -> Permit {
        self.gate.lock().expect("no test panics in it").taken = true;
        Permit(Arc::clone(&self.gate))
    }

    fn break_down(&self) {
        self.gate.lock().expect("no test panics in it").broken = true;
    }
}

impl Clone for Single {
    fn clone(&self) -> Self {
        Self {
            backend: self.backend.clone(),
            gate: Arc::clone(&self.gate),
            permit: None,
        }
    }
}

impl Service<String> for Single {
    type Response = u64;
    type Error = &'static str;
    type Future = Running;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        let mut gate = self.gate.lock().expect("no test panics in it");
        gate.polls += 1;
        if gate.broken {
            return Poll::Ready(Err("broken"));
        }
        if self.permit.is_none() {
            if gate.taken {
                gate.waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
            gate.taken = true;
            self.permit = Some(Permit(Arc::clone(&self.gate)));
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: String) -> Running {
        let permit = self.permit.take().expect("it was made ready before");
        Running {
            load: self.backend.load(),
            _permit: permit,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let waiting = {
            let mut gate = self.0.lock().expect("no test panics in it");
            gate.taken = false;
            std::mem::take(&mut gate.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// A request that the inner service works on.
struct Running {
    load: BackendLoad<Response>,
    _permit: Permit,
}

impl Future for Running {
    type Output = Response;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        std::pin::Pin::new(&mut self.load).poll(cx)
    }
}

#[expect(clippy::ptr_arg, reason = "the layer hands the request itself to it")]
fn is_read(request: &String) -> Option<String> {
    request.starts_with("GET").then(|| request.clone())
}

type Layered =
    SingleflightService<Single, String, u64, &'static str, fn(&String) -> Option<String>>;

fn layered(inner: &Single) -> Layered {
    let group = Singleflight::<String, u64, &'static str>::new();
    SingleflightLayer::new(group, is_read as fn(&String) -> Option<String>).layer(inner.clone())
}

/// Sends a request, and polls its future once.
fn sent(service: &mut Layered, request: &str) -> Hand<'static, Shared> {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
    Hand::waiting(service.call(request.to_owned()))
}

#[test]
fn requests_with_one_key_share_a_response() {
    let inner = Single::new();
    let mut service = layered(&inner);
    let leader = sent(&mut service, "GET a");
    let follower = sent(&mut service.clone(), "GET a");
    assert_eq!(inner.backend.started(), 1);
    inner.backend.answer(0, Ok(7));
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn failure_is_shared_too() {
    let inner = Single::new();
    let mut service = layered(&inner);
    let leader = sent(&mut service, "GET a");
    let follower = sent(&mut service, "GET a");
    inner.backend.answer(0, Err("refused"));
    assert_eq!(leader.output(), Err(LoadError::from("refused")));
    assert_eq!(follower.output(), Err(LoadError::from("refused")));
    assert_eq!(inner.backend.started(), 1);
}

#[test]
fn request_without_a_key_goes_straight_through() {
    let inner = Single::new();
    let mut service = layered(&inner);
    let one = sent(&mut service, "PUT a");
    let mut other = sent(&mut service, "PUT a");
    inner.backend.answer(0, Ok(1));
    assert_eq!(one.output(), Ok(1));
    assert_eq!(other.wakes(), 1);
    other.still_waits();
    inner.backend.answer(1, Err("refused"));
    assert_eq!(other.output(), Err(LoadError::from("refused")));
    assert_eq!(inner.backend.started(), 2);
}

#[test]
fn followers_hold_no_permit() {
    let inner = Single::new();
    let mut service = layered(&inner);
    let leader = sent(&mut service, "GET a");
    let followers: Vec<_> = (0..10).map(|_| sent(&mut service, "GET a")).collect();
    // The one permit is the leader's: with it gone, another request gets through at once.
    inner.backend.answer(0, Ok(7));
    assert_eq!(leader.output(), Ok(7));
    let _other = sent(&mut service, "GET b");
    assert_eq!(inner.backend.started(), 2);
    for follower in followers {
        assert_eq!(follower.output(), Ok(7));
    }
}

#[test]
fn service_is_ready_while_the_inner_one_is_not() {
    let inner = Single::new();
    let mut service = layered(&inner);
    let permit = inner.take_permit();
    for _ in 0..100 {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(service.poll_ready(&mut cx).is_ready());
    }
    assert_eq!(inner.polls(), 0);

    let mut leader = sent(&mut service, "GET a");
    let follower = sent(&mut service, "GET a");
    assert_eq!((inner.polls(), inner.backend.started()), (1, 0));
    assert_eq!((leader.wakes(), follower.wakes()), (0, 0));
    drop(permit);
    assert_eq!((leader.wakes(), follower.wakes()), (1, 0));
    leader.still_waits();
    inner.backend.answer(0, Ok(7));
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn permit_of_a_lost_leader_comes_back() {
    let inner = Single::new();
    let mut service = layered(&inner);
    let leader = sent(&mut service, "GET a");
    let mut follower = sent(&mut service, "GET a");
    drop(leader);
    assert_eq!(follower.wakes(), 1);
    follower.still_waits();
    assert_eq!((inner.backend.started(), inner.backend.running()), (2, 1));
    inner.backend.answer(1, Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn inner_service_that_breaks_down_fails_its_requests() {
    let inner = Single::new();
    let mut service = layered(&inner);
    inner.break_down();
    let failed = Err(LoadError::from("broken"));
    assert_eq!(at_once(service.call("GET a".to_owned())), failed);
    assert_eq!(at_once(service.call("PUT a".to_owned())), failed);
    assert_eq!(inner.backend.started(), 0);
}

#[test]
fn services_of_one_layer_share_their_flights() {
    let inner = Single::new();
    let group = Singleflight::<String, u64, &'static str>::new();
    let layer = SingleflightLayer::new(group.clone(), is_read as fn(&String) -> Option<String>);
    let (mut one, mut other) = (
        layer.layer(inner.clone()),
        layer.clone().layer(inner.clone()),
    );
    let leader = sent(&mut one, "GET a");
    let follower = sent(&mut other, "GET a");
    assert_eq!(group.in_flight(), 1);
    inner.backend.answer(0, Ok(7));
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
    assert_eq!(inner.backend.started(), 1);
}
