//! What a cache gives is what was put in last and not taken out.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use forebay_batch::{Cache, PerRequest};
use forebay_core::LoadError;
use proptest::prelude::*;

use crate::{Answer, bounded, caches};

#[test]
fn answers_are_given_as_they_were_put_in() {
    for cache in caches::<u64, String>(100) {
        let failed = LoadError::from("locked");
        let answers = [Ok(Some("one".to_owned())), Ok(None), Err(failed)];
        for (key, answer) in (0..).zip(&answers) {
            assert_eq!(cache.get(&key), None);
            cache.insert(key, answer.clone());
        }
        for (key, answer) in (0..).zip(answers) {
            assert_eq!(cache.get(&key), Some(answer.clone()));
            assert_eq!(cache.get(&key), Some(answer));
        }
    }
}

#[test]
fn later_answer_takes_the_place_of_an_earlier_one() {
    for cache in caches::<u64, u64>(100) {
        cache.insert(1, Ok(Some(1)));
        cache.insert(1, Ok(None));
        assert_eq!(cache.get(&1), Some(Ok(None)));
    }
}

#[test]
fn removed_answer_is_gone_and_the_others_are_not() {
    for cache in caches::<u64, u64>(100) {
        cache.insert(1, Ok(Some(1)));
        cache.insert(2, Ok(Some(2)));
        cache.remove(&1);
        cache.remove(&3);
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.get(&2), Some(Ok(Some(2))));
    }
}

#[test]
fn cleared_cache_is_empty_and_can_be_filled_again() {
    for cache in caches::<u64, u64>(5_000) {
        for key in 0..5_000 {
            cache.insert(key, Ok(Some(key)));
        }
        cache.clear();
        assert!((0..5_000).all(|key| cache.get(&key).is_none()));
        cache.insert(1, Ok(Some(9)));
        assert_eq!(cache.get(&1), Some(Ok(Some(9))));
    }
}

#[test]
fn removed_values_are_dropped_at_once() {
    for cache in caches::<u64, Arc<()>>(100) {
        let value = Arc::new(());
        let keep = |key| cache.insert(key, Ok(Some(Arc::clone(&value))));
        keep(1);
        keep(1);
        assert_eq!(Arc::strong_count(&value), 2);
        cache.remove(&1);
        assert_eq!(Arc::strong_count(&value), 1);
        (1..50).for_each(keep);
        cache.clear();
        assert_eq!(Arc::strong_count(&value), 1);
    }
}

#[test]
fn pointer_to_a_cache_is_the_cache() {
    let cache = Arc::new(PerRequest::<u64, u64, &str>::new());
    let shared: Box<Arc<dyn Cache<u64, u64, &str>>> = Box::new(Arc::clone(&cache) as _);
    shared.insert(1, Ok(Some(1)));
    shared.insert(2, Ok(Some(2)));
    assert_eq!((cache.len(), shared.get(&1)), (2, Some(Ok(Some(1)))));
    shared.remove(&1);
    assert_eq!((cache.len(), shared.get(&1)), (1, None));
    shared.clear();
    assert!(cache.is_empty());
    assert_eq!(format!("{cache:?}"), "PerRequest { len: 0, .. }");
}

#[test]
fn per_request_cache_forgets_nothing() {
    let cache = PerRequest::<u64, u64, &str>::default();
    for key in 0..10_000 {
        cache.insert(key, Ok(Some(key)));
    }
    assert!((0..10_000).all(|key| cache.get(&key) == Some(Ok(Some(key)))));
    assert_eq!(cache.len(), 10_000);
}

#[test]
fn absent_keys_are_kept_for_a_request_and_no_longer() {
    assert!(PerRequest::<u64, u64, &str>::new().keeps_missing());
    let shared: Arc<Box<dyn Cache<u64, u64, &str>>> =
        Arc::new(Box::new(PerRequest::<u64, u64, &str>::new()));
    assert!(shared.keeps_missing());
    assert!(
        bounded::<u64, u64>(1)
            .iter()
            .all(|cache| !cache.keeps_missing())
    );
}

#[test]
fn bounded_cache_never_holds_more_than_its_capacity() {
    for capacity in [0, 1, 31, 32, 63, 100, 1_000, 1_055, 4_096] {
        for cache in bounded::<u64, Arc<()>>(capacity) {
            let value = Arc::new(());
            for key in 0..3 * capacity as u64 + 10 {
                cache.insert(key, Ok(Some(Arc::clone(&value))));
                // Those that are asked for again are treated in another way.
                cache.get(&(key / 2));
                assert!(Arc::strong_count(&value) <= capacity + 1);
            }
            assert!(Arc::strong_count(&value) > capacity - capacity / 10);
        }
    }
}

#[test]
fn bounded_cache_can_be_as_large_as_memory() {
    for cache in bounded::<u64, u64>(usize::MAX) {
        cache.insert(1, Ok(Some(1)));
        assert_eq!(cache.get(&1), Some(Ok(Some(1))));
    }
}

#[test]
fn what_a_thread_removed_does_not_come_back_to_it() {
    for cache in caches::<u64, u64>(64) {
        thread::scope(|scope| {
            for own in 0..3 {
                let cache = &cache;
                scope.spawn(move || {
                    for round in 0..2_000 {
                        cache.insert(own, Ok(Some(round)));
                        let kept = cache.get(&own);
                        assert!(kept.is_none_or(|kept| kept == Ok(Some(round))));
                        cache.remove(&own);
                        assert_eq!(cache.get(&own), None);
                    }
                });
            }
            for _ in 0..100 {
                (100..200).for_each(|key| cache.insert(key, Ok(None)));
                cache.clear();
                // Nobody else puts these in.
                assert!((100..200).all(|key| cache.get(&key).is_none()));
            }
        });
    }
}

/// One call of a cache.
#[derive(Clone, Debug)]
enum Step {
    Get(u8),
    Insert(u8, Option<u32>),
    Remove(u8),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..40_u8;
    prop_oneof![
        8 => key().prop_map(Step::Get),
        8 => (key(), any::<Option<u32>>()).prop_map(|(key, value)| Step::Insert(key, value)),
        2 => key().prop_map(Step::Remove),
        1 => Just(Step::Clear),
    ]
}

proptest! {
    #[test]
    fn caches_agree_with_a_map_that_they_may_forget_parts_of(
        steps in proptest::collection::vec(step(), 0..200),
        capacity in 0..40_usize,
    ) {
        let mut caches = caches::<u8, u32>(capacity);
        let mut map = HashMap::<u8, Answer<u32>>::new();
        for step in steps {
            for cache in &caches {
                match step.clone() {
                    Step::Get(key) => {
                        let kept = cache.get(&key);
                        prop_assert!(kept.is_none() || kept.as_ref() == map.get(&key));
                    }
                    Step::Insert(key, value) => cache.insert(key, Ok(value)),
                    Step::Remove(key) => cache.remove(&key),
                    Step::Clear => cache.clear(),
                }
            }
            match step {
                Step::Get(_) => {}
                Step::Insert(key, value) => drop(map.insert(key, Ok(value))),
                Step::Remove(key) => drop(map.remove(&key)),
                Step::Clear => map.clear(),
            }
        }
        let per_request = caches.pop().unwrap();
        prop_assert!((0..40).all(|key| per_request.get(&key).as_ref() == map.get(&key)));
    }
}
