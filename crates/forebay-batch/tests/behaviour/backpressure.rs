//! Bounds on how many keys may wait.
//!
//! * A key beyond the bound is rejected at once, also one of many, and the others are not.
//! * Loads that join do not count, nor do keys in calls; room comes back with calls and with loads
//!   that are dropped.
//! * Without a bound nothing is rejected.

use forebay_batch::{Dispatch, Join};
use forebay_core::LoadError;

use crate::hand::{Hand, at_once};
use crate::scene::{Answer, Scene, read};

fn rejected() -> Answer {
    Err(LoadError::Rejected)
}

fn bounded(waiting_max: usize) -> Scene {
    Scene::new(|builder| builder.max_waiting(waiting_max).max_in_flight(1))
}

#[test]
fn key_beyond_the_bound_is_rejected_at_once() {
    let scene = bounded(2);
    let waiting = scene.loads(&[1, 2]);
    assert_eq!(at_once(scene.batcher.load(&3)), rejected());
    assert_eq!(at_once(scene.batcher.load_fresh(&3)), rejected());
    assert_eq!(scene.batcher.stats().rejected, 2);
    scene.finish();
    let answers: Vec<_> = waiting.into_iter().map(Hand::woken).collect();
    assert_eq!(answers, [read(1, 0), read(2, 0)]);
    assert_eq!(scene.backend.calls(), [[1, 2]]);
    scene.is_over();
}

#[test]
fn keys_of_many_are_rejected_one_by_one() {
    let scene = bounded(2);
    let many = Hand::waiting(scene.batcher.load_many(&[1, 2, 3, 1, 4]));
    scene.finish();
    let expected = [read(1, 0), read(2, 0), rejected(), read(1, 0), rejected()];
    assert_eq!(many.woken(), expected);
    let first = Hand::waiting(scene.batcher.try_load_many(&[1, 2, 3, 4]));
    scene.finish();
    assert_eq!(first.woken(), Err((2, LoadError::Rejected)));
    scene.is_over();
}

#[test]
fn loads_that_join_do_not_count() {
    let scene = bounded(1);
    let _waiting = scene.loads(&[1, 1, 1]);
    scene.run();
    let _running = scene.loads(&[1, 2, 2]);
    assert_eq!(at_once(scene.batcher.load(&3)), rejected());
}

#[test]
fn keys_in_calls_do_not_count() {
    let scene = bounded(1);
    let _running = scene.load(&1);
    scene.run();
    let _waiting = scene.load(&2);
    assert_eq!(at_once(scene.batcher.load(&3)), rejected());
    scene.backend.answer(0);
    scene.run();
    let _room = scene.load(&3);
}

#[test]
fn room_comes_back_with_a_load_that_is_dropped() {
    let scene = bounded(1);
    for key in 0..10 {
        drop(scene.load(&key));
    }
    let many = [11, 12];
    drop(Hand::waiting(scene.batcher.load_many(&many)));
    let load = scene.load(&13);
    scene.finish();
    assert_eq!(load.woken(), read(13, 0));
}

#[test]
fn room_comes_back_when_keys_fail() {
    let scene = bounded(1);
    let load = scene.load(&1);
    scene.run();
    scene.backend.fail(0, "connection lost");
    scene.run();
    assert!(load.woken().is_err());
    let again = scene.load(&1);
    scene.finish();
    assert_eq!(again.woken(), read(1, 1));
}

#[test]
fn bound_holds_where_keys_are_not_joined_and_wait_to_be_told() {
    let scene = Scene::new(|builder| {
        builder
            .max_waiting(2)
            .join(Join::Off)
            .dispatch(Dispatch::Manual)
    });
    let _waiting = scene.loads(&[1, 1]);
    assert_eq!(at_once(scene.batcher.load(&1)), rejected());
    assert_eq!(scene.counts(), (2, 0));
}

#[test]
fn nothing_is_rejected_without_a_bound() {
    let scene = Scene::new(|builder| builder.dispatch(Dispatch::Manual));
    let keys: Vec<u32> = (0..100_000).collect();
    let many = Hand::waiting(scene.batcher.load_many(&keys));
    assert_eq!(scene.counts(), (100_000, 0));
    drop(many);
    scene.is_over();
}
