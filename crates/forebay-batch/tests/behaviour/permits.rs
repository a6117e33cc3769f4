//! What a call waits for before it takes its keys.
//!
//! * Keys that come while a call waits for its permit go along, so a bound on calls that is too
//!   large does no harm. The permit is held until the call has ended, however it does.
//! * If there is none to be had, the keys that would have left are told, and no others.
//! * Nothing is asked for when nothing is left to load, and a wait for a permit is given up then.

use forebay_core::LoadError;

use crate::backend::{Backend, Error, Step};
use crate::hand::Hand;
use crate::pool::Pool;
use crate::scene::{Answer, Scene, read};

fn scene(pool: &Pool, calls_max: usize) -> Scene {
    let pool = pool.clone();
    Scene::new(|builder| {
        builder
            .max_in_flight(calls_max)
            .permits(move || pool.clone().take())
    })
}

fn refused(error: Error) -> Answer {
    Err(LoadError::from(error))
}

#[test]
fn keys_that_come_while_a_permit_is_waited_for_go_along() {
    let pool = Pool::new(0);
    let scene = scene(&pool, 4);
    let keys: Vec<u32> = (0..50).collect();
    let mut loads = Vec::new();
    for key in &keys {
        loads.push(scene.load(key));
        scene.run();
    }
    assert_eq!((scene.backend.begun(), pool.waiting()), (0, 1));
    pool.add(1);
    scene.run();
    assert_eq!(scene.backend.calls(), [&keys[..]]);
}

#[test]
fn bound_that_is_too_large_does_no_harm() {
    let pool = Pool::new(1);
    let scene = scene(&pool, 16);
    let _first = scene.load(&0);
    scene.run();
    let keys: Vec<u32> = (1..20).collect();
    let mut loads = Vec::new();
    for key in &keys {
        loads.push(scene.load(key));
        scene.run();
    }
    assert_eq!(scene.backend.calls(), [[0]]);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(scene.backend.calls()[1..], [&keys[..]]);
}

#[test]
fn permit_is_held_until_the_call_has_ended() {
    let ends: [fn(&Backend<u32>); 3] = [
        |backend| backend.answer(0),
        |backend| backend.fail(0, "locked"),
        |backend| backend.step(0, Step::Panic("poisoned row")),
    ];
    for end in ends {
        let pool = Pool::new(1);
        let scene = scene(&pool, 1);
        let load = scene.load(&1);
        scene.run();
        assert_eq!(pool.free(), 0);
        end(&scene.backend);
        scene.run();
        assert_eq!(pool.free(), 1);
        drop(load);
        scene.is_over();
    }
}

#[test]
fn permit_of_a_call_that_is_dropped_is_given_back() {
    let pool = Pool::new(1);
    let scene = scene(&pool, 1);
    let load = scene.load(&1);
    scene.run();
    drop(load);
    scene.run();
    assert_eq!(pool.free(), 1);
    scene.is_over();
}

#[test]
fn keys_that_would_have_left_are_told_that_there_is_no_permit() {
    let pool = Pool::new(0);
    let scene = {
        let pool = pool.clone();
        Scene::new(|builder| {
            builder
                .max_batch(2)
                .max_in_flight(1)
                .permits(move || pool.clone().take())
        })
    };
    let keys = [1, 2, 3, 4, 5];
    let mut loads = scene.loads(&keys).into_iter();
    scene.run();
    pool.fail("pool is empty");
    scene.run();
    for load in loads.by_ref().take(2) {
        assert_eq!(load.woken(), refused("pool is empty"));
    }
    assert_eq!((scene.counts(), scene.backend.begun()), ((3, 0), 0));
    pool.add(1);
    scene.finish();
    let rest: Vec<_> = loads.map(Hand::woken).collect();
    assert_eq!(rest, [read(3, 0), read(4, 0), read(5, 1)]);
    scene.is_over();
}

#[test]
fn keys_that_were_told_can_be_asked_for_again_at_once() {
    let pool = Pool::new(0);
    let scene = scene(&pool, 1);
    let load = scene.load(&1);
    pool.fail("pool is empty");
    scene.run();
    assert_eq!(load.woken(), refused("pool is empty"));
    let again = scene.load(&1);
    pool.add(1);
    scene.finish();
    assert_eq!(again.woken(), read(1, 0));
}

#[test]
fn wait_for_a_permit_is_given_up_with_the_last_key() {
    let pool = Pool::new(0);
    let scene = scene(&pool, 4);
    let loads = scene.loads(&[1, 2]);
    scene.run();
    assert_eq!(pool.waiting(), 1);
    drop(loads);
    scene.is_over();
    assert_eq!(pool.waiting(), 0);
    // Whoever comes then has a call of their own.
    let load = scene.load(&3);
    pool.add(1);
    scene.finish();
    assert_eq!(load.woken(), read(3, 0));
}

#[test]
fn as_many_permits_are_waited_for_as_there_are_batches() {
    let pool = Pool::new(0);
    let scene = {
        let pool = pool.clone();
        Scene::new(|builder| builder.max_batch(1).permits(move || pool.clone().take()))
    };
    let mut loads = scene.loads(&[1, 2, 3]);
    scene.run();
    assert_eq!(pool.waiting(), 3);
    for left in (0..3).rev() {
        loads.pop();
        scene.run();
        assert_eq!(pool.waiting(), left);
    }
    scene.is_over();
}

#[test]
fn nothing_is_asked_for_when_nothing_is_left() {
    let pool = Pool::new(1);
    let scene = scene(&pool, 4);
    let load = scene.load(&1);
    scene.runtime.round();
    drop(load);
    scene.is_over();
    assert_eq!(pool.asked(), 0);
}

#[test]
fn hook_is_not_called_when_nothing_is_left() {
    let scene = Scene::new(|builder| {
        builder.permits(|| -> std::future::Ready<Result<(), Error>> {
            panic!("nothing is to be loaded")
        })
    });
    let load = scene.load(&1);
    scene.runtime.round();
    drop(load);
    scene.is_over();
}

#[test]
fn calls_without_a_permit_are_not_counted() {
    let pool = Pool::new(0);
    let scene = scene(&pool, 1);
    let _load = scene.load(&1);
    pool.fail("pool is empty");
    scene.run();
    let stats = scene.batcher.stats();
    assert_eq!((stats.calls, stats.keys, stats.batch_max), (0, 0, 0));
}
