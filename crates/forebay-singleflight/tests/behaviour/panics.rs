//! Loads that panic.
//!
//! * The caller that loaded gets the original panic, the followers its message, after one load.
//! * A panic in the closure, before there is a future, is the same.
//! * The next call starts afresh; with `on_panic(Promote)` followers retry, a bounded number of
//!   times.
//! * A load whose destructor panics strands nobody.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::task::{Context, Poll};

use forebay_core::LoadError;
use forebay_singleflight::{OnFailure, Role};

use crate::backend::Backend;
use crate::hand::{Hand, at_once};
use crate::{Answer, Group};

fn panicked(message: &str) -> Answer {
    Err(LoadError::Panicked(message.into()))
}

fn payload_of(call: &mut Hand<'_, Answer>) -> Box<dyn Any + Send> {
    let polled = catch_unwind(AssertUnwindSafe(|| call.poll()));
    polled.expect_err("the load did not panic")
}

#[test]
fn leader_gets_the_panic_and_followers_its_message() {
    let group = Group::new();
    let backend = Backend::new();
    let mut leader = Hand::waiting(group.work("k", || backend.load()));
    let followers: Vec<_> = (0..300)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    backend.panic(0, "poisoned row");
    assert_eq!(leader.poll_panics(), "poisoned row");

    assert_eq!((group.in_flight(), backend.running()), (0, 0));
    for follower in followers {
        assert_eq!(follower.wakes(), 1);
        assert_eq!(follower.output(), panicked("poisoned row"));
    }
    assert_eq!(backend.started(), 1);
    assert_eq!(at_once(group.work("k", || async { 7 })), Ok(7));
}

#[test]
fn panic_keeps_its_payload() {
    let group = Group::new();
    let mut leader = Hand::new(group.work("k", || async { panic_any(42_u8) }));
    let payload = payload_of(&mut leader);
    assert_eq!(payload.downcast_ref(), Some(&42_u8));
}

#[test]
fn followers_of_a_payload_without_a_text_get_some_message() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let mut leader = Hand::waiting(group.work("k", || async {
        backend.load().await;
        panic_any(42_u8)
    }));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(0, 1);
    payload_of(&mut leader);
    let Err(LoadError::Panicked(message)) = follower.output() else {
        panic!("not told of the panic");
    };
    assert!(!message.is_empty());
}

#[test]
fn message_may_be_formatted() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let mut leader = Hand::waiting(group.work("k", || async {
        let row = backend.load().await;
        panic!("row {row}")
    }));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(0, 3);
    assert_eq!(leader.poll_panics(), "row 3");
    assert_eq!(follower.output(), panicked("row 3"));
}

#[test]
fn panic_in_the_closure_leaves_nothing_behind() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let mut leader = Hand::new(group.work("k", || {
        assert_eq!(group.followers("k"), Some(0));
        if backend.started() == 0 {
            panic!("no connection");
        }
        backend.load()
    }));
    assert_eq!(leader.poll_panics(), "no connection");
    assert_eq!(group.in_flight(), 0);
    assert_eq!(at_once(group.work("k", || async { 7 })), Ok(7));
}

#[test]
fn panic_in_the_closure_of_a_promoted_follower_reaches_the_other_followers() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let waiting = Hand::waiting(group.work("k", || backend.load()));
    let mut promoted = Hand::waiting(group.work("k", || {
        if backend.started() == 1 {
            panic!("no connection");
        }
        backend.load()
    }));
    drop(leader);
    assert_eq!(promoted.poll_panics(), "no connection");
    assert_eq!(waiting.wakes(), 1);
    assert_eq!(waiting.output(), panicked("no connection"));
    assert_eq!((backend.started(), group.in_flight()), (1, 0));
}

