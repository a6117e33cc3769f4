//! Followers that wait no longer than they want, by a clock that is moved by hand.
//!
//! * A follower fails at its bound and not before; the group's bound holds unless the call has
//!   its own; the bound runs from the first poll; the leader's load is not bounded.
//! * With `RunOwn` it loads for itself, and nobody else sees that load or its answer.
//! * A follower whose bound has passed is never picked to lead.
//! * Followers that leave or are served leave no timer; one timer serves all of them.

use std::convert::Infallible;
use std::time::Duration;

use forebay_core::LoadError;
use forebay_singleflight::{Builder, OnTimeout, Role};
use forebay_testkit::HandRuntime;

use crate::backend::Backend;
use crate::hand::{Hand, at_once};
use crate::{Answer, Group};

const SECOND: Duration = Duration::from_secs(1);
const TIMED_OUT: Answer = Err(LoadError::TimedOut);

fn builder(runtime: &HandRuntime) -> Builder<String, u64, Infallible> {
    Group::builder().runtime(runtime.clone())
}

/// A group whose followers wait ten seconds.
fn bounded(runtime: &HandRuntime) -> Group {
    let builder = builder(runtime).follower_timeout(10 * SECOND);
    builder.build().expect("the settings are right")
}

#[test]
fn follower_times_out_at_its_bound_while_the_leader_runs() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let mut leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(9 * SECOND);
    assert_eq!(follower.wakes(), 0);
    follower.still_waits();

    runtime.advance(SECOND);
    assert_eq!(follower.wakes(), 1);
    assert_eq!(follower.output(), TIMED_OUT);
    assert_eq!((backend.started(), group.followers("k")), (1, Some(0)));
    assert_eq!(leader.wakes(), 0);
    leader.still_waits();
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn leader_is_not_bounded_by_the_followers_bound() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let mut leader = Hand::waiting(group.work("k", || backend.load()).timeout(SECOND));
    runtime.advance(100 * SECOND);
    leader.still_waits();
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
}

#[test]
fn promoted_follower_is_not_bounded_any_more() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut promoted = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(9 * SECOND);
    drop(leader);
    promoted.still_waits();
    runtime.advance(100 * SECOND);
    promoted.still_waits();
    backend.answer(1, 7);
    assert_eq!(promoted.output(), Ok(7));
}

#[test]
fn bound_runs_from_the_first_poll() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::<u64>::new();
    let _leader = Hand::waiting(group.work("k", || backend.load()));
    let mut late = Hand::new(group.work("k", || backend.load()));
    runtime.advance(20 * SECOND);
    late.still_waits();
    runtime.advance(9 * SECOND);
    late.still_waits();
    runtime.advance(SECOND);
    assert_eq!(late.output(), TIMED_OUT);
}

#[test]
fn followers_time_out_each_at_its_own_bound() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut followers = Vec::new();
    // Neither in the order of the bounds nor in its reverse.
    for seconds in [5, 2, 8, 1, 6, 3, 7, 4] {
        let call = group.work("k", || backend.load()).timeout(SECOND * seconds);
        followers.push((seconds, Hand::waiting(call)));
    }
    for now in 1..=6 {
        runtime.advance(SECOND);
        for (seconds, follower) in &followers {
            assert_eq!(follower.wakes(), usize::from(*seconds <= now));
        }
    }
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    for (seconds, follower) in followers {
        let late = follower.output();
        // Those who were not polled since their bound passed may be served after all.
        assert!(late == Ok(7) || (seconds <= 6 && late == TIMED_OUT));
    }
}

#[test]
fn bound_of_a_call_wins_over_that_of_the_group() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let short = Hand::waiting(group.work("k", || backend.load()).timeout(SECOND));
    let mut long = Hand::waiting(group.work("k", || backend.load()).timeout(60 * SECOND));
    runtime.advance(SECOND);
    assert_eq!(short.output(), TIMED_OUT);
    runtime.advance(50 * SECOND);
    long.still_waits();
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(long.output(), Ok(7));
}

#[test]
fn call_may_have_a_bound_where_the_group_has_none() {
    let runtime = HandRuntime::default();
    let group = builder(&runtime).build().unwrap();
    let backend = Backend::<u64>::new();
    let _leader = Hand::waiting(group.work("k", || backend.load()));
    let mut patient = Hand::waiting(group.work("k", || backend.load()));
    let hasty = Hand::waiting(group.work("k", || backend.load()).timeout(SECOND));
    runtime.advance(SECOND);
    assert_eq!(hasty.output(), TIMED_OUT);
    runtime.advance(1000 * SECOND);
    patient.still_waits();
}

#[test]
fn endless_bound_is_no_bound() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = Hand::waiting(group.work("k", || backend.load()).timeout(Duration::MAX));
    runtime.advance(1_000_000 * SECOND);
    follower.still_waits();
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn bound_of_zero_waits_for_nobody() {
    let runtime = HandRuntime::default();
    let group = builder(&runtime).build().unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = group.work("k", || backend.load()).timeout(Duration::ZERO);
    assert_eq!(at_once(follower), TIMED_OUT);
    assert_eq!((backend.started(), group.followers("k")), (1, Some(0)));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    let alone = group.work("k", || async { 8 }).timeout(Duration::ZERO);
    assert_eq!(at_once(alone), Ok(8));
}

#[test]
fn follower_runs_its_own_load_where_the_group_says_so() {
    let runtime = HandRuntime::default();
    let own = builder(&runtime).follower_timeout(10 * SECOND);
    let group = own.on_timeout(OnTimeout::RunOwn).build().unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut fallback = Hand::waiting(group.work("k", || backend.load()).with_info());
    runtime.advance(5 * SECOND);
    let mut other = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(5 * SECOND);
    fallback.still_waits();
    assert_eq!((backend.started(), group.followers("k")), (2, Some(1)));

    backend.answer(1, 100);
    let (answer, info) = fallback.output();
    assert_eq!((answer, info.role), (Ok(100), Role::Fallback));
    assert_eq!(info.waited, Some(10 * SECOND));
    assert_eq!((group.in_flight(), other.wakes()), (1, 0));
    other.still_waits();
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(other.output(), Ok(7));
}

#[test]
fn fallback_that_ends_badly_hits_its_own_caller_only() {
    let runtime = HandRuntime::default();
    let own = builder(&runtime).follower_timeout(SECOND);
    let group = own.on_timeout(OnTimeout::RunOwn).build().unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut panics = Hand::waiting(group.work("k", || backend.load()));
    let mut dropped = Hand::waiting(group.work("k", || backend.load()));
    let patient = group.work("k", || backend.load()).timeout(60 * SECOND);
    let patient = Hand::waiting(patient);
    runtime.advance(SECOND);
    panics.still_waits();
    dropped.still_waits();
    backend.panic(1, "poisoned row");
    assert_eq!(panics.poll_panics(), "poisoned row");
    drop((panics, dropped));

    assert_eq!((backend.running(), patient.wakes()), (1, 0));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(patient.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn expired_follower_is_not_picked_to_lead() {
    let runtime = HandRuntime::default();
    let group = bounded(&runtime);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut patient = Hand::waiting(group.work("k", || backend.load()).timeout(60 * SECOND));
    let expired = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(10 * SECOND);
    drop(leader);
    assert_eq!((patient.wakes(), expired.wakes()), (1, 1));

    assert_eq!(expired.output(), TIMED_OUT);
    assert_eq!(backend.started(), 1);
    patient.still_waits();
    assert_eq!(backend.started(), 2);
    backend.answer(1, 7);
    assert_eq!(patient.output(), Ok(7));
}
