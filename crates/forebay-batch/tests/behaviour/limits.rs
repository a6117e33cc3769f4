//! How large a call may be, how many keys leave together, and in which order.
//!
//! * No call is larger than the maximum, in weight, also of many keys; a key that alone is heavier
//!   goes alone. Every key weighs at least one.
//! * Keys that are joined or cached do not count.
//! * Keys reach the backend once, in the order of their first arrival; the oldest leave first.
//! * No more calls run at once than may.

use forebay_batch::PerRequest;

use crate::hand::Hand;
use crate::scene::{Scene, read};

#[test]
fn no_call_is_larger_than_the_maximum() {
    let scene = Scene::new(|builder| builder.max_batch(4));
    let keys: Vec<u32> = (0..10).rev().collect();
    let loads = scene.loads(&keys);
    scene.finish();
    let calls = [vec![9, 8, 7, 6], vec![5, 4, 3, 2], vec![1, 0]];
    assert_eq!(scene.backend.calls(), calls);
    for (place, load) in loads.into_iter().enumerate() {
        assert_eq!(load.woken(), read(keys[place], place / 4));
    }
    assert_eq!(scene.batcher.stats().batch_max, 4);
}

#[test]
fn many_keys_are_cut_into_calls_of_the_maximum() {
    let keys: Vec<u32> = (0..10_000).collect();
    let scene = Scene::answering(|builder| builder);
    let load = Hand::waiting(scene.batcher.load_many(&keys));
    scene.run();
    let calls = scene.backend.calls();
    assert_eq!(calls, keys.chunks(1_000).collect::<Vec<_>>());
    let answers = load.woken();
    for (key, answer) in keys.iter().zip(answers) {
        assert_eq!(answer, read(*key, *key as usize / 1_000));
    }
}

#[test]
fn maximum_of_one_sends_every_key_alone() {
    let scene = Scene::answering(|builder| builder.max_batch(1));
    let load = Hand::waiting(scene.batcher.load_many(&[3, 1, 2]));
    scene.run();
    assert_eq!(scene.backend.calls(), [[3], [1], [2]]);
    assert_eq!(load.woken(), [read(3, 0), read(1, 1), read(2, 2)]);
}

#[test]
fn maximum_counts_weight() {
    let scene = Scene::answering(|builder| builder.max_batch(10).weigh(|key| *key as usize));
    let keys = [4, 3, 2, 5, 6, 1, 9, 2];
    let load = Hand::waiting(scene.batcher.load_many(&keys));
    scene.run();
    // First come, first served: nothing overtakes to fill a gap. The last key is asked for already.
    assert_eq!(
        scene.backend.calls(),
        [vec![4, 3, 2], vec![5], vec![6, 1], vec![9]]
    );
    assert!(load.woken().iter().all(Result::is_ok));
}

#[test]
fn key_that_is_too_heavy_goes_alone() {
    let scene = Scene::answering(|builder| builder.max_batch(10).weigh(|key| *key as usize));
    let keys = [1, 99, 2, 3, usize::MAX as u32, 4];
    let load = Hand::waiting(scene.batcher.load_many(&keys));
    scene.run();
    let calls = scene.backend.calls();
    assert_eq!(
        calls,
        [vec![1], vec![99], vec![2, 3], vec![u32::MAX], vec![4]]
    );
    assert!(load.woken().iter().all(Result::is_ok));
}

#[test]
fn key_weighs_at_least_one() {
    let scene = Scene::answering(|builder| builder.max_batch(2).weigh(|_| 0));
    let load = Hand::waiting(scene.batcher.load_many(&[1, 2, 3]));
    scene.run();
    assert_eq!(scene.backend.calls(), [vec![1, 2], vec![3]]);
    drop(load);
}

