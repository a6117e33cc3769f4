//! What a loader remembers, and how it is made to forget.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::slice;
use std::sync::Arc;

use forebay_batch::{Batcher, Cache, Join, PerRequest};
use forebay_testkit::HandRuntime;

use crate::backend::{Backend, Step};
use crate::hand::at_once;
use crate::javascript::{all, loader};
use crate::scene::{Scene, read};

#[test]
fn equal_keys_of_one_batch_are_asked_for_once() {
    let loader = loader();
    assert_eq!(loader.all(&[1, 1]), [read(1, 0), read(1, 0)]);
    assert_eq!(loader.backend.calls(), [[1]]);
}

#[test]
fn key_that_was_loaded_is_not_asked_for_again() {
    let loader = loader();
    loader.all(&[1, 2]);
    assert_eq!(loader.all(&[1, 3]), [read(1, 0), read(3, 1)]);
    assert_eq!(loader.all(&[1, 2, 3]), [read(1, 0), read(2, 0), read(3, 1)]);
    assert_eq!(loader.backend.calls(), [vec![1, 2], vec![3]]);
}

#[test]
fn key_that_is_in_flight_is_not_asked_for_again() {
    let loader = Scene::new(|builder| builder.cache(PerRequest::new()));
    let first = loader.load(&1);
    loader.run();
    let second = loader.load(&1);
    loader.finish();
    assert_eq!((first.woken(), second.woken()), (read(1, 0), read(1, 0)));
    assert_eq!(loader.backend.calls(), [[1]]);
}

#[test]
fn hit_is_given_at_once_while_a_batch_runs() {
    let loader = Scene::new(|builder| builder.cache(PerRequest::new()));
    loader.batcher.prime(1, Some((1, 9)));
    let mut other = loader.load(&2);
    loader.run();
    assert_eq!(at_once(loader.batcher.load(&1)), read(1, 9));
    other.still_waits();
    assert_eq!(loader.backend.calls(), [[2]]);
}

#[test]
fn loaders_of_two_requests_share_nothing() {
    let backend = Backend::<u32>::answering();
    let runtime = HandRuntime::default();
    for request in 0..2 {
        let builder = Batcher::builder(backend.clone()).runtime(runtime.clone());
        let batcher = builder.cache(PerRequest::new()).build();
        let batcher = batcher.expect("the settings are right");
        let answers = all(&runtime, [batcher.load(&1), batcher.load(&1)]);
        assert_eq!(answers, [read(1, request), read(1, request)]);
    }
}

#[test]
fn keys_are_equal_when_they_say_so() {
    /// As a function for cache keys would make it, without regard to case.
    #[derive(Clone, Debug)]
    struct Name(&'static str);

    impl PartialEq for Name {
        fn eq(&self, other: &Self) -> bool {
            self.0.eq_ignore_ascii_case(other.0)
        }
    }

    impl Eq for Name {}

    impl Hash for Name {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.to_ascii_lowercase().hash(state);
        }
    }

    let backend = Backend::answering();
    let runtime = HandRuntime::default();
    let builder = Batcher::builder(backend.clone()).runtime(runtime.clone());
    let batcher = builder.cache(PerRequest::new()).build();
    let batcher = batcher.expect("the settings are right");
    let keys = [Name("Ada"), Name("ADA"), Name("grace")];
    all(&runtime, keys.iter().map(|key| batcher.load(key)));
    assert!(at_once(batcher.load(&Name("ada"))).is_ok());
    assert_eq!(backend.calls(), [[Name("Ada"), Name("grace")]]);
}

#[test]
fn keys_and_values_may_be_empty_zero_or_false() {
    fn check<K: Clone + Eq + Hash + Send + Sync + Debug + 'static>(key: K) {
        let backend = Backend::answering();
        let runtime = HandRuntime::default();
        let builder = Batcher::builder(backend.clone()).runtime(runtime.clone());
        let batcher = builder.cache(PerRequest::new()).build();
        let batcher = batcher.expect("the settings are right");
        let expected = Ok(Some((key.clone(), 0)));
        assert_eq!(
            all(&runtime, [batcher.load(&key)]),
            slice::from_ref(&expected)
        );
        assert_eq!(at_once(batcher.load(&key)), expected);
        assert_eq!(backend.begun(), 1);
    }
    check(0);
    check(false);
    check("");
    check(());
    check(None::<u32>);
}

#[test]
fn absent_key_is_no_error_and_is_remembered_for_the_request() {
    let loader = loader();
    loader.backend.script([Step::end(|call, keys, answers| {
        // Rows come in any order, and there are fewer of them than keys.
        for key in keys.iter().rev().filter(|key| **key != 2) {
            answers.insert(key, (*key, call));
        }
        Ok(())
    })]);
    assert_eq!(loader.all(&[1, 2, 3]), [read(1, 0), Ok(None), read(3, 0)]);
    assert_eq!(at_once(loader.batcher.load(&2)), Ok(None));
    assert_eq!(loader.backend.begun(), 1);
}

