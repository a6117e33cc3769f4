//! Loads that are dropped before they have their answer.
//!
//! * A key that nobody wants any more is taken out of its batch, and the others get their own
//!   answers; a batch of none makes no call.
//! * A call that nobody waits for is dropped and its place is free; a load that comes then begins
//!   anew. With `keep_abandoned` it goes on and fills the cache.
//! * As long as one waits, the call goes on. Nobody's answer depends on who else left.
//! * A future that is polled after its end is no harm.

use std::task::Poll;

use forebay_batch::PerRequest;
use forebay_core::LoadError;

use crate::hand::{Hand, at_once};
use crate::scene::{Scene, read};

#[test]
fn batch_that_nobody_wants_any_more_makes_no_call() {
    let scene = Scene::held();
    drop(scene.loads(&[1, 2, 3]));
    drop(Hand::waiting(scene.batcher.load_many(&[4, 5])));
    assert_eq!(scene.counts(), (0, 0));
    scene.run();
    assert_eq!(scene.backend.begun(), 0);
    let stats = scene.batcher.stats();
    assert_eq!((stats.cancelled, stats.withdrawn, stats.calls), (5, 5, 0));
    scene.is_over();
}

#[test]
fn keys_that_nobody_wants_are_left_out() {
    // Each pattern of six keys, of which some are dropped before the call takes them.
    for pattern in 0..64_u32 {
        let scene = Scene::held();
        let keys: Vec<u32> = (10..16).collect();
        let loads = scene.loads(&keys);
        let is_kept = |key: &u32| pattern & (1 << (key - 10)) != 0;
        let (kept, dropped): (Vec<_>, Vec<_>) =
            keys.iter().zip(loads).partition(|(key, _)| is_kept(key));
        drop(dropped);
        scene.run();
        let wanted: Vec<u32> = keys.iter().copied().filter(is_kept).collect();
        assert_eq!(scene.backend.calls().concat(), wanted);
        // They are joined where they stand now.
        let joins = scene.loads(&wanted);
        scene.backend.answer_all();
        scene.run();
        for (key, load) in kept.into_iter().chain(wanted.iter().zip(joins)) {
            assert_eq!(load.woken(), read(*key, 0));
        }
        scene.is_over();
    }
}

#[test]
fn key_that_others_want_stays() {
    let scene = Scene::held();
    let first = scene.load(&1);
    let second = scene.load(&1);
    let many = Hand::waiting(scene.batcher.load_many(&[1, 2, 1]));
    drop(first);
    drop(many);
    scene.finish();
    assert_eq!(scene.backend.calls(), [[1]]);
    assert_eq!(second.woken(), read(1, 0));
    assert_eq!(scene.batcher.stats().withdrawn, 1);
}

#[test]
fn call_that_nobody_waits_for_is_dropped() {
    let scene = Scene::new(|builder| builder.max_in_flight(1));
    let single = scene.load(&1);
    let many = Hand::waiting(scene.batcher.load_many(&[1, 2]));
    scene.run();
    let next = scene.load(&3);
    drop(many);
    scene.run();
    assert_eq!(scene.backend.running(), [0]);
    drop(single);
    scene.run();
    // Its place is free.
    assert_eq!(scene.backend.running(), [1]);
    assert_eq!(scene.batcher.stats().abandoned, 1);
    scene.backend.answer(1);
    scene.run();
    assert_eq!(next.woken(), read(3, 1));
    scene.is_over();
}

#[test]
fn load_after_a_call_was_given_up_begins_anew() {
    let scene = Scene::held();
    drop({
        let load = scene.load(&1);
        scene.run();
        load
    });
    // Nothing has noticed yet.
    assert_eq!(scene.backend.running(), [0]);
    let again = scene.load(&1);
    scene.backend.answer(0);
    scene.finish();
    assert_eq!(scene.backend.calls(), [[1], [1]]);
    assert_eq!(again.woken(), read(1, 1));
    scene.is_over();
}

#[test]
fn answer_of_a_call_that_was_given_up_is_not_cached() {
    let scene = Scene::new(|builder| builder.cache(PerRequest::new()));
    drop({
        let load = scene.load(&1);
        scene.run();
        load
    });
    scene.backend.answer(0);
    scene.run();
    assert_eq!(scene.batcher.peek(&1), None);
    scene.is_over();
}

