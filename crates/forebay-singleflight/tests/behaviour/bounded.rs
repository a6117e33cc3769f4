//! A bound on the loads that run at once.
//!
//! * With `Wait`, leaders beyond the bound wait their turn, first come, first served, while others
//!   follow them; with `Reject` they fail at once.
//! * A permit comes back however the load ends, and passes on when the call it was granted to is
//!   dropped.
//! * Followers need no permit; extra loads and fallbacks do, and an extra load that gets none
//!   leaves its call following.

use std::time::Duration;

use forebay_core::LoadError;
use forebay_singleflight::{OnTimeout, WhenFull};
use forebay_testkit::HandRuntime;

use crate::Group;
use crate::backend::Backend;
use crate::hand::{Hand, at_once};

fn bounded(max: usize, when_full: WhenFull) -> Group {
    let builder = Group::builder().max_leaders(max, when_full);
    builder.build().expect("the settings are right")
}

#[test]
fn leaders_beyond_the_bound_wait_their_turn() {
    let group = bounded(2, WhenFull::Wait);
    let backend = Backend::new();
    let a = Hand::waiting(group.work("a", || backend.load()));
    let b = Hand::waiting(group.work("b", || backend.load()));
    let mut c = Hand::waiting(group.work("c", || backend.load()));
    let mut d = Hand::waiting(group.work("d", || backend.load()));
    assert_eq!((backend.started(), group.in_flight()), (2, 4));
    c.still_waits();
    assert_eq!(backend.started(), 2);

    backend.answer(1, 20);
    assert_eq!(b.output(), Ok(20));
    assert_eq!((c.wakes(), d.wakes()), (1, 0));
    // The permit is granted already, so a later one does not overtake.
    d.still_waits();
    let e = Hand::waiting(group.work("e", || backend.load()));
    assert_eq!(backend.started(), 2);
    c.still_waits();
    assert_eq!(backend.started(), 3);

    backend.answer(0, 10);
    assert_eq!(a.output(), Ok(10));
    assert_eq!((d.wakes(), e.wakes()), (1, 0));
    d.still_waits();
    backend.answer(3, 40);
    assert_eq!(d.output(), Ok(40));
    assert_eq!(e.wakes(), 1);
}

#[test]
fn waiting_leader_is_followed() {
    let group = bounded(1, WhenFull::Wait);
    let backend = Backend::new();
    let a = Hand::waiting(group.work("a", || backend.load()));
    let mut b = Hand::waiting(group.work("b", || backend.load()));
    let b_too = Hand::waiting(group.work("b", || backend.load()));
    assert_eq!((group.followers("b"), backend.started()), (Some(1), 1));
    backend.answer(0, 10);
    assert_eq!(a.output(), Ok(10));
    assert_eq!((b.wakes(), b_too.wakes()), (1, 0));
    b.still_waits();
    backend.answer(1, 20);
    assert_eq!(b.output(), Ok(20));
    assert_eq!(b_too.output(), Ok(20));
}

#[test]
fn permit_comes_back_however_the_load_ends() {
    let group = bounded(1, WhenFull::Wait);
    let backend = Backend::new();
    for end in ["completed", "cancelled", "panicked"] {
        let load = backend.started();
        let mut first = Hand::waiting(group.work("a", || backend.load()));
        let mut second = Hand::waiting(group.work("b", || backend.load()));
        match end {
            "completed" => {
                backend.answer(load, 10);
                assert_eq!(first.output(), Ok(10));
            }
            "cancelled" => drop(first),
            _ => {
                backend.panic(load, "poisoned row");
                first.poll_panics();
            }
        }
        assert_eq!(second.wakes(), 1, "{end}");
        second.still_waits();
        backend.answer(load + 1, 20);
        assert_eq!(second.output(), Ok(20), "{end}");
    }
}

#[test]
fn permit_comes_back_when_the_closure_panics() {
    let group = bounded(1, WhenFull::Wait);
    let mut broken = Hand::new(group.work("a", || -> std::future::Ready<u64> {
        panic!("no connection")
    }));
    assert_eq!(broken.poll_panics(), "no connection");
    assert_eq!(at_once(group.work("b", async || 7)), Ok(7));
}

