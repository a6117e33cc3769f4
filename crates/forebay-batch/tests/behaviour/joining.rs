//! Loads of one key that share an answer.
//!
//! * A load joins a key that waits, in any batch, and one whose call is in flight.
//! * With `SameBatch` it does not join a call in flight; with `Off` it joins nothing, and each load
//!   has an answer of its own.
//! * A fresh load joins only what has not begun, does not look into the cache, and is joined by later
//!   loads. What it found stays when the call before it ends later.
//! * Whoever joined gets the answer although those before it left.

use forebay_batch::{Join, PerRequest};

use crate::backend::Step;
use crate::hand::{Hand, at_once};
use crate::scene::{Answer, Scene, read};

fn all_woken(loads: Vec<Hand<'_, Answer>>, answer: &Answer) {
    for load in loads {
        assert_eq!(load.woken(), *answer);
    }
}

#[test]
fn load_joins_a_key_that_waits() {
    let scene = Scene::held();
    let loads = scene.loads(&[1; 50]);
    scene.finish();
    assert_eq!(scene.backend.calls(), [[1]]);
    all_woken(loads, &read(1, 0));
    assert_eq!(scene.batcher.stats().joins, 49);
}

#[test]
fn load_joins_a_key_that_waits_in_another_batch() {
    let scene = Scene::new(|builder| builder.max_in_flight(1).max_batch(2));
    let _first = scene.loads(&[0, 1, 2, 3, 4]);
    scene.run();
    let joins = scene.loads(&[3, 4, 2]);
    scene.finish();
    assert_eq!(scene.backend.calls(), [vec![0, 1], vec![2, 3], vec![4]]);
    let answers: Vec<_> = joins.into_iter().map(Hand::woken).collect();
    assert_eq!(answers, [read(3, 1), read(4, 2), read(2, 1)]);
}

#[test]
fn load_joins_a_call_in_flight() {
    let scene = Scene::held();
    let first = scene.load(&1);
    scene.run();
    let late = scene.load(&1);
    scene.run();
    assert_eq!((scene.backend.begun(), scene.counts()), (1, (0, 1)));
    scene.backend.answer(0);
    scene.run();
    all_woken(vec![first, late], &read(1, 0));
}

#[test]
fn load_after_the_answer_begins_anew() {
    let scene = Scene::answering(|builder| builder);
    for call in 0..3 {
        let load = scene.load(&1);
        scene.run();
        assert_eq!(load.woken(), read(1, call));
    }
}

#[test]
fn who_joined_gets_the_answer_although_those_before_it_left() {
    let scene = Scene::held();
    let first = scene.load(&1);
    let second = scene.load(&1);
    drop(first);
    scene.run();
    let third = scene.load(&1);
    drop(second);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(third.woken(), read(1, 0));
    assert_eq!(scene.backend.calls(), [[1]]);
}

#[test]
fn same_batch_joins_only_what_has_not_begun() {
    let scene = Scene::new(|builder| builder.join(Join::SameBatch));
    let first = scene.loads(&[1, 1]);
    scene.run();
    let second = scene.loads(&[1, 1]);
    scene.run();
    assert_eq!(scene.backend.calls(), [[1], [1]]);
    scene.backend.answer(1);
    scene.backend.answer(0);
    scene.run();
    all_woken(first, &read(1, 0));
    all_woken(second, &read(1, 1));
}

#[test]
fn nothing_is_joined_where_joining_is_off() {
    let scene = Scene::new(|builder| builder.join(Join::Off));
    let by_position = Step::end(|_, keys: &[u32], answers| {
        for (position, key) in keys.iter().enumerate() {
            answers.set(position, (*key, position));
        }
        Ok(())
    });
    let loads = scene.loads(&[1, 2, 1, 1]);
    scene.run();
    assert_eq!(scene.backend.calls(), [[1, 2, 1, 1]]);
    scene.backend.step(0, by_position);
    let late = scene.load(&1);
    scene.run();
    let answers: Vec<_> = loads.into_iter().map(Hand::woken).collect();
    assert_eq!(answers, [read(1, 0), read(2, 1), read(1, 2), read(1, 3)]);
    scene.backend.answer(1);
    scene.run();
    assert_eq!(late.woken(), read(1, 1));
    assert_eq!(scene.batcher.stats().joins, 0);
    scene.is_over();
}

#[test]
fn withdrawn_twin_does_not_take_the_other_one_along() {
    let scene = Scene::new(|builder| builder.join(Join::Off));
    let mut loads = scene.loads(&[1, 1, 1]);
    drop(loads.remove(1));
    scene.finish();
    assert_eq!(scene.backend.calls(), [[1, 1]]);
    all_woken(loads, &read(1, 0));
    scene.is_over();
}

#[test]
fn fresh_load_does_not_join_a_call_in_flight() {
    let scene = Scene::held();
    let old = scene.load(&1);
    scene.run();
    let fresh = Hand::waiting(scene.batcher.load_fresh(&1));
    let late = scene.load(&1);
    scene.run();
    assert_eq!(scene.backend.calls(), [[1], [1]]);
    scene.backend.answer(1);
    scene.run();
    all_woken(vec![fresh, late], &read(1, 1));
    scene.backend.answer(0);
    scene.run();
    assert_eq!(old.woken(), read(1, 0));
}

#[test]
fn fresh_load_joins_what_has_not_begun() {
    let scene = Scene::held();
    let waiting = scene.load(&1);
    let fresh = Hand::waiting(scene.batcher.load_fresh(&1));
    scene.finish();
    assert_eq!(scene.backend.calls(), [[1]]);
    all_woken(vec![waiting, fresh], &read(1, 0));
}

#[test]
fn fresh_load_does_not_look_into_the_cache_and_fills_it() {
    let scene = Scene::answering(|builder| builder.cache(PerRequest::new()));
    scene.batcher.prime(1, Some((1, 99)));
    let fresh = Hand::waiting(scene.batcher.load_fresh(&1));
    assert_eq!(at_once(scene.batcher.load(&1)), read(1, 99));
    scene.run();
    assert_eq!(fresh.woken(), read(1, 0));
    assert_eq!(at_once(scene.batcher.load(&1)), read(1, 0));
}

#[test]
fn fresh_answer_is_not_replaced_by_an_older_one() {
    let scene = Scene::new(|builder| builder.cache(PerRequest::new()));
    let old = scene.load(&1);
    scene.run();
    let fresh = Hand::waiting(scene.batcher.load_fresh(&1));
    scene.run();
    scene.backend.answer(1);
    scene.run();
    scene.backend.answer(0);
    scene.run();
    assert_eq!((old.woken(), fresh.woken()), (read(1, 0), read(1, 1)));
    assert_eq!(at_once(scene.batcher.load(&1)), read(1, 1));
}

#[test]
fn fresh_loads_have_calls_of_their_own_where_joining_is_off() {
    let scene = Scene::new(|builder| builder.join(Join::Off));
    let _old = scene.load(&1);
    let _fresh = Hand::waiting(scene.batcher.load_fresh(&1));
    scene.run();
    assert_eq!(scene.backend.calls(), [[1, 1]]);
}
