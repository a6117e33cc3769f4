//! When waiting keys leave.
//!
//! * A load that is alone leaves at once and without a timer; nothing happens before its first poll.
//! * While calls run, a further one starts once the waiting keys keep the calls apart: when
//!   `waiting · C ≥ waiting + running`, as keys come and as calls end, and always when nothing runs.
//! * A full batch leaves as soon as a call may start.
//! * With `MinSize`, keys wait for their number while something runs, and never when nothing does.
//! * With `Manual`, they wait for `dispatch`, which works with every policy.
//! * One task carries out what comes in a burst, and none is there when nothing is to be done.

use std::time::Duration;

use forebay_batch::Dispatch;

use crate::scene::{Scene, read};

#[test]
fn load_that_is_alone_leaves_at_once_and_without_a_timer() {
    let scene = Scene::held();
    let load = scene.load(&7);
    assert_eq!(scene.counts(), (1, 0));
    scene.run();
    assert_eq!(scene.backend.calls(), [[7]]);
    assert_eq!(scene.counts(), (0, 1));
    assert_eq!(scene.runtime.sleepers(), 0);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(load.woken(), read(7, 0));
    scene.is_over();
}

#[test]
fn nothing_happens_before_the_first_poll() {
    let scene = Scene::held();
    let one = scene.batcher.load(&1);
    let fresh = scene.batcher.load_fresh(&1);
    let many = scene.batcher.load_many([&2, &3]);
    let drain = scene.batcher.drain();
    assert_eq!((scene.counts(), scene.runtime.spawned()), ((0, 0), 0));
    drop((one, fresh, many, drain));
    assert_eq!(scene.batcher.stats().loads, 0);
    scene.is_over();
}

/// How many keys have to wait beside `running` ones until a further call starts.
fn paced(running: usize, calls_max: usize) -> usize {
    (1..)
        .find(|waiting| waiting * calls_max >= waiting + running)
        .expect("there is one")
}

#[test]
fn further_call_starts_when_enough_keys_wait_to_keep_the_calls_apart() {
    for calls_max in 2..=6 {
        for first in [1, 2, 5, 12, 31] {
            let scene = Scene::new(|builder| builder.max_in_flight(calls_max as usize));
            let keys: Vec<u32> = (0..first).collect();
            let _first = scene.loads(&keys);
            scene.run();
            assert_eq!(scene.counts(), (0, first as usize));

            let enough = paced(first as usize, calls_max as usize);
            let more: Vec<u32> = (100..100 + enough as u32).collect();
            let mut loads = Vec::new();
            for (number, key) in more.iter().enumerate() {
                assert_eq!(scene.backend.begun(), 1, "{calls_max} {first} {number}");
                loads.push(scene.load(key));
                scene.run();
            }
            assert_eq!(scene.backend.calls(), [keys.clone(), more.clone()]);
        }
    }
}

#[test]
fn end_of_a_call_lets_keys_go_if_they_keep_the_calls_apart() {
    let keys: Vec<u32> = (0..12).collect();
    let scene = Scene::held();
    let _large = scene.loads(&keys);
    scene.run();
    let _small = scene.loads(&[20, 21, 22, 23]);
    scene.run();
    assert_eq!(scene.backend.begun(), 2);
    // Beside 16 keys that run two are too few, beside 4 they are enough.
    let _two = scene.loads(&[30, 31]);
    scene.run();
    assert_eq!(scene.backend.begun(), 2);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(scene.backend.calls()[2..], [[30, 31]]);
}