#[test]
fn weights_that_do_not_fit_into_a_number_are_added_up_without_harm() {
    let scene = Scene::answering(|builder| builder.max_batch(usize::MAX).weigh(|_| usize::MAX - 1));
    let load = Hand::waiting(scene.batcher.load_many(&[1, 2, 3]));
    scene.run();
    assert_eq!(scene.backend.calls().concat(), [1, 2, 3]);
    assert!(load.woken().iter().all(Result::is_ok));
    scene.is_over();
}

#[test]
fn keys_that_are_joined_do_not_count() {
    let scene = Scene::new(|builder| builder.max_batch(2));
    let _loads = scene.loads(&[1, 1, 1, 2, 2]);
    scene.run();
    assert_eq!(scene.backend.calls(), [[1, 2]]);
}

#[test]
fn keys_that_are_cached_do_not_count() {
    let scene = Scene::new(|builder| builder.max_batch(2).cache(PerRequest::new()));
    scene.batcher.prime(1, Some((1, 77)));
    let load = Hand::waiting(scene.batcher.load_many(&[2, 1, 3]));
    scene.finish();
    assert_eq!(scene.backend.calls(), [[2, 3]]);
    assert_eq!(load.woken(), [read(2, 0), read(1, 77), read(3, 0)]);
}

#[test]
fn keys_that_were_withdrawn_do_not_count() {
    let scene = Scene::new(|builder| builder.max_batch(2));
    let mut loads = scene.loads(&[1, 2]);
    drop(loads.remove(0));
    loads.push(scene.load(&3));
    scene.run();
    assert_eq!(scene.backend.calls(), [[2, 3]]);
}

#[test]
fn keys_arrive_once_and_in_the_order_in_which_they_came() {
    let scene = Scene::held();
    let _loads = scene.loads(&[5, 3, 5, 9, 3, 1]);
    let _many = Hand::waiting(scene.batcher.load_many(&[9, 7, 1, 0, 7]));
    let _late = scene.load(&2);
    scene.run();
    assert_eq!(scene.backend.calls(), [[5, 3, 9, 1, 7, 0, 2]]);
}

#[test]
fn key_that_was_withdrawn_has_lost_its_place() {
    let scene = Scene::held();
    let mut loads = scene.loads(&[1, 2, 3]);
    drop(loads.remove(0));
    let again = scene.load(&1);
    scene.run();
    assert_eq!(scene.backend.calls(), [[2, 3, 1]]);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(again.woken(), read(1, 0));
    for (load, key) in loads.into_iter().zip([2, 3]) {
        assert_eq!(load.woken(), read(key, 0));
    }
}

#[test]
fn oldest_keys_leave_first() {
    let scene = Scene::new(|builder| builder.max_in_flight(1).max_batch(2));
    let _loads = scene.loads(&[9, 8, 7, 6, 5]);
    scene.run();
    let _late = scene.loads(&[1, 9]);
    scene.finish();
    assert_eq!(scene.backend.calls(), [[9, 8], [7, 6], [5, 1]]);
}

#[test]
fn no_more_calls_run_than_may() {
    for calls_max in 1..5 {
        let scene = Scene::new(|builder| builder.max_batch(1).max_in_flight(calls_max));
        let keys: Vec<u32> = (0..20).collect();
        let loads = scene.loads(&keys);
        scene.run();
        assert_eq!(scene.backend.running().len(), calls_max);
        // Whichever ends makes room for exactly one.
        for ended in [calls_max - 1, 0] {
            let begun = scene.backend.begun();
            scene.backend.answer(ended);
            scene.run();
            assert_eq!(scene.backend.running().len(), calls_max);
            let room = usize::from(calls_max > 1 || ended == 0);
            assert!(scene.backend.begun() <= begun + room);
            if calls_max == 1 {
                break;
            }
        }
        scene.finish();
        assert_eq!(scene.backend.running_max(), calls_max);
        for (load, key) in loads.into_iter().zip(&keys) {
            assert_eq!(load.woken().unwrap().unwrap().0, *key);
        }
        scene.is_over();
    }
}
