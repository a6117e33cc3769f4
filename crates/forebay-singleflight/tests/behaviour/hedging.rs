//! Extra loads beside a slow one, by a clock that is moved by hand.
//!
//! * At most `max` of them in the life of a flight, begun by followers that waited `after`.
//! * The first result, whichever load it comes from, answers everybody; the other loads are
//!   dropped.
//! * A loader that is lost leaves the rest of the flight alone while another one is loading.
//! * Followers beyond `max` wait on, up to their own bound if they have one.

use std::task::Poll;
use std::time::Duration;

use forebay_core::LoadError;
use forebay_singleflight::{OnTimeout, Role};
use forebay_testkit::HandRuntime;

use crate::Group;
use crate::backend::Backend;
use crate::hand::Hand;

const SECOND: Duration = Duration::from_secs(1);

fn hedging(runtime: &HandRuntime, max: usize) -> Group {
    let after = 2 * SECOND;
    Group::builder()
        .runtime(runtime.clone())
        .on_timeout(OnTimeout::Hedge { after, max })
        .build()
        .expect("the settings are right")
}

#[test]
fn follower_begins_an_extra_load_when_it_has_waited_long_enough() {
    let runtime = HandRuntime::default();
    let group = hedging(&runtime, 1);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut hedge = Hand::waiting(group.work("k", || backend.load()).with_info());
    runtime.advance(SECOND);
    assert_eq!(hedge.wakes(), 0);
    hedge.still_waits();
    assert_eq!(backend.started(), 1);
    let mut later = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(SECOND);
    assert_eq!(hedge.wakes(), 1);
    hedge.still_waits();
    assert_eq!((backend.started(), backend.running()), (2, 2));
    assert_eq!(group.in_flight(), 1);
    assert_eq!(leader.wakes(), 0);

    // The one extra load is begun, so a later follower begins none.
    runtime.advance(SECOND);
    later.still_waits();
    assert_eq!(backend.started(), 2);
    runtime.advance(100 * SECOND);
    later.still_waits();
    assert_eq!(backend.started(), 2);

    backend.answer(1, 7);
    let (answer, info) = hedge.output();
    assert_eq!((answer, info.role), (Ok(7), Role::Hedge));
    assert_eq!(group.in_flight(), 0);
    assert_eq!(later.output(), Ok(7));
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(backend.running(), 0);
}

#[test]
fn slow_leader_is_woken_by_the_extra_load_and_its_own_load_is_dropped() {
    let runtime = HandRuntime::default();
    let group = hedging(&runtime, 1);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()).with_info());
    let mut hedge = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(2 * SECOND);
    hedge.still_waits();
    backend.answer(1, 7);
    assert_eq!(hedge.output(), Ok(7));

    // The load ends with the answer, although the call itself is kept.
    assert_eq!((leader.wakes(), backend.running()), (1, 1));
    let mut leader = leader;
    let Poll::Ready((answer, info)) = leader.poll() else {
        panic!("still waiting");
    };
    assert_eq!((answer, info.role), (Ok(7), Role::Follower));
    assert_eq!((backend.started(), backend.running()), (2, 0));
}

#[test]
fn leader_that_wins_drops_the_extra_load() {
    let runtime = HandRuntime::default();
    let group = hedging(&runtime, 1);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut hedge = Hand::waiting(group.work("k", || backend.load()).with_info());
    runtime.advance(2 * SECOND);
    hedge.still_waits();
    let wakes = hedge.wakes();
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);

    assert_eq!(hedge.wakes(), wakes + 1);
    let (answer, info) = hedge.output();
    assert_eq!((answer, info.role), (Ok(7), Role::Follower));
    assert_eq!(backend.running(), 0);
}

#[test]
fn extra_loads_are_bounded_for_each_flight() {
    let runtime = HandRuntime::default();
    let group = hedging(&runtime, 3);
    let backend = Backend::new();
    for flight in 0..2 {
        let first = flight * 4;
        let leader = Hand::waiting(group.work("k", || backend.load()));
        let mut followers: Vec<_> = (0..10)
            .map(|_| Hand::waiting(group.work("k", || backend.load())))
            .collect();
        runtime.advance(2 * SECOND);
        followers.iter_mut().for_each(Hand::still_waits);
        runtime.advance(20 * SECOND);
        followers.iter_mut().for_each(Hand::still_waits);
        assert_eq!((backend.started(), backend.running()), (first + 4, 4));

        // The load that is ready belongs to one of them; its first poll answers the others.
        backend.answer(first + 2, 7);
        let owner = followers.iter().position(|call| call.wakes() == 2).unwrap();
        assert_eq!(followers.remove(owner).output(), Ok(7));
        for follower in followers {
            assert_eq!(follower.output(), Ok(7));
        }
        assert_eq!(leader.output(), Ok(7));
        assert_eq!((group.in_flight(), backend.running()), (0, 0));
    }
}