#[test]
fn cleared_key_is_asked_for_again_and_the_others_are_not() {
    let loader = loader();
    loader.all(&[1, 2]);
    loader.batcher.clear(&1);
    assert_eq!(loader.all(&[1, 2]), [read(1, 1), read(2, 0)]);
    assert_eq!(loader.backend.calls(), [vec![1, 2], vec![1]]);
}

#[test]
fn all_keys_can_be_cleared() {
    let loader = loader();
    loader.all(&[1, 2]);
    loader.batcher.clear_all();
    assert_eq!(loader.all(&[1, 2]), [read(1, 1), read(2, 1)]);
}

#[test]
fn key_cleared_in_flight_is_asked_for_again() {
    let loader = Scene::new(|builder| builder.cache(PerRequest::new()));
    let before = loader.load(&1);
    loader.run();
    loader.batcher.clear(&1);
    let after = loader.load(&1);
    loader.finish();
    assert_eq!((before.woken(), after.woken()), (read(1, 0), read(1, 1)));
    assert_eq!(at_once(loader.batcher.load(&1)), read(1, 1));
}

#[test]
fn batch_function_may_clear_what_its_loader_remembers() {
    let loader = loader();
    let batcher = loader.batcher.clone();
    loader
        .backend
        .script([Step::end(move |call, keys, answers| {
            batcher.clear_all();
            for (position, key) in keys.iter().enumerate() {
                answers.set(position, (*key, call));
            }
            Ok(())
        })]);
    assert_eq!(loader.all(&[1, 2, 1]), [read(1, 0), read(2, 0), read(1, 0)]);
    assert_eq!(loader.all(&[1, 2]), [read(1, 1), read(2, 1)]);
}

#[test]
fn primed_key_is_not_asked_for() {
    let loader = loader();
    assert!(loader.batcher.prime(1, Some((1, 9))));
    assert_eq!(loader.all(&[1, 2]), [read(1, 9), read(2, 0)]);
    assert_eq!(loader.backend.calls(), [[2]]);
}

#[test]
fn priming_changes_nothing_that_is_remembered() {
    let loader = loader();
    loader.all(&[1]);
    assert!(!loader.batcher.prime(1, Some((1, 9))));
    assert_eq!(at_once(loader.batcher.load(&1)), read(1, 0));
}

#[test]
fn priming_is_forced_by_clearing_before_or_by_replacing() {
    let loader = loader();
    loader.all(&[1, 2]);
    loader.batcher.clear(&1);
    assert!(loader.batcher.prime(1, Some((1, 9))));
    loader.batcher.replace(2, Some((2, 9)));
    assert_eq!(loader.all(&[1, 2]), [read(1, 9), read(2, 9)]);
    assert_eq!(loader.backend.begun(), 1);
}

#[test]
fn loaders_by_different_keys_prime_each_other() {
    let by_id = loader();
    let names = Backend::<&str>::answering();
    let builder = Batcher::builder(names.clone()).runtime(by_id.runtime.clone());
    let by_name = builder.cache(PerRequest::new()).build();
    let by_name = by_name.expect("the settings are right");
    let other = by_name.clone();
    by_id.backend.script([Step::end(move |call, _, answers| {
        answers.set(0, (1, call));
        assert!(other.prime("ada", Some(("ada", call))));
        Ok(())
    })]);
    assert_eq!(by_id.one(1), read(1, 0));
    assert_eq!(at_once(by_name.load(&"ada")), Ok(Some(("ada", 0))));
    assert_eq!(names.begun(), 0);
}

#[test]
fn without_a_cache_nothing_is_remembered() {
    let loader = Scene::answering(|builder| builder);
    assert!(!loader.batcher.prime(1, Some((1, 9))));
    loader.batcher.replace(1, Some((1, 9)));
    assert_eq!(loader.batcher.peek(&1), None);
    assert_eq!(loader.one(1), read(1, 0));
    assert_eq!(loader.one(1), read(1, 1));
}

#[test]
fn without_a_cache_equal_keys_of_one_batch_are_still_joined() {
    let loader = Scene::answering(|builder| builder);
    loader.all(&[1, 2, 1]);
    assert_eq!(loader.backend.calls(), [[1, 2]]);
}

#[test]
fn without_joining_the_batch_function_sees_every_load() {
    let loader = Scene::answering(|builder| builder.join(Join::Off));
    loader.backend.script([Step::end(|_, keys, answers| {
        for (position, key) in keys.iter().enumerate() {
            answers.set(position, (*key, position));
        }
        Ok(())
    })]);
    assert_eq!(loader.all(&[1, 2, 1]), [read(1, 0), read(2, 1), read(1, 2)]);
    assert_eq!(loader.backend.calls(), [[1, 2, 1]]);
}

#[test]
fn cache_may_be_anything_that_keeps_answers() {
    let cache = Arc::new(PerRequest::new());
    let loader = Scene::answering(|builder| builder.cache(Arc::clone(&cache)));
    loader.all(&[1, 2]);
    assert_eq!(cache.get(&1), Some(read(1, 0)));
    cache.remove(&1);
    cache.insert(2, read(2, 9));
    assert_eq!(loader.all(&[1, 2]), [read(1, 1), read(2, 9)]);
}