#[test]
fn panicked_call_that_is_dropped_later_disturbs_nobody() {
    let group = Group::new();
    let backend = Backend::new();
    let mut leader = Hand::waiting(group.work("k", || backend.load()));
    backend.panic(0, "poisoned row");
    leader.poll_panics();

    let newer = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    assert_eq!((group.followers("k"), follower.wakes()), (Some(1), 0));
    backend.answer(1, 7);
    assert_eq!(newer.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn followers_retry_a_bounded_number_of_times_where_the_group_says_so() {
    let group = Group::builder()
        .on_panic(OnFailure::Promote { max: 2 })
        .build()
        .unwrap();
    let backend = Backend::new();
    let mut leader = Hand::waiting(group.work("k", || backend.load()));
    let mut followers: Vec<_> = (0..10)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    for load in 0..2 {
        backend.panic(load, "poisoned row");
        assert_eq!(leader.poll_panics(), "poisoned row");
        assert_eq!((group.in_flight(), backend.started()), (1, load + 1));
        let woken = followers.iter().filter(|follower| follower.wakes() > 0);
        assert_eq!(woken.count(), 1);

        leader = followers.pop().unwrap();
        leader.still_waits();
        assert_eq!(backend.started(), load + 2);
    }
    backend.panic(2, "poisoned row");
    assert_eq!(leader.poll_panics(), "poisoned row");
    for follower in followers {
        assert_eq!(follower.output(), panicked("poisoned row"));
    }
    assert_eq!((backend.started(), group.in_flight()), (3, 0));
}

#[test]
fn retry_after_a_panic_serves_the_followers() {
    let group = Group::builder()
        .on_panic(OnFailure::Promote { max: 1 })
        .build()
        .unwrap();
    let backend = Backend::new();
    let mut leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    let mut promoted = Hand::waiting(group.work("k", || backend.load()).with_info());
    backend.panic(0, "poisoned row");
    leader.poll_panics();
    promoted.still_waits();
    backend.answer(1, 7);
    let (answer, info) = promoted.output();
    assert_eq!((answer, info.role), (Ok(7), Role::Promoted));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn retry_without_a_follower_removes_the_entry() {
    let group = Group::builder()
        .on_panic(OnFailure::Promote { max: 2 })
        .build()
        .unwrap();
    let mut leader = Hand::new(group.work("k", || async { panic!("poisoned row") }));
    leader.poll_panics();
    assert_eq!(group.in_flight(), 0);
}

/// Waits, or answers where `ready`; its destructor panics.
struct PanicsWhenDropped {
    ready: bool,
}

impl Future for PanicsWhenDropped {
    type Output = u64;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        if self.ready {
            Poll::Ready(7)
        } else {
            Poll::Pending
        }
    }
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped badly");
    }
}

#[test]
fn cancelled_load_that_panics_when_dropped_strands_nobody() {
    let group = Group::new();
    let leader = Hand::waiting(group.work("k", || PanicsWhenDropped { ready: false }));
    let backend = Backend::new();
    let follower = Hand::waiting(group.work("k", || backend.load()));
    let mut youngest = Hand::waiting(group.work("k", || backend.load()));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(leader))).is_err());

    assert_eq!(youngest.wakes(), 1);
    youngest.still_waits();
    backend.answer(0, 7);
    assert_eq!(youngest.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn finished_load_that_panics_when_dropped_strands_nobody() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let mut leader = Hand::waiting(group.work("k", || {
        let load = backend.load();
        let last = PanicsWhenDropped { ready: true };
        async move {
            load.await;
            last.await
        }
    }));
    let mut follower = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(0, 1);
    let led = catch_unwind(AssertUnwindSafe(|| leader.poll()));
    drop(catch_unwind(AssertUnwindSafe(|| drop(leader))));

    // Whether it counts as an answer or as a panic is left open; an end there must be.
    assert_eq!(follower.wakes(), 1);
    match (led, follower.poll()) {
        (Ok(Poll::Ready(Ok(7))), Poll::Ready(Ok(7)))
        | (Err(_), Poll::Ready(Ok(7) | Err(LoadError::Panicked(_)))) => {}
        (led, follower) => panic!("{led:?}, {follower:?}"),
    }
    assert_eq!(group.in_flight(), 0);
}