#[test]
fn loser_that_is_dropped_disturbs_nobody() {
    let runtime = HandRuntime::default();
    let group = hedging(&runtime, 2);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut hedges: Vec<_> = (0..2)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    let mut follower = Hand::waiting(group.work("k", || backend.load()).timeout(60 * SECOND));
    runtime.advance(2 * SECOND);
    hedges.iter_mut().for_each(Hand::still_waits);
    assert_eq!(backend.running(), 3);

    drop(leader);
    drop(hedges.pop());
    assert_eq!((backend.running(), group.in_flight()), (1, 1));
    follower.still_waits();
    assert_eq!(backend.started(), 3);
    backend.answer(1, 7);
    assert_eq!(hedges.remove(0).output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn flight_whose_every_loader_is_lost_is_handed_over() {
    let runtime = HandRuntime::default();
    let group = hedging(&runtime, 1);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut hedge = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(2 * SECOND);
    hedge.still_waits();
    let mut follower = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    assert_eq!(follower.wakes(), 0);
    drop(hedge);
    assert_eq!(follower.wakes(), 1);
    follower.still_waits();
    assert_eq!((backend.started(), backend.running()), (3, 1));
    backend.answer(2, 7);
    assert_eq!(follower.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn panic_of_an_extra_load_answers_the_flight() {
    let runtime = HandRuntime::default();
    let group = hedging(&runtime, 1);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut hedge = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(2 * SECOND);
    hedge.still_waits();
    backend.panic(1, "poisoned row");
    assert_eq!(hedge.poll_panics(), "poisoned row");
    let expected = Err(LoadError::Panicked("poisoned row".into()));
    assert_eq!(follower.output(), expected);
    assert_eq!(leader.output(), expected);
    assert_eq!((group.in_flight(), backend.running()), (0, 0));
}

#[test]
fn followers_beyond_the_extra_loads_fail_at_their_bound() {
    let runtime = HandRuntime::default();
    let after = 2 * SECOND;
    let group = Group::builder()
        .runtime(runtime.clone())
        .follower_timeout(10 * SECOND)
        .on_timeout(OnTimeout::Hedge { after, max: 1 })
        .build()
        .unwrap();
    let backend = Backend::new();
    let mut leader = Hand::waiting(group.work("k", || backend.load()));
    let mut hedge = Hand::waiting(group.work("k", || backend.load()));
    let mut waits = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(2 * SECOND);
    hedge.still_waits();
    waits.still_waits();
    runtime.advance(7 * SECOND);
    waits.still_waits();
    runtime.advance(SECOND);
    assert_eq!(waits.output(), Err(LoadError::TimedOut));

    // Those that load are not bounded.
    hedge.still_waits();
    leader.still_waits();
    backend.answer(1, 7);
    assert_eq!(hedge.output(), Ok(7));
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(backend.started(), 2);
}

#[test]
fn follower_that_was_paused_past_its_bound_begins_no_extra_load() {
    let runtime = HandRuntime::default();
    let after = 2 * SECOND;
    let group = Group::builder()
        .runtime(runtime.clone())
        .follower_timeout(10 * SECOND)
        .on_timeout(OnTimeout::Hedge { after, max: 1 })
        .build()
        .unwrap();
    let backend = Backend::<u64>::new();
    let _leader = Hand::waiting(group.work("k", || backend.load()));
    let paused = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(10 * SECOND);
    assert_eq!(paused.output(), Err(LoadError::TimedOut));
    assert_eq!(backend.started(), 1);
}

#[test]
fn forgotten_flight_may_still_be_hedged() {
    let runtime = HandRuntime::default();
    let group = hedging(&runtime, 1);
    let backend = Backend::new();
    let old = Hand::waiting(group.work("k", || backend.load()));
    let mut hedge = Hand::waiting(group.work("k", || backend.load()));
    group.forget("k");
    let new = Hand::waiting(group.work("k", || backend.load()));
    runtime.advance(2 * SECOND);
    hedge.still_waits();
    assert_eq!(backend.started(), 3);
    backend.answer(2, 1);
    assert_eq!(hedge.output(), Ok(1));
    assert_eq!(old.output(), Ok(1));
    assert_eq!((group.followers("k"), new.wakes()), (Some(0), 0));
    backend.answer(1, 2);
    assert_eq!(new.output(), Ok(2));
    assert_eq!(group.in_flight(), 0);
}
