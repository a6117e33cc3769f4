//! What a call waits for before it takes its keys.
//!
//! * Tasks that were woken together load together, in one call.
//! * The call goes to the end of its executor's queue once, and again as long as that brings keys, a
//!   bounded number of times.
//! * It does not wait when its batch is full, nor when it was told not to gather.

use std::sync::Arc;

use forebay_batch::Dispatch;

use crate::scene::Scene;

#[test]
fn tasks_that_were_woken_together_load_together() {
    for count in [2, 64, 700] {
        let scene = Scene::answering(|builder| builder);
        for key in 0..count {
            let batcher = scene.batcher.clone();
            scene.runtime.spawn_task(async move {
                batcher.load(&key).await.unwrap();
                batcher.load(&(key + 1000)).await.unwrap();
            });
        }
        scene.run();
        let keys: Vec<u32> = (0..count).collect();
        let later: Vec<u32> = keys.iter().map(|key| key + 1000).collect();
        assert_eq!(scene.backend.calls(), [keys, later]);
        scene.is_over();
    }
}

#[test]
fn rounds_that_bring_keys_are_followed_by_another_one() {
    for rounds in 0..5 {
        let scene = Scene::new(|builder| builder.gather(rounds));
        let keys = Arc::new((0..10).collect::<Vec<u32>>());
        let mut loads = Vec::new();
        for key in &*keys {
            loads.push(scene.load(key));
            // The call is spawned with the first key, so it looks once before the second one.
            scene.runtime.round();
            if scene.backend.begun() > 0 {
                break;
            }
        }
        assert_eq!(scene.backend.calls()[0].len(), 1 + rounds as usize);
    }
}

#[test]
fn round_that_brings_nothing_is_the_last_one() {
    let scene = Scene::held();
    let _first = scene.load(&1);
    scene.runtime.round();
    let _second = scene.load(&2);
    scene.runtime.round();
    assert_eq!(scene.backend.begun(), 0);
    scene.runtime.round();
    assert_eq!(scene.backend.calls(), [[1, 2]]);
}

#[test]
fn key_that_is_joined_brings_nothing() {
    let scene = Scene::held();
    let _first = scene.load(&1);
    scene.runtime.round();
    let _again = scene.load(&1);
    scene.runtime.round();
    assert_eq!(scene.backend.calls(), [[1]]);
}

#[test]
fn full_batch_does_not_wait() {
    let policy = Dispatch::MinSize(100);
    let scene = Scene::new(|builder| builder.max_batch(2).dispatch(policy));
    let _running = scene.load(&0);
    scene.run();
    let _full = scene.loads(&[1, 2]);
    scene.runtime.round();
    assert_eq!(scene.backend.calls()[1..], [[1, 2]]);
}

#[test]
fn batch_that_fills_up_meanwhile_does_not_wait_any_longer() {
    let scene = Scene::new(|builder| builder.max_batch(3));
    let _first = scene.load(&1);
    scene.runtime.round();
    let _full = scene.loads(&[2, 3]);
    scene.runtime.round();
    assert_eq!(scene.backend.calls(), [[1, 2, 3]]);
}
