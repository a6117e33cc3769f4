//! What callers and operators learn.
//!
//! * A leader learns how many shared its answer, 0 where it was alone; a follower knows that it
//!   followed; the time waited is told where there is a clock.
//! * Statistics count each event once, and a leader never counts as deduplicated.
//! * Nothing of the above changes the answer.

use std::time::Duration;

use forebay_core::LoadError;
use forebay_singleflight::{OnTimeout, Role, Singleflight, WhenFull};
use forebay_testkit::HandRuntime;

use crate::Group;
use crate::backend::Backend;
use crate::hand::{Hand, at_once};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn lone_leader_learns_that_nobody_shared() {
    let group = Group::new();
    let (answer, info) = at_once(group.work("k", async || 7).with_info());
    assert_eq!(answer, Ok(7));
    assert_eq!((info.role, info.followers), (Role::Leader, 0));
}

#[test]
fn leader_learns_how_many_shared_and_followers_that_they_followed() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()).with_info());
    let followers: Vec<_> = (0..3)
        .map(|_| Hand::waiting(group.work("k", || backend.load()).with_info()))
        .collect();
    drop(Hand::waiting(group.work("k", || backend.load())));
    backend.answer(0, 7);
    let (answer, info) = leader.output();
    assert_eq!(
        (answer, info.role, info.followers),
        (Ok(7), Role::Leader, 3)
    );
    for follower in followers {
        let (answer, info) = follower.output();
        assert_eq!((answer, info.role), (Ok(7), Role::Follower));
        assert_eq!(info.followers, 3);
    }
}

#[test]
fn time_waited_runs_from_the_first_poll_of_each_call() {
    let runtime = HandRuntime::default();
    let group = Group::builder().runtime(runtime.clone()).build().unwrap();
    let backend = Backend::new();
    let leader = Hand::new(group.work("k", || backend.load()).with_info());
    runtime.advance(SECOND);
    let mut leader = leader;
    leader.still_waits();
    runtime.advance(2 * SECOND);
    let follower = Hand::waiting(group.work("k", || backend.load()).with_info());
    runtime.advance(3 * SECOND);
    backend.answer(0, 7);
    assert_eq!(leader.output().1.waited, Some(5 * SECOND));
    assert_eq!(follower.output().1.waited, Some(3 * SECOND));
}

#[cfg(not(feature = "tokio"))]
#[test]
fn time_waited_is_not_told_without_a_clock() {
    let group = Group::new();
    let (_, info) = at_once(group.work("k", async || 7).with_info());
    assert_eq!(info.waited, None);
}

#[test]
fn statistics_of_a_fresh_group_are_zero() {
    assert_eq!(Group::new().stats(), Default::default());
}

#[test]
fn leader_never_counts_as_deduplicated() {
    let group = Group::new();
    let backend = Backend::new();
    for _ in 0..5 {
        assert_eq!(at_once(group.work("k", async || 7)), Ok(7));
    }
    let stats = group.stats();
    assert_eq!((stats.leads, stats.joins, stats.followers_max), (5, 0, 0));

    let leader = Hand::waiting(group.work("k", || backend.load()));
    let _one = Hand::waiting(group.work("k", || backend.load()));
    let _two = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    let stats = group.stats();
    assert_eq!((stats.leads, stats.joins, stats.followers_max), (6, 2, 2));
}

#[test]
fn losses_and_promotions_are_counted() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let cancelled = Hand::waiting(group.work("k", || backend.load()));
    let mut promoted = Hand::waiting(group.work("k", || backend.load()));
    drop(cancelled);
    drop(leader);
    promoted.still_waits();
    backend.answer(1, 7);
    assert_eq!(promoted.output(), Ok(7));
    let stats = group.stats();
    assert_eq!((stats.leads, stats.joins), (1, 2));
    assert_eq!((stats.promotions, stats.leaders_lost), (1, 1));
    assert_eq!(stats.followers_cancelled, 1);

    drop(Hand::waiting(group.work("k", || backend.load())));
    let stats = group.stats();
    assert_eq!((stats.leads, stats.leaders_lost), (2, 2));
}

#[test]
fn served_followers_do_not_count_as_cancelled() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let served = Hand::waiting(group.work("k", || backend.load()));
    let dropped_later = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(served.output(), Ok(7));
    drop(dropped_later);
    let stats = group.stats();
    assert_eq!((stats.followers_cancelled, stats.leaders_lost), (0, 0));
}

#[test]
fn failures_and_panics_are_counted() {
    let group = Singleflight::<String, u64, &str>::new();
    let backend = Backend::<u64>::new();
    let failed = at_once(group.try_work("k", async || Err("refused")));
    assert_eq!(failed, Err(LoadError::from("refused")));
    let mut panics = Hand::waiting(group.work("k", || backend.load()));
    backend.panic(0, "poisoned row");
    panics.poll_panics();
    drop(panics);
    let stats = group.stats();
    assert_eq!((stats.errors, stats.panics, stats.leaders_lost), (1, 1, 0));
}

#[test]
fn forgotten_flights_are_counted() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let _a = Hand::waiting(group.work("a", || backend.load()));
    let _a_too = Hand::waiting(group.work("a", || backend.load()));
    let _b = Hand::waiting(group.work("b", || backend.load()));
    let _c = Hand::waiting(group.work("c", || backend.load()));
    assert!(!group.forget_unshared("a"));
    assert!(group.forget("a"));
    assert!(!group.forget("a"));
    assert!(group.forget_unshared("b"));
    assert_eq!(group.stats().forgotten, 2);
    assert_eq!(group.forget_all(), 1);
    assert_eq!(group.stats().forgotten, 3);
}

#[test]
fn timeouts_and_hedges_are_counted() {
    let runtime = HandRuntime::default();
    let after = SECOND;
    let group = Group::builder()
        .runtime(runtime.clone())
        .follower_timeout(2 * SECOND)
        .on_timeout(OnTimeout::Hedge { after, max: 1 })
        .build()
        .unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut hedge = Hand::waiting(group.work("k", || backend.load()));
    let mut expires = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(SECOND);
    hedge.still_waits();
    expires.still_waits();
    runtime.advance(SECOND);
    assert_eq!(expires.output(), Err(LoadError::TimedOut));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(hedge.output(), Ok(7));
    let stats = group.stats();
    assert_eq!((stats.hedges, stats.timeouts), (1, 1));
    assert_eq!((stats.followers_cancelled, stats.promotions), (0, 0));
}

#[test]
fn rejected_loads_are_counted() {
    let builder = Group::builder().max_leaders(1, WhenFull::Reject);
    let group = builder.build().unwrap();
    let backend = Backend::<u64>::new();
    let _a = Hand::waiting(group.work("a", || backend.load()));
    let rejected = at_once(group.work("b", || backend.load()));
    assert_eq!(rejected, Err(LoadError::Rejected));
    assert_eq!(group.stats().rejected, 1);
}
