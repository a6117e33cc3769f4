//! Roles taken by hand: `join` and `claim`.
//!
//! * The first to join leads, the others follow it, among them calls with a load of their own.
//! * A leader publishes, or hands over by being dropped; a follower that was promoted leads.
//! * A claim is granted only where no load of the key is in flight.
//! * A published answer reaches the flight it belongs to and no other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use forebay_core::LoadError;
use forebay_singleflight::{Joined, OnLeaderLost};
use forebay_testkit::HandRuntime;

use crate::backend::Backend;
use crate::hand::Hand;
use crate::{Answer, Follower, Group, Leader, Waited};

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn leads(group: &Group) -> Leader {
    let Joined::Leader(leader) = group.join("k") else {
        panic!("it does not lead");
    };
    leader
}

#[track_caller]
fn follows(group: &Group) -> Follower {
    let Joined::Follower(follower) = group.join("k") else {
        panic!("it does not follow");
    };
    follower
}

#[track_caller]
fn answer_of(follower: Hand<'_, Waited>) -> Answer {
    let Waited::Answered(answer) = follower.output() else {
        panic!("promoted");
    };
    answer
}

#[track_caller]
fn promotion_of(follower: Hand<'_, Waited>) -> Leader {
    let Waited::Promoted(leader) = follower.output() else {
        panic!("answered");
    };
    leader
}

#[test]
fn first_to_join_leads_and_its_answer_reaches_the_others() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let leader = leads(&group);
    assert_eq!((group.in_flight(), leader.followers()), (1, 0));
    let follower = Hand::waiting(follows(&group));
    let call = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!((leader.followers(), backend.started()), (2, 0));

    assert_eq!(leader.publish(7), 7);
    assert_eq!((follower.wakes(), call.wakes()), (1, 1));
    assert_eq!(answer_of(follower), Ok(7));
    assert_eq!(call.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn role_is_joined_when_it_is_asked_for() {
    let group = Group::new();
    let leader = leads(&group);
    let unpolled = follows(&group);
    assert_eq!(leader.followers(), 1);
    drop(unpolled);
    assert_eq!(leader.followers(), 0);
    let unpolled = follows(&group);
    leader.publish(7);
    assert_eq!(answer_of(Hand::new(unpolled)), Ok(7));
}

#[test]
fn leader_may_publish_a_failure() {
    let group = Group::new();
    let leader = leads(&group);
    let follower = Hand::waiting(follows(&group));
    let failure = Err(LoadError::Closed);
    assert_eq!(leader.publish_result(failure.clone()), failure);
    assert_eq!(answer_of(follower), failure);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn dropped_leader_hands_over_to_the_youngest() {
    let group = Group::new();
    let leader = leads(&group);
    let oldest = Hand::waiting(follows(&group));
    let youngest = Hand::waiting(follows(&group));
    drop(leader);
    assert_eq!((oldest.wakes(), youngest.wakes()), (0, 1));
    let promoted = promotion_of(youngest);
    assert_eq!(promoted.followers(), 1);
    assert_eq!(promoted.publish(7), 7);
    assert_eq!(answer_of(oldest), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn dropped_leader_without_followers_leaves_nothing() {
    let group = Group::new();
    drop(leads(&group));
    assert_eq!(group.in_flight(), 0);
    drop(leads(&group));
}

#[test]
fn call_takes_over_from_a_dropped_leader() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = leads(&group);
    let mut call = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    assert_eq!(call.wakes(), 1);
    call.still_waits();
    let follower = Hand::waiting(follows(&group));
    backend.answer(0, 7);
    assert_eq!(call.output(), Ok(7));
    assert_eq!(answer_of(follower), Ok(7));
}

#[test]
fn role_takes_over_from_a_call() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let call = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(follows(&group));
    drop(call);
    let promoted = promotion_of(follower);
    assert_eq!(promoted.publish(7), 7);
    assert_eq!((group.in_flight(), backend.started()), (0, 1));
}

#[test]
fn role_takes_the_seat_that_is_vacant_when_it_joins() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let call = Hand::waiting(group.work("k", || backend.load()));
    let waiting = Hand::waiting(group.work("k", || backend.load()));
    drop(call);
    let leader = leads(&group);
    assert_eq!(leader.followers(), 1);
    leader.publish(7);
    assert_eq!(waiting.output(), Ok(7));
    assert_eq!(backend.started(), 1);
}

#[test]
fn leader_lost_in_an_unwind_hands_over() {
    let group = Group::new();
    let leader = leads(&group);
    let follower = Hand::waiting(follows(&group));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _held = leader;
        panic!("the work failed");
    }));
    assert!(unwound.is_err());
    promotion_of(follower).publish(7);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn dropped_leader_fails_its_followers_where_the_group_says_so() {
    let group = Group::builder()
        .on_leader_lost(OnLeaderLost::Fail)
        .build()
        .unwrap();
    let leader = leads(&group);
    let follower = Hand::waiting(follows(&group));
    drop(leader);
    assert_eq!(answer_of(follower), Err(LoadError::Abandoned));
}

