//! Losing the leader.
//!
//! * The leader's load is dropped before its seat is free.
//! * Exactly one follower is woken, the youngest; with `Handover::All` everybody is.
//! * Any poll may take the vacant seat: the woken one's, a spurious one, or a new caller's.
//! * A woken candidate that is dropped passes the wake on.
//! * With nobody left the entry is removed at once; with `OnLeaderLost::Fail` the followers fail.
//! * One loss costs one load, and a drop during an unrelated unwind is a loss, not a panic.

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use forebay_core::LoadError;
use forebay_singleflight::{Handover, OnLeaderLost, Role};

use crate::Group;
use crate::backend::Backend;
use crate::hand::{Hand, at_once};

#[test]
fn youngest_follower_alone_is_woken_and_takes_over() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let oldest = Hand::waiting(group.work("k", || backend.load()));
    let middle = Hand::waiting(group.work("k", || backend.load()));
    let mut youngest = Hand::waiting(group.work("k", || backend.load()).with_info());
    drop(leader);

    assert_eq!(backend.running(), 0);
    assert_eq!(
        (oldest.wakes(), middle.wakes(), youngest.wakes()),
        (0, 0, 1)
    );
    youngest.still_waits();
    assert_eq!((backend.started(), backend.running()), (2, 1));
    assert_eq!(group.followers("k"), Some(2));

    backend.answer(1, 7);
    let (answer, info) = youngest.output();
    assert_eq!(answer, Ok(7));
    assert_eq!((info.role, info.followers), (Role::Promoted, 2));
    assert_eq!((oldest.wakes(), middle.wakes()), (1, 1));
    assert_eq!(oldest.output(), Ok(7));
    assert_eq!(middle.output(), Ok(7));
}

#[test]
fn load_is_dropped_before_the_seat_is_free() {
    struct SeesItsFlight<'a> {
        group: &'a Group,
        seen: &'a RefCell<Vec<(Option<usize>, bool)>>,
    }

    impl Future for SeesItsFlight<'_> {
        type Output = u64;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
            Poll::Pending
        }
    }

    impl Drop for SeesItsFlight<'_> {
        fn drop(&mut self) {
            let claimed = self.group.claim("k").is_some();
            let followers = self.group.followers("k");
            self.seen.borrow_mut().push((followers, claimed));
        }
    }

    let group = Group::new();
    let seen = RefCell::new(Vec::new());
    let load = || SeesItsFlight {
        group: &group,
        seen: &seen,
    };
    let leader = Hand::waiting(group.work("k", load));
    let follower = Hand::waiting(group.work("k", load));
    drop(leader);
    assert_eq!(seen.take(), [(Some(1), false)]);
    assert_eq!(follower.wakes(), 1);
    drop(follower);

    // The same holds for a leader that is alone.
    let alone = Hand::waiting(group.work("k", load));
    drop(alone);
    assert_eq!(seen.take(), [(Some(0), false)]);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn woken_candidate_that_is_dropped_passes_the_wake_on() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut oldest = Hand::waiting(group.work("k", || backend.load()));
    let middle = Hand::waiting(group.work("k", || backend.load()));
    let youngest = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    drop(youngest);
    assert_eq!((oldest.wakes(), middle.wakes()), (0, 1));
    drop(middle);
    assert_eq!(oldest.wakes(), 1);

    oldest.still_waits();
    assert_eq!(backend.started(), 2);
    backend.answer(1, 7);
    assert_eq!(oldest.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn dropping_another_follower_keeps_the_wake_where_it_is() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let oldest = Hand::waiting(group.work("k", || backend.load()));
    let middle = Hand::waiting(group.work("k", || backend.load()));
    let mut youngest = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    drop(middle);
    assert_eq!((oldest.wakes(), youngest.wakes()), (0, 1));
    youngest.still_waits();
    backend.answer(1, 7);
    assert_eq!(youngest.output(), Ok(7));
    assert_eq!(oldest.output(), Ok(7));
}

#[test]
fn spurious_poll_takes_the_vacant_seat() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut oldest = Hand::waiting(group.work("k", || backend.load()));
    let mut youngest = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);

    oldest.still_waits();
    assert_eq!(backend.started(), 2);
    youngest.still_waits();
    assert_eq!(backend.started(), 2);

    backend.answer(1, 7);
    assert_eq!(oldest.output(), Ok(7));
    assert_eq!(youngest.wakes(), 2);
    assert_eq!(youngest.output(), Ok(7));
}

#[test]
fn new_caller_takes_the_vacant_seat() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let paused = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);

    let newcomer = Hand::waiting(group.work("k", || backend.load()).with_info());
    assert_eq!((backend.started(), backend.running()), (2, 1));
    assert_eq!((group.in_flight(), group.followers("k")), (1, Some(1)));
    backend.answer(1, 7);
    let (answer, info) = newcomer.output();
    assert_eq!((answer, info.role), (Ok(7), Role::Promoted));
    assert_eq!(paused.output(), Ok(7));
}

