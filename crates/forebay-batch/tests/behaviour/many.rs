//! Loads of many keys at once.
//!
//! * Results come in the order of the keys, a key that stands twice has two; none without keys.
//! * Each key joins, is cached, rejected, or fails by itself.
//! * One wake for each call that ends, whatever number of keys it has.
//! * `try_load_many` gives all values, or the first failure in the order of the keys.

use forebay_batch::PerRequest;
use forebay_core::LoadError;

use crate::backend::Step;
use crate::hand::{Hand, at_once};
use crate::scene::{Scene, read};

#[test]
fn no_keys_have_no_results_and_no_call() {
    let scene = Scene::held();
    assert_eq!(at_once(scene.batcher.load_many(&[])), []);
    assert_eq!(at_once(scene.batcher.try_load_many(&[])), Ok(Vec::new()));
    assert_eq!((scene.backend.begun(), scene.runtime.spawned()), (0, 0));
}

#[test]
fn results_come_in_the_order_of_the_keys() {
    let scene = Scene::answering(|builder| builder.max_batch(3));
    let keys = [5, 1, 5, 4, 1, 3, 2, 5];
    let many = Hand::waiting(scene.batcher.load_many(&keys));
    scene.run();
    assert_eq!(scene.backend.calls(), [vec![5, 1, 4], vec![3, 2]]);
    let expected = keys.map(|key| read(key, usize::from([3, 2].contains(&key))));
    assert_eq!(many.woken(), expected);
}

#[test]
fn one_wake_for_each_call_that_ends() {
    let scene = Scene::new(|builder| builder.max_batch(100));
    let keys: Vec<u32> = (0..300).collect();
    let mut many = Hand::waiting(scene.batcher.load_many(&keys));
    scene.run();
    for call in 0..3 {
        assert_eq!(many.wakes(), call);
        scene.backend.answer(call);
        scene.run();
        if call < 2 {
            many.still_waits();
        }
    }
    assert_eq!(many.wakes(), 3);
    assert_eq!(many.woken().len(), 300);
}

#[test]
fn loads_of_many_keys_join_one_another() {
    // Every key is asked for by two of them, in batches that they do not begin themselves.
    let scene = Scene::new(|builder| builder.max_batch(2).max_in_flight(2));
    let asked = [
        vec![1, 2, 3],
        vec![3, 4, 1, 1],
        vec![2, 5, 4, 6],
        vec![6, 5],
    ];
    let mut many: Vec<_> = asked
        .iter()
        .map(|keys| Hand::waiting(scene.batcher.load_many(keys)))
        .collect();
    scene.run();
    many.push(Hand::waiting(scene.batcher.load_many(&asked[1])));
    scene.finish();
    assert_eq!(scene.backend.calls(), [[1, 2], [3, 4], [5, 6]]);
    for (keys, many) in asked.iter().chain([&asked[1]]).zip(many) {
        let expected = keys.iter().map(|key| read(*key, (*key as usize - 1) / 2));
        assert_eq!(many.woken(), expected.collect::<Vec<_>>());
    }
    scene.is_over();
}

#[test]
fn each_key_is_cached_joined_failed_or_loaded_by_itself() {
    let scene = Scene::new(|builder| builder.cache(PerRequest::new()).max_waiting(2));
    scene.batcher.prime(1, None);
    let _running = scene.load(&2);
    scene.run();
    let _waiting = scene.load(&3);
    let many = Hand::waiting(scene.batcher.load_many(&[1, 2, 3, 4, 5]));
    scene.backend.answer(0);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (3, call));
        answers.fail(1, "locked");
        Ok(())
    });
    scene.backend.step(1, end);
    scene.run();
    let expected = [
        Ok(None),
        read(2, 0),
        read(3, 1),
        Err(LoadError::from("locked")),
        Err(LoadError::Rejected),
    ];
    assert_eq!(many.woken(), expected);
    scene.is_over();
}

#[test]
fn all_values_or_the_first_failure() {
    let scene = Scene::new(|builder| builder.max_batch(2));
    let tries = [(); 2].map(|()| Hand::waiting(scene.batcher.try_load_many(&[1, 2, 3, 4])));
    let all = Hand::waiting(scene.batcher.try_load_many(&[4, 1]));
    scene.run();
    // The later call fails first, which does not make it the first failure.
    let end = Step::end(|_, _: &[u32], answers| {
        answers.fail(0, "second");
        answers.missing(1);
        Ok(())
    });
    scene.backend.step(1, end);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (1, call));
        answers.fail(1, "first");
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    for failed in tries {
        assert_eq!(failed.woken(), Err((1, LoadError::from("first"))));
    }
    assert_eq!(all.woken(), Ok(vec![None, Some((1, 0))]));
}

#[test]
fn many_keys_and_loads_of_one_key_share_calls() {
    let scene = Scene::held();
    let before = scene.load(&1);
    let many = Hand::waiting(scene.batcher.load_many(&[0, 1, 2]));
    let after = scene.load(&2);
    scene.finish();
    assert_eq!(scene.backend.calls(), [[1, 0, 2]]);
    assert_eq!(many.woken(), [read(0, 0), read(1, 0), read(2, 0)]);
    assert_eq!((before.woken(), after.woken()), (read(1, 0), read(2, 0)));
}