#[test]
fn candidate_that_was_never_polled_is_not_waited_for() {
    let group = Group::new();
    let leader = leads(&group);
    let polled = Hand::waiting(follows(&group));
    let unpolled = follows(&group);
    drop(leader);
    assert_eq!(polled.wakes(), 1);
    let promoted = promotion_of(polled);
    promoted.publish(7);
    assert_eq!(answer_of(Hand::new(unpolled)), Ok(7));
}

#[test]
fn candidate_that_was_never_polled_finds_the_vacant_seat() {
    let group = Group::new();
    let leader = leads(&group);
    let unpolled = follows(&group);
    drop(leader);
    assert_eq!(group.in_flight(), 1);
    promotion_of(Hand::new(unpolled)).publish(7);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn claim_is_granted_once() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let claim = group.claim("k").unwrap();
    assert!(group.claim("k").is_none());
    let other = group.claim("other");
    assert!(other.is_some());
    let follower = Hand::waiting(group.work("k", || backend.load()));
    claim.publish(7);
    assert_eq!(follower.output(), Ok(7));
    assert_eq!(backend.started(), 0);
    assert!(group.claim("k").is_some());
}

#[test]
fn claim_is_refused_while_a_call_loads() {
    let group = Group::new();
    let backend = Backend::new();
    let call = Hand::waiting(group.work("k", || backend.load()));
    assert!(group.claim("k").is_none());
    assert_eq!(group.followers("k"), Some(0));
    backend.answer(0, 7);
    assert_eq!(call.output(), Ok(7));
    assert!(group.claim("k").is_some());
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn claim_beside_a_vacant_seat_never_makes_two_leaders() {
    let group = Group::new();
    let backend = Backend::new();
    let call = Hand::waiting(group.work("k", || backend.load()));
    let mut candidate = Hand::waiting(group.work("k", || backend.load()));
    drop(call);
    let claim = group.claim("k");
    candidate.still_waits();
    if let Some(claim) = claim {
        assert_eq!(backend.started(), 1);
        claim.publish(7);
    } else {
        assert_eq!(backend.started(), 2);
        backend.answer(1, 7);
    }
    assert_eq!(candidate.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn forgotten_leader_publishes_to_its_own_followers_only() {
    let group = Group::new();
    let old = leads(&group);
    let old_follower = Hand::waiting(follows(&group));
    assert!(group.forget("k"));
    let new = group.claim("k").unwrap();
    let new_follower = Hand::waiting(follows(&group));

    old.publish(1);
    assert_eq!(answer_of(old_follower), Ok(1));
    assert_eq!((new_follower.wakes(), new.followers()), (0, 1));
    new.publish(2);
    assert_eq!(answer_of(new_follower), Ok(2));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn lone_leader_that_was_forgotten_publishes_to_nobody() {
    let group = Group::new();
    let old = leads(&group);
    assert!(group.forget_unshared("k"));
    let new = leads(&group);
    let follower = Hand::waiting(follows(&group));
    assert_eq!(old.publish(1), 1);
    assert_eq!((follower.wakes(), new.followers()), (0, 1));
    new.publish(2);
    assert_eq!(answer_of(follower), Ok(2));
}

#[test]
fn role_outlives_the_group() {
    let group = Group::new();
    let leader = leads(&group);
    let follower = Hand::waiting(follows(&group));
    drop(group);
    leader.publish(7);
    assert_eq!(answer_of(follower), Ok(7));
}

#[test]
fn following_role_waits_no_longer_than_its_bound() {
    let runtime = HandRuntime::default();
    let group = Group::builder().runtime(runtime.clone()).build().unwrap();
    let leader = leads(&group);
    let hasty = Hand::waiting(follows(&group).timeout(SECOND));
    let mut patient = Hand::waiting(follows(&group));
    runtime.advance(SECOND);
    assert_eq!(hasty.wakes(), 1);
    assert_eq!(answer_of(hasty), Err(LoadError::TimedOut));
    patient.still_waits();
    assert_eq!(leader.followers(), 1);
    leader.publish(7);
    assert_eq!(answer_of(patient), Ok(7));
}

#[test]
fn bound_of_the_group_holds_for_roles() {
    let runtime = HandRuntime::default();
    let group = Group::builder()
        .runtime(runtime.clone())
        .follower_timeout(2 * SECOND)
        .build()
        .unwrap();
    let _leader = leads(&group);
    let mut follower = Hand::waiting(follows(&group));
    runtime.advance(SECOND);
    follower.still_waits();
    runtime.advance(SECOND);
    assert_eq!(answer_of(follower), Err(LoadError::TimedOut));
}