#[test]
fn kept_call_goes_on_and_fills_the_cache() {
    let scene = Scene::new(|builder| {
        builder
            .keep_abandoned(true)
            .max_in_flight(1)
            .cache(PerRequest::new())
    });
    drop({
        let load = scene.load(&1);
        scene.run();
        load
    });
    scene.run();
    assert_eq!(scene.backend.running(), [0]);
    let joins = scene.load(&1);
    let next = scene.load(&2);
    scene.run();
    assert_eq!(scene.backend.begun(), 1);
    drop(joins);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(at_once(scene.batcher.load(&1)), read(1, 0));
    assert_eq!(scene.batcher.stats().abandoned, 0);
    scene.finish();
    assert_eq!(next.woken(), read(2, 1));
    scene.is_over();
}

#[test]
fn keys_that_wait_are_withdrawn_although_calls_are_kept() {
    let scene = Scene::new(|builder| builder.keep_abandoned(true));
    drop(scene.load(&1));
    scene.run();
    assert_eq!(scene.backend.begun(), 0);
    scene.is_over();
}

#[test]
fn load_of_many_that_is_dropped_halfway_gives_up_the_rest() {
    let scene = Scene::new(|builder| builder.max_batch(2).max_in_flight(2));
    let mut many = Hand::waiting(scene.batcher.load_many(&[1, 2, 3, 4, 5, 6]));
    scene.run();
    scene.backend.answer(0);
    scene.run();
    assert!(many.is_woken());
    many.still_waits();
    assert_eq!(scene.backend.calls(), [[1, 2], [3, 4], [5, 6]]);
    let other = scene.load(&6);
    drop(many);
    scene.run();
    // Only what the other load waits for goes on.
    assert_eq!(scene.backend.running(), [2]);
    scene.backend.answer(2);
    scene.run();
    assert_eq!(other.woken(), read(6, 2));
    assert_eq!(scene.batcher.stats().cancelled, 4);
    scene.is_over();
}

#[test]
fn load_that_is_dropped_after_its_answer_changes_nothing() {
    let scene = Scene::held();
    let first = scene.load(&1);
    let second = scene.load(&1);
    let many = Hand::waiting(scene.batcher.load_many(&[1, 2]));
    scene.finish();
    drop((first, many));
    assert_eq!(second.woken(), read(1, 0));
    let stats = scene.batcher.stats();
    assert_eq!((stats.cancelled, stats.abandoned), (0, 0));
    scene.is_over();
}

#[test]
fn call_of_a_batch_whose_keys_go_and_come_while_it_gathers_has_what_is_left() {
    let scene = Scene::held();
    let first = scene.load(&1);
    scene.runtime.round();
    drop(first);
    let second = scene.load(&2);
    scene.run();
    assert_eq!(scene.backend.calls(), [[2]]);
    scene.finish();
    assert_eq!(second.woken(), read(2, 0));
    scene.is_over();
}

#[test]
fn future_that_is_polled_after_its_end_is_no_harm() {
    let scene = Scene::answering(|builder| builder);
    let mut load = scene.load(&1);
    let mut many = Hand::waiting(scene.batcher.load_many(&[1]));
    scene.run();
    assert_eq!(load.poll(), Poll::Ready(read(1, 0)));
    assert_eq!(load.poll(), Poll::Ready(Err(LoadError::Closed)));
    assert_eq!(many.poll(), Poll::Ready(vec![read(1, 0)]));
    assert_eq!(many.poll(), Poll::Ready(Vec::new()));
    scene.is_over();
}

#[test]
fn waker_of_the_last_poll_is_the_one_that_is_woken() {
    let scene = Scene::held();
    let mut load = scene.load(&1);
    let mut many = Hand::waiting(scene.batcher.load_many(&[1, 2]));
    let other = Hand::<()>::new(std::future::pending());
    drop(other);
    let noop = std::task::Waker::noop();
    assert!(load.poll_with(noop).is_pending());
    assert!(many.poll_with(noop).is_pending());
    scene.finish();
    assert!(!load.is_woken() && !many.is_woken());
    assert_eq!(load.output(), read(1, 0));
    assert_eq!(many.output(), [read(1, 0), read(2, 0)]);
}
