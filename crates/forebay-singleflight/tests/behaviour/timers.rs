//! What bounds on waiting cost, and how they meet the other ends of a flight.
//!
//! * One sleep serves all followers, and none is left when nobody waits.
//! * A bound that passes in the same instant as another event changes nobody's answer but its own.
//! * Where the runtime is gone, followers are told rather than stranded.

use std::task::Poll;
use std::time::Duration;

use forebay_core::LoadError;
use forebay_testkit::{Gone, HandRuntime};

use crate::backend::Backend;
use crate::hand::Hand;
use crate::{Answer, Group};

const SECOND: Duration = Duration::from_secs(1);

fn bounded(runtime: &HandRuntime) -> Group {
    Group::builder()
        .runtime(runtime.clone())
        .follower_timeout(10 * SECOND)
        .build()
        .expect("the settings are right")
}

#[test]
fn one_sleep_serves_all_followers() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::<u64>::new();
    let keys: Vec<_> = (0..10).map(|key| key.to_string()).collect();
    let mut calls = Vec::new();
    for key in &keys {
        for _ in 0..11 {
            calls.push(Hand::waiting(group.work(key.as_str(), || backend.load())));
            runtime.advance(Duration::from_millis(1));
        }
    }
    assert_eq!(backend.started(), 10);
    assert!(runtime.tasks() <= 1, "{} tasks", runtime.tasks());
    assert!(runtime.sleepers() <= 1, "{} sleeps", runtime.sleepers());
}

#[test]
fn lone_leaders_need_no_timer() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!((runtime.tasks(), runtime.sleepers()), (0, 0));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
}

#[test]
fn no_timer_is_left_when_nobody_waits() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let served = Hand::waiting(group.work("k", || backend.load()));
    let leaves = Hand::waiting(group.work("k", || backend.load()));
    runtime.run();
    drop(leaves);
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(served.output(), Ok(7));
    runtime.advance(10 * SECOND);
    assert_eq!(runtime.sleepers(), 0);
}

#[test]
fn timer_ends_with_the_group() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let load = || {
        let backend = backend.clone();
        move || backend.load()
    };
    let leader = Hand::waiting(group.work_owned("k".to_owned(), load()));
    let follower = Hand::waiting(group.work_owned("k".to_owned(), load()));
    runtime.run();
    drop(group);
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
    runtime.run();
    assert_eq!((runtime.tasks(), runtime.sleepers()), (0, 0));
}

#[test]
fn follower_times_out_after_the_group_is_dropped() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::<u64>::new();
    let load = || {
        let backend = backend.clone();
        move || backend.load()
    };
    let _leader = Hand::waiting(group.work_owned("k".to_owned(), load()));
    let follower = Hand::waiting(group.work_owned("k".to_owned(), load()));
    drop(group);
    runtime.advance(10 * SECOND);
    assert_eq!(follower.wakes(), 1);
    assert_eq!(follower.output(), Err(LoadError::TimedOut));
}

#[test]
fn timer_serves_a_second_round() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::<u64>::new();
    let _leader = Hand::waiting(group.work("k", || backend.load()));
    for _ in 0..3 {
        let follower = Hand::waiting(group.work("k", || backend.load()));
        runtime.advance(10 * SECOND);
        assert_eq!(follower.output(), Err(LoadError::TimedOut));
        // A long pause in which nobody waits.
        runtime.advance(100 * SECOND);
    }
}

#[test]
fn earlier_bound_shortens_the_sleep_of_a_later_one() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::<u64>::new();
    let _a = Hand::waiting(group.work("a", || backend.load()));
    let _b = Hand::waiting(group.work("b", || backend.load()));
    let mut long = Hand::waiting(group.work("a", || backend.load()));
    runtime.run();
    let short = Hand::waiting(group.work("b", || backend.load()).timeout(SECOND));
    runtime.advance(SECOND);
    assert_eq!(short.wakes(), 1);
    assert_eq!(short.output(), Err(LoadError::TimedOut));
    assert_eq!(long.wakes(), 0);
    long.still_waits();
    runtime.advance(9 * SECOND);
    assert_eq!(long.output(), Err(LoadError::TimedOut));
}

