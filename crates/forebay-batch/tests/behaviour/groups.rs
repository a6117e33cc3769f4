//! Keys that may not be mixed.
//!
//! * Keys of two groups never share a call; within a group they keep their order.
//! * Each group batches for itself, and the bound on calls holds for all: one that ends lets the
//!   group go that has waited longest.
//! * Groups that hash alike are still told apart.
//! * Nothing is left of a group of which nothing waits or runs.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use forebay_core::LoadError;

use crate::hand::Hand;
use crate::pool::Pool;
use crate::scene::{Scene, read};

#[test]
fn keys_of_two_groups_never_share_a_call() {
    let scene = Scene::new(|builder| builder.group_by(|key| key % 3));
    let keys: Vec<u32> = (0..9).collect();
    let loads = scene.loads(&keys);
    let many = Hand::waiting(scene.batcher.load_many(&keys));
    scene.finish();
    assert_eq!(scene.backend.calls(), [[0, 3, 6], [1, 4, 7], [2, 5, 8]]);
    let answers = many
        .woken()
        .into_iter()
        .chain(loads.into_iter().map(Hand::woken));
    for (key, answer) in keys.iter().cycle().zip(answers) {
        assert_eq!(answer, read(*key, *key as usize % 3));
    }
    scene.is_over();
}

#[test]
fn maximum_holds_for_each_group() {
    let scene = Scene::new(|builder| builder.max_batch(2).group_by(|key| key % 2));
    let _many = Hand::waiting(scene.batcher.load_many(&[0, 1, 2, 3, 4, 5]));
    scene.finish();
    let mut calls = scene.backend.calls();
    calls.sort();
    assert_eq!(calls, [vec![0, 2], vec![1, 3], vec![4], vec![5]]);
}

#[test]
fn group_of_which_nothing_runs_leaves_at_once() {
    let scene = Scene::new(|builder| builder.group_by(|key| key / 100));
    let busy: Vec<u32> = (0..50).collect();
    let _busy = scene.loads(&busy);
    scene.run();
    let _late = scene.load(&50);
    let _other = scene.load(&100);
    scene.run();
    assert_eq!(scene.backend.calls()[1..], [[100]]);
}

#[test]
fn bound_on_calls_holds_for_all_groups() {
    let scene = Scene::new(|builder| builder.max_in_flight(2).group_by(|key| *key));
    let keys = [1, 2, 3, 4, 5];
    let loads = scene.loads(&keys);
    scene.run();
    assert_eq!(scene.backend.running(), [0, 1]);
    scene.finish();
    assert_eq!(scene.backend.running_max(), 2);
    // In the order in which they came.
    assert_eq!(scene.backend.calls(), [[1], [2], [3], [4], [5]]);
    for (call, load) in loads.into_iter().enumerate() {
        assert_eq!(load.woken(), read(keys[call], call));
    }
    scene.is_over();
}

#[test]
fn busy_group_does_not_keep_the_others_waiting() {
    let scene = Scene::new(|builder| {
        let builder = builder.max_in_flight(1).max_batch(1);
        builder.group_by(|key| key / 100)
    });
    let keys = [1, 2, 3, 4, 100, 200];
    let _loads = scene.loads(&keys);
    scene.finish();
    let calls = scene.backend.calls().concat();
    let place = |key| calls.iter().position(|called| *called == key);
    assert!(place(100) < place(3) && place(200) < place(3), "{calls:?}");
}

#[test]
fn permit_that_is_refused_fails_one_group() {
    let pool = Pool::new(0);
    let scene = {
        let pool = pool.clone();
        Scene::new(|builder| {
            let builder = builder.permits(move || pool.clone().take());
            builder.group_by(|key| key % 2)
        })
    };
    let loads = scene.loads(&[1, 2, 3, 4]);
    scene.run();
    pool.fail("pool is empty");
    scene.run();
    pool.add(1);
    scene.finish();
    let (failed, answered): (Vec<_>, Vec<_>) = [1, 2, 3, 4]
        .into_iter()
        .zip(loads.into_iter().map(Hand::woken))
        .partition(|(_, answer)| answer.is_err());
    assert!(
        failed
            .iter()
            .all(|(_, answer)| *answer == Err(LoadError::from("pool is empty")))
    );
    assert_eq!((failed.len(), answered.len()), (2, 2));
    assert_eq!(failed[0].0 % 2, failed[1].0 % 2);
    scene.is_over();
}

/// Hashes as all others do.
#[derive(Eq, PartialEq)]
struct Alike(u32);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        0.hash(state);
    }
}

#[test]
fn groups_that_hash_alike_are_told_apart() {
    let scene = Scene::new(|builder| builder.group_by(|key| Alike(key % 4)));
    let keys: Vec<u32> = (0..16).collect();
    let loads = scene.loads(&keys);
    scene.finish();
    for keys in scene.backend.calls() {
        assert_eq!(keys.len(), 4);
        assert!(keys.iter().all(|key| key % 4 == keys[0] % 4));
    }
    drop(loads);
    scene.is_over();
}

/// Counts how many of it there are.
struct Counted(
    u32,
    #[allow(dead_code, reason = "it counts by being there")] Arc<()>,
);

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Counted {}

impl Hash for Counted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[test]
fn nothing_is_left_of_a_group_that_is_idle() {
    let pool = Pool::new(0);
    let count = Arc::new(());
    let scene = {
        let (pool, count) = (pool.clone(), Arc::clone(&count));
        Scene::new(|builder| {
            let builder = builder.permits(move || pool.clone().take());
            builder.group_by(move |key| Counted(key % 100, Arc::clone(&count)))
        })
    };
    let idle = Arc::strong_count(&count);
    let keys: Vec<u32> = (0..1000).collect();
    // Withdrawn before anything began, while permits are waited for, and carried out.
    drop(scene.loads(&keys));
    scene.is_over();
    assert_eq!(Arc::strong_count(&count), idle);
    let loads = scene.loads(&keys);
    assert_eq!(Arc::strong_count(&count), idle + 100);
    scene.run();
    drop(loads);
    scene.is_over();
    assert_eq!(Arc::strong_count(&count), idle);
    pool.add(3);
    let many = Hand::waiting(scene.batcher.load_many(&keys));
    scene.finish();
    assert!(many.woken().iter().all(Result::is_ok));
    scene.is_over();
    assert_eq!(Arc::strong_count(&count), idle);
}

#[test]
fn group_that_comes_back_while_its_call_is_given_up_is_served() {
    let scene = Scene::new(|builder| builder.max_in_flight(1).group_by(|key| *key));
    let first = scene.load(&1);
    scene.run();
    drop(first);
    let again = scene.load(&1);
    let other = scene.load(&2);
    scene.finish();
    assert_eq!(scene.backend.running_max(), 1);
    assert!(again.woken().is_ok());
    assert!(other.woken().is_ok());
    scene.is_over();
}
