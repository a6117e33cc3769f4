//! Loads that call into their own group.
//!
//! * A load that would follow itself, directly or through other keys, fails as a cycle, and its
//!   own caller is answered.
//! * Other keys, other groups and a flight that was forgotten are no cycle.

use std::future::ready;
use std::pin::Pin;

use forebay_core::LoadError;

use crate::backend::Backend;
use crate::hand::{Hand, at_once};
use crate::{Answer, Group};

#[test]
fn load_that_would_follow_itself_fails_as_a_cycle() {
    let group = Group::new();
    let outer = at_once(group.work("k", async || {
        let inner = group.work("k", async || 1).await;
        assert_eq!(inner, Err(LoadError::Cycle));
        7
    }));
    assert_eq!(outer, Ok(7));
    assert_eq!((group.in_flight(), group.stats().cycles), (0, 1));
}

#[test]
fn cycle_through_another_key_is_found() {
    let group = Group::new();
    let outer = at_once(group.work("a", async || {
        let middle = group.work("b", async || {
            let inner = group.work("a", async || 1).await;
            assert_eq!(inner, Err(LoadError::Cycle));
            2
        });
        middle.await.unwrap() + 1
    }));
    assert_eq!(outer, Ok(3));
    assert_eq!(group.in_flight(), 0);
}

/// Loads `depth` keys one within the other, the innermost of which asks for `wanted`.
fn nested(group: &Group, depth: u64, wanted: u64) -> BoxedAnswer<'_> {
    Box::pin(async move {
        let key = depth.to_string();
        let load = async || match depth {
            0 => {
                let wanted = wanted.to_string();
                let inner = group.work(wanted.as_str(), async || 1).await;
                assert_eq!(inner, Err(LoadError::Cycle));
                7
            }
            _ => nested(group, depth - 1, wanted).await.unwrap_or(0),
        };
        group.work(key.as_str(), load).await
    })
}

type BoxedAnswer<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

#[test]
fn cycle_is_found_however_deep_it_is() {
    let group = Group::new();
    for wanted in 0..=20 {
        assert_eq!(at_once(nested(&group, 20, wanted)), Ok(7));
        assert_eq!(group.in_flight(), 0);
    }
    assert_eq!(group.stats().cycles, 21);
}

#[test]
fn cycle_is_found_after_the_load_has_waited() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let call = Hand::waiting(group.work("k", async || {
        let first = backend.load().await;
        let inner = group.work("k", async || 1).await;
        assert_eq!(inner, Err(LoadError::Cycle));
        first
    }));
    let follower = Hand::waiting(group.work("k", async || 2));
    backend.answer(0, 7);
    assert_eq!(call.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
}

#[test]
fn closure_that_asks_for_its_own_key_is_a_cycle_too() {
    let group = Group::new();
    let outer = at_once(group.work("k", || {
        let inner = at_once(group.work("k", || ready(1)));
        assert_eq!(inner, Err(LoadError::Cycle));
        ready(7)
    }));
    assert_eq!(outer, Ok(7));
}

#[test]
fn other_keys_are_no_cycle() {
    let group = Group::new();
    let outer = at_once(group.work("a", async || {
        let inner: Answer = group.work("b", async || 1).await;
        inner.unwrap() + 1
    }));
    assert_eq!(outer, Ok(2));
}

#[test]
fn same_key_of_another_group_is_no_cycle() {
    let (outer, inner) = (Group::new(), Group::new());
    let answer = at_once(outer.work("k", async || inner.work("k", async || 1).await.unwrap() + 1));
    assert_eq!(answer, Ok(2));
}

#[test]
fn following_another_load_from_within_a_load_is_no_cycle() {
    let group = Group::new();
    let backend = Backend::new();
    let other = Hand::waiting(group.work("b", || backend.load()));
    let outer = Hand::waiting(group.work("a", async || {
        group.work("b", || backend.load()).await.unwrap() + 1
    }));
    assert_eq!((backend.started(), group.followers("b")), (1, Some(1)));
    backend.answer(0, 7);
    assert_eq!(other.output(), Ok(7));
    assert_eq!(outer.output(), Ok(8));
}

#[test]
fn load_may_forget_its_own_key_and_load_it_again() {
    let group = Group::new();
    let outer = at_once(group.work("k", async || {
        assert!(group.forget("k"));
        group.work("k", async || 1).await.unwrap() + 1
    }));
    assert_eq!(outer, Ok(2));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn cycle_detection_forgets_a_load_that_panicked() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let mut broken = Hand::waiting(group.work("k", || backend.load()));
    backend.panic(0, "poisoned row");
    broken.poll_panics();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    backend.answer(1, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(follower.output(), Ok(7));
    assert_eq!(group.stats().cycles, 0);
}

#[test]
fn role_asked_for_within_its_own_load_does_not_hang() {
    let group = Group::new();
    let outer = at_once(group.work("k", async || {
        assert!(group.claim("k").is_none());
        7
    }));
    assert_eq!(outer, Ok(7));
}