#[test]
fn answer_that_comes_with_the_bound_ends_the_wait_one_way_or_the_other() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(10 * SECOND);
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert!(matches!(
        follower.output(),
        Ok(7) | Err(LoadError::TimedOut)
    ));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn follower_whose_bound_has_passed_does_not_lead_although_its_timer_has_not_run() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::<u64>::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let patient = Hand::waiting(group.work("k", || backend.load()).timeout(60 * SECOND));
    let late = Hand::waiting(group.work("k", || backend.load()));
    runtime.run();
    runtime.pass(10 * SECOND);
    drop(leader);

    assert_eq!(late.output(), Err(LoadError::TimedOut));
    assert_eq!((backend.started(), patient.wakes()), (1, 1));
    runtime.run();
    assert_eq!(patient.wakes(), 1);
}

#[test]
fn candidate_that_expires_before_its_poll_passes_the_seat_on() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut patient = Hand::waiting(group.work("k", || backend.load()).timeout(60 * SECOND));
    let candidate = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    assert_eq!(candidate.wakes(), 1);
    runtime.advance(10 * SECOND);

    // It may still lead, late as it is, or give up: the other is served either way.
    let mut candidate = candidate;
    let polled = candidate.poll();
    if polled.is_ready() {
        assert_eq!(polled, Poll::Ready(Err(LoadError::TimedOut)));
        assert_eq!(patient.wakes(), 1);
        patient.still_waits();
        backend.answer(1, 7);
    } else {
        backend.answer(1, 7);
        assert_eq!(candidate.output(), Ok(7));
    }
    assert_eq!(backend.started(), 2);
    assert_eq!(patient.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn all_followers_expired_and_leader_lost_leaves_nothing() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::<u64>::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let followers: Vec<_> = (0..3)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    runtime.advance(10 * SECOND);
    drop(leader);
    for follower in followers {
        assert_eq!(follower.wakes(), 1);
        assert_eq!(follower.output(), Err(LoadError::TimedOut));
    }
    assert_eq!((group.in_flight(), backend.started()), (0, 1));
}

#[test]
fn new_caller_leads_where_only_expired_followers_are_left() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let expired = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(10 * SECOND);
    drop(leader);
    let newcomer = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!(backend.running(), 1);
    assert_eq!(expired.output(), Err(LoadError::TimedOut));
    backend.answer(1, 7);
    assert_eq!(newcomer.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn followers_without_a_runtime_are_told_rather_than_stranded() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    runtime.shut_down(Gone::Refuses);
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::new(group.work("k", || backend.load()));
    told_or_served(follower, || {
        backend.answer(0, 7);
        assert_eq!(leader.output(), Ok(7));
    });
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn followers_whose_runtime_shuts_down_are_told_rather_than_stranded() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    runtime.run();
    runtime.shut_down(Gone::Refuses);
    assert_eq!(follower.wakes(), 1);
    told_or_served(follower, || {
        backend.answer(0, 7);
        assert_eq!(leader.output(), Ok(7));
    });
    assert_eq!(group.in_flight(), 0);
}

/// A follower without a timer fails at once, or waits without spinning until it is served.
fn told_or_served(mut follower: Hand<'_, Answer>, serve: impl FnOnce()) {
    let mut polls = 0;
    let polled = loop {
        let wakes = follower.wakes();
        let polled = follower.poll();
        polls += 1;
        assert!(polls < 10, "it wakes itself for ever");
        if polled.is_ready() || follower.wakes() == wakes {
            break polled;
        }
    };
    serve();
    match polled {
        Poll::Ready(answer) => assert_eq!(answer, Err(LoadError::Closed)),
        Poll::Pending => assert_eq!(follower.output(), Ok(7)),
    }
}
