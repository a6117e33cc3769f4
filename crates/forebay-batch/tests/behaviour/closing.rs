//! Ends of a batcher.
//!
//! * After `close`, loads fail; keys that wait are let go, whatever the policy, and get their answers.
//! * `drain` waits until nothing waits and nothing is in flight, for as many as want to know, and for
//!   loads that come meanwhile.
//! * When every handle and every load is dropped, nothing is left.

use std::time::Duration;

use forebay_batch::Dispatch;
use forebay_core::LoadError;

use crate::hand::{Hand, at_once};
use crate::pool::Pool;
use crate::scene::{Scene, read};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn loads_fail_after_closing() {
    let scene = Scene::held();
    let running = scene.load(&1);
    scene.run();
    scene.batcher.close();
    scene.batcher.close();
    let closed = Err(LoadError::Closed);
    assert_eq!(at_once(scene.batcher.load(&2)), closed);
    assert_eq!(at_once(scene.batcher.load(&1)), closed);
    assert_eq!(at_once(scene.batcher.load_fresh(&1)), closed);
    assert_eq!(
        at_once(scene.batcher.load_many(&[1, 2])),
        [closed.clone(), closed]
    );
    scene.finish();
    assert_eq!(running.woken(), read(1, 0));
    assert_eq!(scene.backend.calls(), [[1]]);
    scene.is_over();
}

#[test]
fn keys_that_wait_are_let_go_whatever_the_policy() {
    for policy in [
        Dispatch::Natural,
        Dispatch::Window(HOUR),
        Dispatch::MinSize(100),
        Dispatch::Manual,
    ] {
        let scene = Scene::new(|builder| builder.dispatch(policy).max_batch(2).max_in_flight(1));
        let keys = [1, 2, 3, 4, 5];
        let loads = scene.loads(&keys);
        scene.batcher.close();
        scene.finish();
        assert_eq!(
            scene.backend.calls(),
            [vec![1, 2], vec![3, 4], vec![5]],
            "{policy:?}"
        );
        for (place, load) in loads.into_iter().enumerate() {
            assert_eq!(load.woken(), read(keys[place], place / 2));
        }
        drop(scene.batcher);
        scene.runtime.run();
        assert_eq!((scene.runtime.tasks(), scene.runtime.sleepers()), (0, 0));
    }
}

#[test]
fn drain_of_what_is_idle_is_over_at_once() {
    let scene = Scene::held();
    at_once(scene.batcher.drain());
    drop(scene.load(&1));
    at_once(scene.batcher.drain());
}

#[test]
fn drain_waits_for_what_waits_and_what_runs() {
    let scene = Scene::new(|builder| builder.max_in_flight(1));
    let _loads = scene.loads(&[1, 2]);
    let mut drains = [(); 2].map(|()| Hand::waiting(scene.batcher.drain()));
    scene.run();
    drop(Hand::waiting(scene.batcher.drain()));
    let _more = scene.load(&3);
    scene.backend.answer(0);
    scene.run();
    drains.iter_mut().for_each(Hand::still_waits);
    scene.backend.answer(1);
    scene.run();
    for drain in drains {
        drain.woken();
    }
}

#[test]
fn drain_is_over_when_the_last_load_is_dropped() {
    let scene = Scene::held();
    let waiting = scene.load(&1);
    let drain = Hand::waiting(scene.batcher.drain());
    drop(waiting);
    drain.woken();

    let running = Hand::waiting(scene.batcher.load_many(&[1, 2]));
    scene.run();
    let drain = Hand::waiting(scene.batcher.drain());
    drop(running);
    scene.run();
    drain.woken();
}

#[test]
fn drain_is_over_when_calls_fail() {
    let pool = Pool::new(0);
    let scene = {
        let pool = pool.clone();
        Scene::new(|builder| builder.permits(move || pool.clone().take()))
    };
    let _load = scene.load(&1);
    scene.run();
    let drain = Hand::waiting(scene.batcher.drain());
    pool.fail("pool is empty");
    scene.run();
    drain.woken();
}

#[test]
fn closing_and_draining_is_a_graceful_end() {
    let scene = Scene::new(|builder| builder.dispatch(Dispatch::Window(HOUR)));
    let load = scene.load(&1);
    scene.batcher.close();
    let drain = Hand::waiting(scene.batcher.drain());
    scene.finish();
    drain.woken();
    assert_eq!(load.woken(), read(1, 0));
}

#[test]
fn nothing_is_left_when_everything_is_dropped() {
    type Settings = fn(crate::scene::Plain) -> crate::scene::Plain;
    let settings: [Settings; 6] = [
        |builder| builder,
        |builder| builder.dispatch(Dispatch::Window(HOUR)),
        |builder| builder.dispatch(Dispatch::Manual),
        |builder| builder.call_timeout(HOUR),
        |builder| builder.max_in_flight(1).max_batch(1),
        |builder| builder.permits(|| Pool::new(0).take()),
    ];
    for (number, settings) in settings.into_iter().enumerate() {
        // Dropped while they wait, while they gather, and while they run.
        for rounds in 0..4 {
            let scene = Scene::new(settings);
            let loads = scene.loads(&[1, 2, 1]);
            let many = Hand::waiting(scene.batcher.load_many(&[3, 1, 4]));
            (0..rounds).for_each(|_| scene.runtime.round());
            drop((loads, many));
            drop(scene.batcher);
            scene.runtime.run();
            let left = (scene.runtime.tasks(), scene.runtime.sleepers());
            assert_eq!(left, (0, 0), "settings {number} after {rounds} rounds");
            assert_eq!(scene.backend.running(), [0; 0]);
        }
    }
}

#[test]
fn alarm_of_a_window_ends_with_the_last_handle() {
    let scene = Scene::new(|builder| builder.dispatch(Dispatch::Window(HOUR)));
    drop(scene.load(&1));
    scene.run();
    assert_eq!(scene.runtime.tasks(), 1);
    drop(scene.batcher);
    scene.runtime.run();
    assert_eq!((scene.runtime.tasks(), scene.runtime.sleepers()), (0, 0));
}