#[test]
fn waiting_leader_that_is_dropped_leaves_the_queue() {
    let group = bounded(1, WhenFull::Wait);
    let backend = Backend::new();
    let a = Hand::waiting(group.work("a", || backend.load()));
    let b = Hand::waiting(group.work("b", || backend.load()));
    let mut c = Hand::waiting(group.work("c", || backend.load()));
    drop(b);
    assert_eq!((group.in_flight(), c.wakes()), (2, 0));
    backend.answer(0, 10);
    assert_eq!(a.output(), Ok(10));
    assert_eq!(c.wakes(), 1);
    c.still_waits();
    backend.answer(1, 30);
    assert_eq!(c.output(), Ok(30));
    assert_eq!(at_once(group.work("d", async || 7)), Ok(7));
}

#[test]
fn granted_permit_of_a_dropped_call_passes_on() {
    let group = bounded(1, WhenFull::Wait);
    let backend = Backend::new();
    let a = Hand::waiting(group.work("a", || backend.load()));
    let b = Hand::waiting(group.work("b", || backend.load()));
    let mut c = Hand::waiting(group.work("c", || backend.load()));
    backend.answer(0, 10);
    assert_eq!(a.output(), Ok(10));
    assert_eq!((b.wakes(), c.wakes()), (1, 0));
    drop(b);
    assert_eq!(c.wakes(), 1);
    c.still_waits();
    assert_eq!((backend.started(), group.in_flight()), (2, 1));
}

#[test]
fn follower_takes_over_from_a_leader_that_was_waiting_for_its_turn() {
    let group = bounded(1, WhenFull::Wait);
    let backend = Backend::new();
    let a = Hand::waiting(group.work("a", || backend.load()));
    let b = Hand::waiting(group.work("b", || backend.load()));
    let mut b_too = Hand::waiting(group.work("b", || backend.load()));
    drop(b);
    assert_eq!(b_too.wakes(), 1);
    b_too.still_waits();
    assert_eq!(backend.started(), 1);
    backend.answer(0, 10);
    assert_eq!(a.output(), Ok(10));
    assert_eq!(b_too.wakes(), 2);
    b_too.still_waits();
    backend.answer(1, 20);
    assert_eq!(b_too.output(), Ok(20));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn leader_beyond_the_bound_is_rejected() {
    let group = bounded(1, WhenFull::Reject);
    let backend = Backend::new();
    let a = Hand::waiting(group.work("a", || backend.load()));
    let rejected = at_once(group.work("b", || backend.load()));
    assert_eq!(rejected, Err(LoadError::Rejected));
    assert_eq!((backend.started(), group.in_flight()), (1, 1));

    // A follower needs no permit.
    let a_too = Hand::waiting(group.work("a", || backend.load()));
    backend.answer(0, 10);
    assert_eq!(a.output(), Ok(10));
    assert_eq!(a_too.output(), Ok(10));
    assert_eq!(at_once(group.work("b", async || 20)), Ok(20));
}

#[test]
fn follower_that_takes_over_uses_the_permit_of_the_leader_that_was_lost() {
    let group = bounded(1, WhenFull::Reject);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("a", || backend.load()));
    let mut promoted = Hand::waiting(group.work("a", || backend.load()));
    drop(leader);
    promoted.still_waits();
    assert_eq!((backend.started(), backend.running()), (2, 1));
    let rejected = at_once(group.work("b", async || 20));
    assert_eq!(rejected, Err(LoadError::Rejected));
    backend.answer(1, 10);
    assert_eq!(promoted.output(), Ok(10));
}

