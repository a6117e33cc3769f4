//! Forgetting keys.
//!
//! * Joined followers keep the old flight, later callers start a new one.
//! * The end of the old flight, whatever it is, never touches the new entry.
//! * `forget_unshared` spares a flight that somebody follows.
//! * A forgotten flight that loses its leader is handed over as any other.

use forebay_core::LoadError;

use crate::Group;
use crate::backend::Backend;
use crate::hand::{Hand, at_once};

#[test]
fn forgetting_what_is_not_there_does_nothing() {
    let group = Group::new();
    let backend = Backend::new();
    assert!(!group.forget("k"));
    assert!(!group.forget_unshared("k"));
    assert_eq!(group.forget_all(), 0);

    let leader = Hand::waiting(group.work("k", || backend.load()));
    assert!(!group.forget("other"));
    assert!(group.forget("k"));
    assert!(!group.forget("k"));
    assert!(!group.forget_unshared("k"));
    assert_eq!(group.forget_all(), 0);
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
}

#[test]
fn followers_keep_the_old_flight_and_later_callers_start_a_new_one() {
    let group = Group::new();
    let backend = Backend::new();
    let old = Hand::waiting(group.work("k", || backend.load()));
    let old_follower = Hand::waiting(group.work("k", || backend.load()));
    assert!(group.forget("k"));
    assert_eq!(group.followers("k"), None);

    let new = Hand::waiting(group.work("k", || backend.load()));
    let new_follower = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!((backend.started(), backend.running()), (2, 2));
    assert_eq!(group.followers("k"), Some(1));

    backend.answer(0, 1);
    assert_eq!(old.output(), Ok(1));
    assert_eq!(old_follower.output(), Ok(1));
    assert_eq!((group.followers("k"), new_follower.wakes()), (Some(1), 0));
    let joins_new = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!(backend.started(), 2);

    backend.answer(1, 2);
    assert_eq!(new.output(), Ok(2));
    assert_eq!(new_follower.output(), Ok(2));
    assert_eq!(joins_new.output(), Ok(2));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn new_flight_may_complete_before_the_old_one() {
    let group = Group::new();
    let backend = Backend::new();
    let old = Hand::waiting(group.work("k", || backend.load()));
    let old_follower = Hand::waiting(group.work("k", || backend.load()));
    group.forget("k");
    let new = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(1, 2);
    assert_eq!(new.output(), Ok(2));
    assert_eq!(old_follower.wakes(), 0);

    // The old flight is hidden still, although its key has no newer flight any more.
    assert_eq!(group.followers("k"), None);
    assert_eq!(at_once(group.work("k", || async { 3 })), Ok(3));
    backend.answer(0, 1);
    assert_eq!(old.output(), Ok(1));
    assert_eq!(old_follower.output(), Ok(1));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn end_of_a_forgotten_lone_flight_leaves_the_new_entry_alone() {
    for end in ["completed", "cancelled", "panicked"] {
        let group = Group::new();
        let backend = Backend::new();
        let mut old = Hand::waiting(group.work("k", || backend.load()));
        assert!(group.forget("k"));
        let new = Hand::waiting(group.work("k", || backend.load()));
        let follower = Hand::waiting(group.work("k", || backend.load()));
        match end {
            "completed" => {
                backend.answer(0, 1);
                assert_eq!(old.output(), Ok(1));
            }
            "cancelled" => drop(old),
            _ => {
                backend.panic(0, "poisoned row");
                old.poll_panics();
                drop(old);
            }
        }
        assert_eq!(group.followers("k"), Some(1), "{end}");
        assert_eq!((new.wakes(), follower.wakes()), (0, 0), "{end}");
        backend.answer(1, 2);
        assert_eq!(new.output(), Ok(2), "{end}");
        assert_eq!(follower.output(), Ok(2), "{end}");
        assert_eq!(group.in_flight(), 0, "{end}");
    }
}

#[test]
fn end_of_a_forgotten_lone_flight_leaves_a_lone_new_one_in_the_table() {
    let group = Group::new();
    let backend = Backend::new();
    let old = Hand::waiting(group.work("k", || backend.load()));
    assert!(group.forget("k"));
    let new = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(0, 1);
    assert_eq!(old.output(), Ok(1));
    assert_eq!(group.in_flight(), 1);

    let joins_new = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!(backend.started(), 2);
    backend.answer(1, 2);
    assert_eq!(new.output(), Ok(2));
    assert_eq!(joins_new.output(), Ok(2));
}

#[test]
fn panic_of_a_forgotten_flight_reaches_its_own_followers_only() {
    let group = Group::new();
    let backend = Backend::new();
    let mut old = Hand::waiting(group.work("k", || backend.load()));
    let old_follower = Hand::waiting(group.work("k", || backend.load()));
    group.forget("k");
    let new = Hand::waiting(group.work("k", || backend.load()));
    let new_follower = Hand::waiting(group.work("k", || backend.load()));

    backend.panic(0, "poisoned row");
    old.poll_panics();
    let expected = Err(LoadError::Panicked("poisoned row".into()));
    assert_eq!(old_follower.output(), expected);
    assert_eq!(new_follower.wakes(), 0);
    backend.answer(1, 2);
    assert_eq!(new.output(), Ok(2));
    assert_eq!(new_follower.output(), Ok(2));
}

#[test]
fn forgotten_flight_that_loses_its_leader_is_handed_over() {
    let group = Group::new();
    let backend = Backend::new();
    let old = Hand::waiting(group.work("k", || backend.load()));
    let old_follower = Hand::waiting(group.work("k", || backend.load()));
    let mut old_youngest = Hand::waiting(group.work("k", || backend.load()));
    group.forget("k");
    drop(old);
    assert_eq!((old_follower.wakes(), old_youngest.wakes()), (0, 1));

    // A new caller has a flight of its own and must not sit down in a hidden seat.
    let new = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!(group.followers("k"), Some(0));
    old_youngest.still_waits();
    assert_eq!(backend.started(), 3);

    backend.answer(2, 1);
    assert_eq!(old_youngest.output(), Ok(1));
    assert_eq!(old_follower.output(), Ok(1));
    backend.answer(1, 2);
    assert_eq!(new.output(), Ok(2));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn forgotten_flight_that_everybody_leaves_is_gone() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let one = Hand::waiting(group.work("k", || backend.load()));
    let other = Hand::waiting(group.work("k", || backend.load()));
    group.forget("k");
    drop(one);
    drop(leader);
    drop(other);
    assert_eq!((group.in_flight(), backend.running()), (0, 0));

    let alone = Hand::waiting(group.work("k", || backend.load()));
    group.forget("k");
    drop(alone);
    assert_eq!((group.in_flight(), backend.running()), (0, 0));
}

#[test]
fn vacant_flight_may_be_forgotten() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut candidate = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    assert!(group.forget("k"));
    let new = Hand::waiting(group.work("k", || backend.load()));
    candidate.still_waits();
    assert_eq!(backend.started(), 3);
    backend.answer(1, 2);
    backend.answer(2, 1);
    assert_eq!(candidate.output(), Ok(1));
    assert_eq!(new.output(), Ok(2));
}

#[test]
fn shared_flight_is_not_forgotten_by_forget_unshared() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    assert!(!group.forget_unshared("k"));
    let joins = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!((backend.started(), group.followers("k")), (1, Some(2)));

    drop(follower);
    drop(joins);
    assert!(group.forget_unshared("k"));
    let new = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!(backend.started(), 2);
    backend.answer(0, 1);
    backend.answer(1, 2);
    assert_eq!(new.output(), Ok(2));
    assert_eq!(leader.output(), Ok(1));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn vacant_flight_with_a_follower_is_not_forgotten_by_forget_unshared() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let _candidate = Hand::waiting(group.work("k", || backend.load()));
    drop(leader);
    assert!(!group.forget_unshared("k"));
    assert_eq!(group.followers("k"), Some(1));
}

#[test]
fn forget_all_hides_every_flight() {
    let group = Group::new();
    let backend = Backend::new();
    let keys = ["a", "b", "c"];
    let leaders = keys.map(|key| Hand::waiting(group.work(key, || backend.load())));
    let follower = Hand::waiting(group.work("a", || backend.load()));
    assert_eq!(group.forget_all(), 3);
    assert_eq!(keys.map(|key| group.followers(key)), [None; 3]);

    let newer = keys.map(|key| Hand::waiting(group.work(key, || backend.load())));
    assert_eq!(backend.started(), 6);
    for load in 0..6 {
        backend.answer(load, load as u64);
    }
    assert_eq!(leaders.map(Hand::output), [Ok(0), Ok(1), Ok(2)]);
    assert_eq!(follower.output(), Ok(0));
    assert_eq!(newer.map(Hand::output), [Ok(3), Ok(4), Ok(5)]);
    assert_eq!(group.in_flight(), 0);
}