#[test]
fn candidate_dropped_after_another_took_the_seat_wakes_nobody() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let oldest = Hand::waiting(group.work("k", || backend.load()));
    let youngest = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    let newcomer = Hand::waiting(group.work("k", || backend.load()));
    drop(youngest);

    assert_eq!(oldest.wakes(), 0);
    backend.answer(1, 7);
    assert_eq!(newcomer.output(), Ok(7));
    assert_eq!(oldest.output(), Ok(7));
}

#[test]
fn entry_is_removed_at_once_when_nobody_is_left() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    assert_eq!((group.in_flight(), backend.running()), (0, 0));

    let leader = Hand::waiting(group.work("k", || backend.load()));
    let one = Hand::waiting(group.work("k", || backend.load()));
    let other = Hand::waiting(group.work("k", || backend.load()));
    drop(one);
    drop(leader);
    assert_eq!(group.in_flight(), 1);
    drop(other);
    assert_eq!((group.in_flight(), group.followers("k")), (0, None));
}

#[test]
fn follower_that_leaves_disturbs_nobody() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let stays = Hand::waiting(group.work("k", || backend.load()));
    let leaves = Hand::waiting(group.work("k", || backend.load()));
    drop(leaves);
    assert_eq!(group.followers("k"), Some(1));
    let late = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!((stays.wakes(), late.wakes(), leader.wakes()), (0, 0, 0));

    drop(leader);
    assert_eq!((stays.wakes(), late.wakes()), (0, 1));
}

#[test]
fn youngest_is_told_by_joining_and_not_by_its_place() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let first = Hand::waiting(group.work("k", || backend.load()));
    let second = Hand::waiting(group.work("k", || backend.load()));
    let third = Hand::waiting(group.work("k", || backend.load()));
    drop(first);
    let fourth = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    assert_eq!((second.wakes(), third.wakes(), fourth.wakes()), (0, 0, 1));
    drop(fourth);
    assert_eq!((second.wakes(), third.wakes()), (0, 1));
}

#[test]
fn handover_all_wakes_everybody_and_one_of_them_loads() {
    let group = Group::builder().handover(Handover::All).build().unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut followers: Vec<_> = (0..5)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    drop(leader);
    for follower in &mut followers {
        assert_eq!(follower.wakes(), 1);
        follower.still_waits();
    }
    assert_eq!(backend.started(), 2);
    backend.answer(1, 7);
    for follower in followers {
        assert_eq!(follower.output(), Ok(7));
    }
}

#[test]
fn followers_fail_with_the_leader_where_the_group_says_so() {
    let group = Group::builder()
        .on_leader_lost(OnLeaderLost::Fail)
        .build()
        .unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let followers: Vec<_> = (0..3)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    drop(leader);
    assert_eq!((group.in_flight(), backend.running()), (0, 0));
    for follower in followers {
        assert_eq!(follower.wakes(), 1);
        assert_eq!(follower.output(), Err(LoadError::Abandoned));
    }
    assert_eq!(backend.started(), 1);
    assert_eq!(at_once(group.work("k", || async { 7 })), Ok(7));
}

#[test]
fn one_loss_costs_one_wake_and_one_load() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut followers: Vec<_> = (0..300)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    drop(leader);
    assert_eq!(followers.iter().map(Hand::wakes).sum::<usize>(), 1);

    let mut promoted = followers.pop().unwrap();
    promoted.still_waits();
    assert_eq!(backend.started(), 2);
    backend.answer(1, 7);
    assert_eq!(promoted.output(), Ok(7));
    assert_eq!(followers.len(), 299);
    for follower in followers {
        assert_eq!(follower.output(), Ok(7));
    }
}

#[test]
fn leaders_lost_one_after_another_are_replaced_one_by_one() {
    let group = Group::new();
    let backend = Backend::new();
    let mut leader = Hand::waiting(group.work("k", || backend.load()));
    let mut followers: Vec<_> = (0..20)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    for lost in 1..=10 {
        let youngest = followers.pop().unwrap();
        drop(mem::replace(&mut leader, youngest));
        assert_eq!(leader.wakes(), 1);
        leader.still_waits();
        assert_eq!((backend.started(), backend.running()), (1 + lost, 1));
        assert!(followers.iter().all(|follower| follower.wakes() == 0));
    }
    backend.answer(10, 7);
    assert_eq!(leader.output(), Ok(7));
    for follower in followers {
        assert_eq!(follower.output(), Ok(7));
    }
}

#[test]
fn drop_during_an_unrelated_unwind_is_a_loss_and_no_panic_of_the_load() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = Hand::waiting(group.work("k", || backend.load()));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _dropped_by_the_unwind = leader;
        panic!("unrelated");
    }));
    assert!(unwound.is_err());

    assert_eq!(follower.wakes(), 1);
    follower.still_waits();
    backend.answer(1, 7);
    assert_eq!(follower.output(), Ok(7));
}