#[test]
fn rejected_leader_does_not_strand_its_followers() {
    let group = bounded(1, WhenFull::Reject);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("a", || backend.load()));
    let waiting = Hand::waiting(group.work("a", || backend.load()));
    let promoted = Hand::waiting(group.work("a", || backend.load()));
    drop(leader);
    // Another key takes the permit before the one that was woken.
    let other = Hand::waiting(group.work("b", || backend.load()));
    assert_eq!(promoted.output(), Err(LoadError::Rejected));
    assert_eq!(waiting.wakes(), 1);
    assert_eq!(waiting.output(), Err(LoadError::Rejected));
    backend.answer(1, 20);
    assert_eq!(other.output(), Ok(20));
    assert_eq!((group.in_flight(), backend.started()), (0, 2));
}

/// A group of one leader at a time, whose followers do `on_timeout` after a second.
fn impatient(runtime: &HandRuntime, when_full: WhenFull, on_timeout: OnTimeout) -> Group {
    let builder = Group::builder().max_leaders(1, when_full);
    let builder = builder.runtime(runtime.clone()).on_timeout(on_timeout);
    let builder = match on_timeout {
        OnTimeout::RunOwn => builder.follower_timeout(SECOND),
        _ => builder,
    };
    builder.build().expect("the settings are right")
}

const SECOND: Duration = Duration::from_secs(1);
const HEDGE: OnTimeout = OnTimeout::Hedge {
    after: SECOND,
    max: 1,
};

#[test]
fn extra_load_that_is_rejected_leaves_its_call_following() {
    let runtime = HandRuntime::default();
    let group = impatient(&runtime, WhenFull::Reject, HEDGE);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("a", || backend.load()));
    let mut hasty = Hand::waiting(group.work("a", || backend.load()));
    let follower = Hand::waiting(group.work("a", || backend.load()));
    runtime.advance(SECOND);
    hasty.still_waits();
    assert_eq!((backend.started(), group.followers("a")), (1, Some(2)));
    backend.answer(0, 10);
    assert_eq!(leader.output(), Ok(10));
    assert_eq!(hasty.output(), Ok(10));
    assert_eq!(follower.output(), Ok(10));
    assert_eq!(at_once(group.work("b", async || 20)), Ok(20));
}

#[test]
fn call_whose_extra_load_was_rejected_may_still_take_over() {
    let runtime = HandRuntime::default();
    let group = impatient(&runtime, WhenFull::Reject, HEDGE);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("a", || backend.load()));
    let mut hasty = Hand::waiting(group.work("a", || backend.load()));
    runtime.advance(SECOND);
    hasty.still_waits();
    let wakes = hasty.wakes();
    drop(leader);
    assert_eq!(hasty.wakes(), wakes + 1);
    hasty.still_waits();
    backend.answer(1, 10);
    assert_eq!(hasty.output(), Ok(10));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn extra_load_that_waits_for_its_turn_gives_up_its_place() {
    let runtime = HandRuntime::default();
    let group = impatient(&runtime, WhenFull::Wait, HEDGE);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("a", || backend.load()));
    let mut hasty = Hand::waiting(group.work("a", || backend.load()));
    runtime.advance(SECOND);
    hasty.still_waits();
    let mut other = Hand::waiting(group.work("b", || backend.load()));
    assert_eq!(backend.started(), 1);
    backend.answer(0, 10);
    assert_eq!(leader.output(), Ok(10));
    assert_eq!(hasty.output(), Ok(10));
    assert_eq!(other.wakes(), 1);
    other.still_waits();
    backend.answer(1, 20);
    assert_eq!(other.output(), Ok(20));
}

#[test]
fn fallback_needs_a_permit_like_any_other_load() {
    let runtime = HandRuntime::default();
    let group = impatient(&runtime, WhenFull::Reject, OnTimeout::RunOwn);
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("a", || backend.load()));
    let fallback = Hand::waiting(group.work("a", || backend.load()));
    runtime.advance(SECOND);
    assert_eq!(fallback.output(), Err(LoadError::Rejected));
    assert_eq!(backend.started(), 1);
    backend.answer(0, 10);
    assert_eq!(leader.output(), Ok(10));

    let leader = Hand::waiting(group.work("a", || backend.load()));
    let mut fallback = Hand::waiting(group.work("a", || backend.load()));
    drop(leader);
    fallback.still_waits();
    backend.answer(2, 20);
    assert_eq!(fallback.output(), Ok(20));
}