#[test]
fn keys_that_are_too_few_leave_when_nothing_runs_any_more() {
    let scene = Scene::held();
    let _first = scene.loads(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    scene.run();
    let late = scene.load(&10);
    scene.run();
    assert_eq!(scene.backend.begun(), 1);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(scene.backend.calls()[1..], [[10]]);
    scene.backend.answer(1);
    scene.run();
    assert_eq!(late.woken(), read(10, 1));
}

#[test]
fn full_batch_leaves_however_much_runs() {
    // A key of ten is as heavy as a batch may be.
    let scene = Scene::new(|builder| {
        builder
            .max_batch(10)
            .weigh(|key| if *key == 10 { 10 } else { 1 })
    });
    let _first = scene.loads(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    scene.run();
    let _late = scene.load(&11);
    scene.run();
    assert_eq!(scene.backend.begun(), 1);
    let _heavy = scene.load(&10);
    scene.run();
    // What does not fit into the batch before it closes that, which is as good as full.
    assert_eq!(scene.backend.calls()[1..], [[11], [10]]);
}

#[test]
fn one_call_at_a_time_takes_what_has_come_meanwhile() {
    let scene = Scene::new(|builder| builder.max_in_flight(1));
    let _first = scene.load(&1);
    scene.run();
    let _second = scene.loads(&[2, 3, 4]);
    scene.run();
    assert_eq!(scene.backend.begun(), 1);
    scene.backend.answer(0);
    scene.run();
    assert_eq!(scene.backend.calls()[1..], [[2, 3, 4]]);
}

#[test]
fn min_size_waits_for_that_many_keys_only_while_something_runs() {
    let scene = Scene::new(|builder| builder.dispatch(Dispatch::MinSize(3)));
    let _alone = scene.load(&1);
    scene.run();
    assert_eq!(scene.backend.calls(), [[1]]);

    let _two = scene.loads(&[2, 3]);
    scene.run();
    assert_eq!(scene.backend.begun(), 1);
    let _third = scene.load(&4);
    scene.run();
    assert_eq!(scene.backend.calls()[1..], [[2, 3, 4]]);

    let _late = scene.load(&5);
    scene.run();
    assert_eq!(scene.backend.begun(), 2);
    scene.backend.answer(0);
    scene.backend.answer(1);
    scene.run();
    assert_eq!(scene.backend.calls()[2..], [[5]]);
}

#[test]
fn min_size_beyond_the_maximum_is_the_maximum() {
    let policy = Dispatch::MinSize(100);
    let scene = Scene::new(|builder| builder.dispatch(policy).max_batch(2));
    let _first = scene.load(&1);
    scene.run();
    let _full = scene.loads(&[2, 3]);
    scene.run();
    assert_eq!(scene.backend.calls()[1..], [[2, 3]]);
}

#[test]
fn manual_keys_wait_until_they_are_dispatched() {
    let policy = Dispatch::Manual;
    let scene = Scene::new(|builder| builder.dispatch(policy).max_batch(2).max_in_flight(2));
    assert_eq!(scene.batcher.dispatch(), 0);
    let keys = [1, 2, 3, 4, 5];
    let _loads = scene.loads(&keys);
    scene.run();
    assert_eq!((scene.backend.begun(), scene.runtime.tasks()), (0, 0));

    assert_eq!(scene.batcher.dispatch(), 5);
    let _after = scene.load(&6);
    scene.run();
    assert_eq!(scene.backend.calls(), [vec![1, 2], vec![3, 4]]);
    scene.backend.answer(1);
    scene.run();
    assert_eq!(scene.backend.calls()[2..], [[5]]);
    scene.finish();
    // What came after it waits for the next one.
    assert_eq!(scene.counts(), (1, 0));
    assert_eq!(scene.batcher.dispatch(), 1);
    scene.run();
    assert_eq!(scene.backend.calls()[3..], [[6]]);
}

#[test]
fn dispatch_does_not_regard_the_policy() {
    let hour = Duration::from_secs(3600);
    for policy in [
        Dispatch::Natural,
        Dispatch::MinSize(9),
        Dispatch::Window(hour),
    ] {
        let scene = Scene::new(|builder| builder.dispatch(policy));
        let _running = scene.loads(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        scene.batcher.dispatch();
        scene.run();
        assert_eq!(scene.backend.begun(), 1);
        let _waiting = scene.load(&10);
        scene.run();
        assert_eq!(scene.backend.begun(), 1, "{policy:?}");
        assert_eq!(scene.batcher.dispatch(), 1);
        scene.run();
        assert_eq!(scene.backend.calls()[1..], [[10]], "{policy:?}");
    }
}

#[test]
fn one_task_carries_out_a_burst_and_ends_with_it() {
    let scene = Scene::new(|builder| builder.max_in_flight(1).max_batch(1));
    let keys = [1, 2, 3, 4];
    let loads = scene.loads(&keys);
    scene.finish();
    assert_eq!(scene.backend.begun(), 4);
    assert_eq!(scene.runtime.spawned(), 1);
    for (call, load) in loads.into_iter().enumerate() {
        assert_eq!(load.woken(), read(keys[call], call));
    }
    scene.is_over();
}
