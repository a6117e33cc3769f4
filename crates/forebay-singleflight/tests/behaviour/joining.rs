//! Joining a flight.
//!
//! * Nothing happens before the first poll, and calls join in the order of their first polls.
//! * A call that was never polled holds nothing, and dropping it disturbs nobody.
//! * The closure runs for leaders only, and may borrow from its surroundings.
//! * The leader clones the key once; followers do not clone it.
//! * Keys do not mix.

use std::cell::Cell;
use std::future::ready;

use forebay_singleflight::Singleflight;

use crate::Group;
use crate::backend::Backend;
use crate::hand::{Hand, at_once};

#[test]
fn nothing_happens_before_the_first_poll() {
    let group = Group::new();
    let called = Cell::new(false);
    let call = group.work("k", || {
        called.set(true);
        ready(1)
    });

    assert!(!called.get());
    assert_eq!(group.in_flight(), 0);
    assert_eq!(group.followers("k"), None);

    drop(call);
    assert!(!called.get());
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn first_polled_leads_although_created_last() {
    let group = Group::new();
    let backend = Backend::new();
    let created_first = Hand::new(group.work("k", || backend.load()));
    let leader = Hand::waiting(group.work("k", || backend.load()));

    let mut follower = created_first;
    follower.still_waits();
    assert_eq!(backend.started(), 1);
    assert_eq!(group.followers("k"), Some(1));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn owned_call_joins_at_its_first_poll_too() {
    let group = Group::new();
    let backend = Backend::new();
    let late = Hand::new(group.work_owned("k".to_owned(), || backend.load()));
    assert_eq!(group.in_flight(), 0);
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = late;
    follower.still_waits();

    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn dropping_an_unpolled_call_leaves_the_flight_alone() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    drop(Hand::new(group.work("k", || backend.load())));

    assert_eq!(group.followers("k"), Some(1));
    assert_eq!((leader.wakes(), follower.wakes()), (0, 0));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn followers_share_the_answer_of_one_load() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let followers: Vec<_> = (0..300)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    assert_eq!(group.followers("k"), Some(300));
    assert_eq!(group.in_flight(), 1);

    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    for follower in followers {
        assert_eq!(follower.wakes(), 1);
        assert_eq!(follower.output(), Ok(7));
    }
    assert_eq!(backend.started(), 1);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn keys_do_not_mix() {
    let group = Group::new();
    let backend = Backend::new();
    let a = Hand::waiting(group.work("a", || backend.load()));
    let b = Hand::waiting(group.work("b", || backend.load()));
    let b_too = Hand::waiting(group.work("b", || backend.load()));
    assert_eq!(group.in_flight(), 2);
    assert_eq!(group.followers("a"), Some(0));
    assert_eq!(group.followers("b"), Some(1));
    assert_eq!(group.followers("c"), None);

    backend.answer(1, 20);
    assert_eq!(b.output(), Ok(20));
    assert_eq!(b_too.output(), Ok(20));
    assert_eq!(a.wakes(), 0);
    backend.answer(0, 10);
    assert_eq!(a.output(), Ok(10));
}

#[test]
fn clones_of_a_group_are_one_group() {
    let group = Group::new();
    let clone = group.clone();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(clone.work("k", || backend.load()));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
    assert_eq!(backend.started(), 1);
}

#[test]
fn different_groups_do_not_join() {
    let (one, other) = (Group::new(), Group::new());
    let backend = Backend::<u64>::new();
    let _one = Hand::waiting(one.work("k", || backend.load()));
    let _other = Hand::waiting(other.work("k", || backend.load()));
    assert_eq!(backend.started(), 2);
}

#[test]
fn load_may_borrow_from_its_surroundings() {
    let group = Group::new();
    let table = [1, 2, 3];
    let sum = at_once(group.work("k", || async { table.iter().sum() }));
    assert_eq!(sum, Ok(6));
}

#[test]
fn ready_load_completes_in_its_first_poll() {
    let group = Group::default();
    assert_eq!(at_once(group.work("k", || ready(7))), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn leader_clones_the_key_once_and_followers_never() {
    thread_local!(static CLONES: Cell<usize> = const { Cell::new(0) });

    #[derive(Eq, Hash, PartialEq)]
    struct Key(u8);

    impl Clone for Key {
        fn clone(&self) -> Self {
            CLONES.set(CLONES.get() + 1);
            Self(self.0)
        }
    }

    let group = Singleflight::<Key, u64>::new();
    let backend = Backend::<u64>::new();
    let key = Key(1);
    let _leader = Hand::waiting(group.work(&key, || backend.load()));
    assert_eq!(CLONES.get(), 1);
    let _follower = Hand::waiting(group.work(&key, || backend.load()));
    assert_eq!(group.followers(&key), Some(1));
    assert_eq!(CLONES.get(), 1);

    let _owned = Hand::waiting(group.work_owned(Key(2), || backend.load()));
    let _follower = Hand::waiting(group.work_owned(Key(2), || backend.load()));
    assert_eq!(backend.started(), 2);
    assert_eq!(CLONES.get(), 1);
}
