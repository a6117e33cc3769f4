//! Batchers whose callers carry out the calls themselves.
//!
//! * Nothing is spawned, and no runtime is needed but for time.
//! * Whoever waits and is polled when woken gets an answer, although others are not polled or left.
//! * A call that nobody waits for is dropped, without anybody being polled.

use std::time::Duration;

use forebay_batch::{Batcher, Dispatch};
use forebay_core::LoadError;

use crate::backend::{Backend, Step};
use crate::hand::{Hand, settle};
use crate::pool::Pool;
use crate::scene::{Answer, Scene, read};

/// A load of each key that nobody has polled yet.
fn loads<'a>(scene: &'a Scene, keys: &'a [u32]) -> Vec<Hand<'a, Answer>> {
    let loads = keys.iter().map(|key| Hand::new(scene.batcher.load(key)));
    loads.collect()
}

/// Polls each once and then whoever is woken, until a call runs that nobody goes on with.
fn begin(scene: &Scene, loads: &mut [Hand<'_, Answer>]) {
    loads.iter_mut().for_each(Hand::still_waits);
    while let Some(load) = loads.iter_mut().find(|load| load.is_due()) {
        load.still_waits();
    }
    assert_ne!(scene.backend.running(), [0; 0]);
}

#[test]
fn nothing_is_spawned() {
    let scene = Scene::answering(|builder| builder.inline());
    assert_eq!(Hand::new(scene.batcher.load(&1)).finished(), read(1, 0));
    let many = Hand::new(scene.batcher.load_many(&[2, 3])).finished();
    assert_eq!(many, [read(2, 1), read(3, 1)]);
    assert_eq!(scene.runtime.spawned(), 0);
    scene.is_over();
}

#[test]
fn no_runtime_is_needed() {
    let backend = Backend::answering();
    let batcher = Batcher::builder(backend).inline().build().unwrap();
    assert_eq!(Hand::new(batcher.load(&1)).finished(), read(1, 0));
}

#[test]
fn loads_that_wait_together_leave_together() {
    let scene = Scene::answering(|builder| builder.inline());
    let answers = settle(loads(&scene, &[1, 2, 3]));
    assert_eq!(answers, [read(1, 0), read(2, 0), read(3, 0)]);
    assert_eq!(scene.backend.calls(), [[1, 2, 3]]);
    scene.is_over();
}

#[test]
fn end_of_a_call_wakes_somebody_who_goes_on_with_it() {
    let scene = Scene::new(|builder| builder.inline());
    let mut loads = loads(&scene, &[1, 2, 3]);
    begin(&scene, &mut loads);
    scene.backend.answer(0);
    assert_eq!(settle(loads), [read(1, 0), read(2, 0), read(3, 0)]);
}

#[test]
fn call_that_goes_on_bit_by_bit_comes_to_its_end() {
    for yields in 1..5 {
        let scene = Scene::new(|builder| builder.inline());
        let mut loads = loads(&scene, &[1]);
        begin(&scene, &mut loads);
        // The first of them finds the one who waits asleep, the others within a poll.
        for _ in 0..yields {
            scene.backend.step(0, Step::Yield);
        }
        scene.backend.step(0, Step::Answer);
        assert_eq!(settle(loads), [read(1, 0)]);
    }
}

#[test]
fn load_of_many_goes_on_bit_by_bit_too() {
    let scene = Scene::new(|builder| builder.inline());
    let mut many = Hand::waiting(scene.batcher.load_many(&[1, 2]));
    while many.is_woken() {
        many.still_waits();
    }
    let steps = [Step::Yield, Step::Yield, Step::Yield, Step::Answer];
    steps
        .into_iter()
        .for_each(|step| scene.backend.step(0, step));
    assert_eq!(many.finished(), [read(1, 0), read(2, 0)]);
}

#[test]
fn who_is_woken_and_leaves_passes_it_on() {
    for leaving in 0..3 {
        let scene = Scene::new(|builder| builder.inline());
        let mut loads = loads(&scene, &[1, 2, 3]);
        begin(&scene, &mut loads);
        scene.backend.answer(0);
        for _ in 0..leaving {
            let woken = loads.iter().position(Hand::is_woken).unwrap();
            drop(loads.remove(woken));
        }
        assert_eq!(settle(loads).len(), 3 - leaving);
        scene.is_over();
    }
}

#[test]
fn who_leaves_before_it_was_polled_again_holds_nobody_up() {
    let scene = Scene::answering(|builder| builder.inline());
    let mut loads = loads(&scene, &[1, 2, 3]);
    loads[0].still_waits();
    drop(loads.remove(0));
    assert_eq!(settle(loads), [read(2, 0), read(3, 0)]);
}

#[test]
fn call_that_nobody_waits_for_is_dropped() {
    let scene = Scene::new(|builder| builder.inline().keep_abandoned(true));
    let mut loads = loads(&scene, &[1, 2]);
    begin(&scene, &mut loads);
    drop(loads);
    assert_eq!((scene.backend.running(), scene.counts()), (vec![], (0, 0)));
}

#[test]
fn what_is_left_of_a_batch_is_carried_out_by_who_is_left() {
    let scene = Scene::answering(|builder| builder.inline().max_batch(1).max_in_flight(1));
    let answers = settle(loads(&scene, &[1, 2, 3]));
    assert_eq!(answers, [read(1, 0), read(2, 1), read(3, 2)]);
    scene.is_over();
}

#[test]
fn permit_that_comes_later_wakes_somebody() {
    let pool = Pool::new(0);
    let scene = {
        let pool = pool.clone();
        Scene::answering(|builder| builder.inline().permits(move || pool.clone().take()))
    };
    let mut loads = loads(&scene, &[1, 2]);
    while let Some(load) = loads.iter_mut().find(|load| load.is_due()) {
        load.still_waits();
    }
    assert_eq!(pool.waiting(), 1);
    pool.add(1);
    assert_eq!(settle(loads), [read(1, 0), read(2, 0)]);
}

#[test]
fn time_comes_from_the_runtime() {
    let second = Duration::from_secs(1);
    let scene = Scene::new(|builder| {
        builder
            .inline()
            .call_timeout(second)
            .dispatch(Dispatch::Window(second))
    });
    let mut loads = loads(&scene, &[1]);
    loads[0].still_waits();
    scene.runtime.advance(second);
    begin(&scene, &mut loads);
    scene.runtime.advance(second);
    assert_eq!(settle(loads), [Err(LoadError::TimedOut)]);
    scene.is_over();
}

#[test]
fn drain_carries_calls_out_as_well() {
    let scene = Scene::answering(|builder| builder.inline());
    let load = scene.load(&1);
    let mut drain = Hand::new(scene.batcher.drain());
    // As often as it takes: nobody polls the load.
    while drain.poll().is_pending() {}
    assert_eq!(load.woken(), read(1, 0));
}

#[test]
fn panic_of_a_call_reaches_those_who_wait_as_a_failure() {
    let scene = Scene::new(|builder| builder.inline());
    let mut loads = loads(&scene, &[1, 2]);
    begin(&scene, &mut loads);
    scene.backend.step(0, Step::Panic("poisoned row"));
    let panicked = || Err(LoadError::Panicked("poisoned row".into()));
    assert_eq!(settle(loads), [panicked(), panicked()]);
    scene.is_over();
}
