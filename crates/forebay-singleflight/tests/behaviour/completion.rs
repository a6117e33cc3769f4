//! Completing a flight.
//!
//! * A call first polled after any caller got its result starts a new load; the key leaves the
//!   table before any waker is called.
//! * Every follower is woken once, whichever of them is never polled again, and is served even
//!   when the group is gone.
//! * A caller that is alone clones nothing; `n` followers cost at most `n` clones; no value stays
//!   behind.
//! * The last waker counts; a waker that panics does not stop the others.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Waker};

use forebay_singleflight::Singleflight;

use crate::Group;
use crate::backend::Backend;
use crate::hand::{Hand, at_once, on_wake};

#[test]
fn call_after_completion_starts_a_new_load_while_followers_have_not_resumed() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    let unpolled = Hand::new(group.work("k", || ready(2)));
    backend.answer(0, 1);
    assert_eq!(leader.output(), Ok(1));

    assert_eq!(group.in_flight(), 0);
    assert_eq!(group.followers("k"), None);
    assert_eq!(unpolled.output(), Ok(2));
    assert_eq!(at_once(group.work("k", || ready(3))), Ok(3));
    assert_eq!(follower.output(), Ok(1));
}

#[test]
fn load_is_dropped_with_the_answer_although_the_call_is_kept() {
    let group = Group::new();
    let backend = Backend::new();
    for shared in [false, true] {
        let load = backend.started();
        let mut leader = Hand::waiting(group.work("k", || backend.load()));
        let _follower = shared.then(|| Hand::waiting(group.work("k", || backend.load())));
        backend.answer(load, 7);
        assert_eq!(leader.poll(), Poll::Ready(Ok(7)));
        assert_eq!(backend.running(), 0);
    }
}

#[test]
fn completed_follower_leaves_a_newer_flight_of_its_key_alone() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let resumed = Hand::waiting(group.work("k", || backend.load()));
    let dropped = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(0, 1);
    assert_eq!(leader.output(), Ok(1));

    let newer = Hand::waiting(group.work("k", || backend.load()));
    let newer_follower = Hand::waiting(group.work("k", || backend.load()));
    assert_eq!(resumed.output(), Ok(1));
    drop(dropped);
    assert_eq!(group.followers("k"), Some(1));
    backend.answer(1, 2);
    assert_eq!(newer.output(), Ok(2));
    assert_eq!(newer_follower.output(), Ok(2));
}

#[test]
fn waker_of_a_follower_finds_the_key_gone_and_may_load_it_again() {
    let group = Group::new();
    let backend = Backend::new();
    let in_flight = Arc::new(AtomicUsize::new(usize::MAX));
    let fresh = Arc::new(AtomicUsize::new(0));
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = Hand::new(group.work("k", || backend.load()));
    let waker = on_wake({
        let (group, in_flight, fresh) = (group.clone(), in_flight.clone(), fresh.clone());
        move || {
            in_flight.store(group.in_flight(), SeqCst);
            let answer = at_once(group.work("k", || ready(2))).unwrap();
            fresh.store(answer as usize, SeqCst);
        }
    });
    assert!(follower.poll_with(&waker).is_pending());

    backend.answer(0, 1);
    assert_eq!(leader.output(), Ok(1));
    assert_eq!(in_flight.load(SeqCst), 0);
    assert_eq!(fresh.load(SeqCst), 2);
    assert_eq!(follower.output(), Ok(1));
}

#[test]
fn completion_depends_on_no_follower_being_polled() {
    let group = Group::new();
    let backend = Backend::new();
    for paused in 0..3 {
        let leader = Hand::waiting(group.work("k", || backend.load()));
        let mut followers: Vec<_> = (0..3)
            .map(|_| Hand::waiting(group.work("k", || backend.load())))
            .collect();
        backend.answer(paused, 7);
        assert_eq!(leader.output(), Ok(7));

        let stuck = followers.remove(paused);
        for follower in followers {
            assert_eq!(follower.wakes(), 1);
            assert_eq!(follower.output(), Ok(7));
        }
        assert_eq!(group.in_flight(), 0);
        drop(stuck);
    }
}

#[test]
fn follower_polled_without_a_wake_finds_the_answer() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = Hand::new(group.work("k", || backend.load()));
    assert!(follower.poll_with(Waker::noop()).is_pending());
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.poll_with(Waker::noop()), Poll::Ready(Ok(7)));
}

