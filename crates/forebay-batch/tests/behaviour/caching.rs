//! Answers that are kept, and what users do to them.
//!
//! * A hit is given at once and without a call; it is neither held back for a batch nor counted as
//!   a load.
//! * What is kept: values; absent keys as the cache has it or as told; failures only if told.
//! * A load that starts after `clear` or `clear_all` never gets an answer from before; those who
//!   waited do. Keys that wait have not been read yet, so they are still joined.
//! * `prime` changes nothing where there is something, `replace` always does; neither is undone by a
//!   call in flight, whose loads get its own answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use forebay_batch::{Cache, PerRequest};
use forebay_core::{LoadError, LoadResult};

use crate::backend::{Error, Step, Value};
use crate::hand::{Hand, at_once};
use crate::scene::{Answer, Scene, read};

fn cached() -> Scene {
    Scene::new(|builder| builder.cache(PerRequest::new()))
}

fn failed() -> Answer {
    Err(LoadError::from("locked"))
}

/// Ends the first call with a value for key 1, nothing for key 2 and a failure of key 3.
fn one_of_each(scene: &Scene) {
    let loads = scene.loads(&[1, 2, 3]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (1, call));
        answers.fail(2, "locked");
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    drop(loads);
}

fn peeks(scene: &Scene) -> [Option<Answer>; 3] {
    [1, 2, 3].map(|key| scene.batcher.peek(&key))
}

/// A cache that does not say whether it keeps absent keys.
#[derive(Default)]
struct Map(Mutex<HashMap<u32, Answer>>);

impl Cache<u32, Value<u32>, Error> for Map {
    fn get(&self, key: &u32) -> Option<LoadResult<Value<u32>, Error>> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn insert(&self, key: u32, answer: LoadResult<Value<u32>, Error>) {
        self.0.lock().unwrap().insert(key, answer);
    }

    fn remove(&self, key: &u32) {
        self.0.lock().unwrap().remove(key);
    }

    fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

#[test]
fn nothing_is_kept_without_a_cache() {
    let scene = Scene::answering(|builder| builder);
    for call in 0..2 {
        let load = scene.load(&1);
        scene.run();
        assert_eq!(load.woken(), read(1, call));
        assert_eq!(scene.batcher.peek(&1), None);
    }
    assert!(!scene.batcher.prime(1, Some((1, 9))));
    scene.batcher.replace(1, Some((1, 9)));
    assert_eq!(scene.batcher.peek(&1), None);
}

#[test]
fn hit_is_given_at_once_and_while_calls_run() {
    let scene = cached();
    let first = scene.load(&1);
    scene.finish();
    assert_eq!(first.woken(), read(1, 0));
    let _running = scene.load(&2);
    let _waiting = scene.load(&3);
    assert_eq!(at_once(scene.batcher.load(&1)), read(1, 0));
    assert_eq!(
        at_once(scene.batcher.load_many(&[1, 1])),
        [read(1, 0), read(1, 0)]
    );
    let stats = scene.batcher.stats();
    assert_eq!((stats.hits, stats.loads, stats.calls), (3, 3, 1));
}

#[test]
fn hit_stands_beside_what_is_loaded() {
    let scene = cached();
    scene.batcher.prime(2, Some((2, 9)));
    let many = Hand::waiting(scene.batcher.load_many(&[1, 2, 3, 2]));
    scene.finish();
    assert_eq!(scene.backend.calls(), [[1, 3]]);
    assert_eq!(
        many.woken(),
        [read(1, 0), read(2, 9), read(3, 0), read(2, 9)]
    );
}

#[test]
fn cache_of_one_request_keeps_absent_keys_and_no_failures() {
    let scene = cached();
    one_of_each(&scene);
    assert_eq!(peeks(&scene), [Some(read(1, 0)), Some(Ok(None)), None]);
    assert_eq!(at_once(scene.batcher.load(&2)), Ok(None));
}

#[test]
fn absent_keys_and_failures_are_kept_as_told() {
    let scene = Scene::new(|builder| {
        let builder = builder.cache(PerRequest::new());
        builder.cache_missing(false).cache_errors(true)
    });
    one_of_each(&scene);
    assert_eq!(peeks(&scene), [Some(read(1, 0)), None, Some(failed())]);
    assert_eq!(at_once(scene.batcher.load(&3)), failed());
}

#[test]
fn caches_keep_no_absent_keys_unless_they_say_so() {
    let scene = Scene::new(|builder| builder.cache(Map::default()));
    one_of_each(&scene);
    assert_eq!(peeks(&scene), [Some(read(1, 0)), None, None]);
    let scene = Scene::new(|builder| builder.cache(Map::default()).cache_missing(true));
    one_of_each(&scene);
    assert_eq!(peeks(&scene), [Some(read(1, 0)), Some(Ok(None)), None]);
}

#[test]
fn cache_can_be_shared_by_batchers() {
    let cache = Arc::new(PerRequest::new());
    let scene = Scene::answering(|builder| builder.cache(Arc::clone(&cache)));
    let other = Scene::answering(|builder| builder.cache(Arc::clone(&cache)));
    let load = scene.load(&1);
    scene.run();
    assert_eq!(load.woken(), read(1, 0));
    assert_eq!(at_once(other.batcher.load(&1)), read(1, 0));
    assert_eq!(cache.len(), 1);
}

#[test]
fn load_after_a_clear_begins_anew() {
    for clear in [
        (|scene: &Scene| scene.batcher.clear(&1)) as fn(&Scene),
        |scene| scene.batcher.clear_all(),
    ] {
        let scene = cached();
        let kept = scene.load(&1);
        scene.finish();
        assert_eq!(kept.woken(), read(1, 0));
        clear(&scene);
        assert_eq!(scene.batcher.peek(&1), None);
        let again = scene.load(&1);
        scene.finish();
        assert_eq!(again.woken(), read(1, 1));
    }
}

#[test]
fn load_after_a_clear_does_not_join_the_call_in_flight() {
    for clear in [
        (|scene: &Scene| scene.batcher.clear(&1)) as fn(&Scene),
        |scene| scene.batcher.clear_all(),
    ] {
        let scene = cached();
        let before = scene.loads(&[1, 2]);
        scene.run();
        clear(&scene);
        let after = scene.load(&1);
        scene.run();
        assert_eq!(scene.backend.calls(), [vec![1, 2], vec![1]]);
        scene.backend.answer(0);
        scene.run();
        // Its answer is for those who waited, and is not kept.
        let answers: Vec<_> = before.into_iter().map(Hand::woken).collect();
        assert_eq!(answers, [read(1, 0), read(2, 0)]);
        assert_eq!(scene.batcher.peek(&1), None);
        scene.backend.answer(1);
        scene.run();
        assert_eq!(after.woken(), read(1, 1));
        assert_eq!(at_once(scene.batcher.load(&1)), read(1, 1));
        scene.is_over();
    }
}

#[test]
fn clear_of_one_key_leaves_the_others_of_its_call() {
    let scene = cached();
    let _before = scene.loads(&[1, 2]);
    scene.run();
    scene.batcher.clear(&1);
    let joins = scene.load(&2);
    scene.finish();
    assert_eq!(scene.backend.begun(), 1);
    assert_eq!(joins.woken(), read(2, 0));
    assert_eq!(scene.batcher.peek(&2), Some(read(2, 0)));
}

#[test]
fn clear_of_a_key_that_waits_lets_it_be_joined() {
    let scene = cached();
    let before = scene.load(&1);
    scene.batcher.clear(&1);
    scene.batcher.clear_all();
    let after = scene.load(&1);
    scene.finish();
    assert_eq!(scene.backend.calls(), [[1]]);
    assert_eq!((before.woken(), after.woken()), (read(1, 0), read(1, 0)));
    assert_eq!(scene.batcher.peek(&1), Some(read(1, 0)));
}

#[test]
fn clear_before_the_answer_of_the_answer_after_it_is_undone_by_neither() {
    // Two clears, three calls of one key, which end in the opposite order.
    let scene = cached();
    let mut loads = Vec::new();
    for _ in 0..3 {
        loads.push(scene.load(&1));
        scene.run();
        scene.batcher.clear(&1);
    }
    let last = scene.load(&1);
    scene.run();
    for call in (0..4).rev() {
        scene.backend.answer(call);
        scene.run();
        assert_eq!(scene.batcher.peek(&1), Some(read(1, 3)));
    }
    assert_eq!(last.woken(), read(1, 3));
    for (call, load) in loads.into_iter().enumerate() {
        assert_eq!(load.woken(), read(1, call));
    }
}

#[test]
fn clear_works_without_a_cache() {
    let scene = Scene::held();
    let before = scene.load(&1);
    scene.run();
    scene.batcher.clear(&1);
    let after = scene.load(&1);
    scene.finish();
    assert_eq!((before.woken(), after.woken()), (read(1, 0), read(1, 1)));
}

#[test]
fn prime_changes_nothing_where_there_is_something() {
    let scene = cached();
    assert!(scene.batcher.prime(1, Some((1, 7))));
    assert!(!scene.batcher.prime(1, Some((1, 8))));
    assert_eq!(at_once(scene.batcher.load(&1)), read(1, 7));
    assert!(scene.batcher.prime(2, None));
    assert!(!scene.batcher.prime(2, Some((2, 8))));
    assert_eq!(at_once(scene.batcher.load(&2)), Ok(None));
    assert_eq!(scene.backend.begun(), 0);
}

#[test]
fn replace_puts_a_value_in_place_of_another() {
    let scene = cached();
    scene.batcher.replace(1, Some((1, 7)));
    scene.batcher.replace(1, Some((1, 8)));
    assert_eq!(at_once(scene.batcher.load(&1)), read(1, 8));
    scene.batcher.replace(1, None);
    assert_eq!(at_once(scene.batcher.load(&1)), Ok(None));
}

#[test]
fn call_in_flight_does_not_undo_what_was_put_in() {
    for put in [
        (|scene: &Scene| assert!(scene.batcher.prime(1, Some((1, 7))))) as fn(&Scene),
        |scene| scene.batcher.replace(1, Some((1, 7))),
    ] {
        let scene = cached();
        let before = scene.load(&1);
        scene.run();
        put(&scene);
        assert_eq!(at_once(scene.batcher.load(&1)), read(1, 7));
        // The call was not given up.
        scene.finish();
        assert_eq!(before.woken(), read(1, 0));
        assert_eq!(at_once(scene.batcher.load(&1)), read(1, 7));
    }
}

#[test]
fn replace_is_a_clear_where_there_is_no_cache() {
    let scene = Scene::held();
    let before = scene.load(&1);
    scene.run();
    scene.batcher.replace(1, Some((1, 7)));
    let after = scene.load(&1);
    scene.finish();
    assert_eq!((before.woken(), after.woken()), (read(1, 0), read(1, 1)));
}

#[test]
fn cached_answers_are_given_after_closing() {
    let scene = cached();
    scene.batcher.prime(1, Some((1, 7)));
    scene.batcher.close();
    assert_eq!(at_once(scene.batcher.load(&1)), read(1, 7));
    assert_eq!(at_once(scene.batcher.load(&2)), Err(LoadError::Closed));
    assert_eq!(
        at_once(scene.batcher.load_fresh(&1)),
        Err(LoadError::Closed)
    );
}