#[test]
fn last_waker_of_a_follower_is_the_one_that_is_woken() {
    let group = Group::new();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = Hand::waiting(group.work("k", || backend.load()));
    let moved = Arc::new(AtomicUsize::new(0));
    let waker = on_wake({
        let moved = moved.clone();
        move || {
            moved.fetch_add(1, SeqCst);
        }
    });
    assert!(follower.poll_with(&waker).is_pending());

    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(moved.load(SeqCst), 1);
    assert_eq!(follower.wakes(), 0);
}

#[test]
fn followers_are_served_after_the_group_is_dropped() {
    let group = Group::new();
    let backend = Backend::new();
    let owned = |group: &Group| {
        let backend = backend.clone();
        Hand::waiting(group.work_owned("k".to_owned(), move || backend.load()))
    };
    let leader = owned(&group);
    let promoted = owned(&group);
    let follower = owned(&group);
    drop(group);

    drop(leader);
    assert!(follower.wakes() == 1 && promoted.wakes() == 0);
    let mut youngest = follower;
    youngest.still_waits();
    assert_eq!(backend.started(), 2);
    backend.answer(1, 7);
    assert_eq!(youngest.output(), Ok(7));
    assert_eq!(promoted.output(), Ok(7));
}

#[test]
fn completed_followers_are_served_after_the_group_is_dropped() {
    let group = Group::new();
    let backend = Backend::new();
    let load = || {
        let backend = backend.clone();
        move || backend.load()
    };
    let leader = Hand::waiting(group.work_owned("k".to_owned(), load()));
    let follower = Hand::waiting(group.work_owned("k".to_owned(), load()));
    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    drop(group);
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn panicking_waker_does_not_stop_the_others() {
    let group = Group::new();
    let backend = Backend::new();
    for bad in 0..3 {
        let mut leader = Hand::waiting(group.work("k", || backend.load()));
        let mut followers: Vec<_> = (0..3)
            .map(|_| Hand::waiting(group.work("k", || backend.load())))
            .collect();
        let waker = on_wake(|| panic!("a waker failed"));
        assert!(followers[bad].poll_with(&waker).is_pending());

        backend.answer(bad, 7);
        // Whether the leader's caller sees the waker's panic is left open; the others are served.
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| leader.poll()));
        if let Ok(polled) = polled {
            assert_eq!(polled, Poll::Ready(Ok(7)));
        }
        for (number, follower) in followers.into_iter().enumerate() {
            assert_eq!(follower.wakes(), usize::from(number != bad));
            assert_eq!(follower.output(), Ok(7));
        }
        assert_eq!(group.in_flight(), 0);
    }
}

/// Counts its clones, and how many of it there are.
struct Counted(Arc<Counts>);

#[derive(Default)]
struct Counts {
    clones: AtomicUsize,
    alive: AtomicUsize,
}

impl Counts {
    fn read(&self) -> (usize, usize) {
        (self.clones.load(SeqCst), self.alive.load(SeqCst))
    }
}

impl Counted {
    fn new() -> (Self, Arc<Counts>) {
        let counts = Arc::new(Counts::default());
        counts.alive.store(1, SeqCst);
        (Self(Arc::clone(&counts)), counts)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.clones.fetch_add(1, SeqCst);
        self.0.alive.fetch_add(1, SeqCst);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

#[test]
fn lone_caller_clones_no_value() {
    let group = Singleflight::<String, Counted>::new();
    let backend = Backend::new();
    let (value, counts) = Counted::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let left = Hand::waiting(group.work("k", || backend.load()));
    drop(left);
    backend.answer(0, value);
    drop(leader.output());
    assert_eq!(counts.read(), (0, 0));
}

#[test]
fn followers_cost_at_most_one_clone_each_and_no_value_stays() {
    let group = Singleflight::<String, Counted>::new();
    let backend = Backend::new();
    let (value, counts) = Counted::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut followers: Vec<_> = (0..10)
        .map(|_| Hand::waiting(group.work("k", || backend.load())))
        .collect();
    backend.answer(0, value);
    drop(leader.output());
    drop(followers.pop());
    for follower in followers {
        drop(follower.output());
    }
    let (clones, alive) = counts.read();
    assert!(clones <= 10, "{clones} clones");
    assert_eq!(alive, 0);
}

#[test]
fn group_may_be_dropped_inside_a_load() {
    let group = Group::new();
    let dropped = Arc::new(AtomicBool::new(false));
    let handle = group.clone();
    let call = group.work_owned("k".to_owned(), {
        let dropped = dropped.clone();
        move || {
            drop(handle);
            dropped.store(true, SeqCst);
            ready(7)
        }
    });
    drop(group);
    assert_eq!(at_once(call), Ok(7));
    assert!(dropped.load(SeqCst));
}
