//! Calls that failed and are asked again for less.
//!
//! * One key that fails every call which it is in (a poison key) fails nobody but those who asked
//!   for it, at a cost of `2 · log₂ n + 1` further calls at most, wherever it stands.
//! * Further calls are bounded; keys that are left have the error. What has an answer is not asked
//!   for again. They run one after the other within the place of the call that failed.
//! * Several poison keys are found, and a call that failed by chance is made up for.
//! * A key's own failure, a panic and a lost caller are no reason to ask again.

use forebay_batch::OnError;
use forebay_core::LoadError;

use crate::backend::{Backend, Step};
use crate::hand::Hand;
use crate::scene::{Answer, Scene, read};

fn scene(max_calls: usize) -> Scene {
    Scene::new(|builder| builder.on_error(OnError::Bisect { max_calls }))
}

/// Lets every call fail that holds one of these keys, and all others answer.
fn poison(scene: &Scene, keys: &[u32]) {
    scene.run();
    while let [call] = scene.backend.undecided()[..] {
        let asked = &scene.backend.calls()[call];
        if asked.iter().any(|key| keys.contains(key)) {
            scene.backend.fail(call, "poisoned row");
        } else {
            scene.backend.answer(call);
        }
        scene.run();
    }
}

fn poisoned() -> Answer {
    Err(LoadError::from("poisoned row"))
}

/// The key of an answer that is one.
fn key_of(answer: &Answer) -> Option<u32> {
    answer.as_ref().ok()?.map(|(key, _)| key)
}

#[test]
fn one_poison_key_fails_nobody_else_and_costs_few_calls() {
    for count in 2..=300_u32 {
        let keys: Vec<u32> = (0..count).collect();
        let calls_max = (2.0 * f64::from(count).log2() + 1.0).floor() as usize;
        // Every position of a few keys, and some of many: the others cost time only.
        let step = if count < 20 { 1 } else { count as usize / 3 };
        for bad in keys.iter().copied().step_by(step) {
            let scene = scene(usize::MAX);
            let many = Hand::waiting(scene.batcher.load_many(&keys));
            poison(&scene, &[bad]);
            for (key, answer) in keys.iter().zip(many.woken()) {
                let expected = (*key != bad).then_some(*key);
                assert_eq!(key_of(&answer), expected, "key {bad} of {count}");
                assert!(answer.is_ok() || answer == poisoned());
            }
            let further = scene.backend.begun() - 1;
            assert!(
                further <= calls_max,
                "key {bad} of {count}: {further} calls"
            );
            assert_eq!(scene.batcher.stats().bisections, further as u64);
        }
    }
}

#[test]
fn all_poison_keys_are_found() {
    let keys: Vec<u32> = (0..7).collect();
    for pattern in 0..1 << keys.len() {
        let bad: Vec<u32> = keys
            .iter()
            .copied()
            .filter(|key| pattern & (1 << key) != 0)
            .collect();
        let scene = scene(usize::MAX);
        let many = Hand::waiting(scene.batcher.load_many(&keys));
        poison(&scene, &bad);
        for (key, answer) in keys.iter().zip(many.woken()) {
            let expected = (!bad.contains(key)).then_some(*key);
            assert_eq!(key_of(&answer), expected, "keys {bad:?}");
        }
    }
}

#[test]
fn call_that_failed_by_chance_is_made_up_for() {
    for count in 2..20 {
        let keys: Vec<u32> = (0..count).collect();
        let scene = scene(usize::MAX);
        let many = Hand::waiting(scene.batcher.load_many(&keys));
        scene.run();
        scene.backend.fail(0, "connection lost");
        scene.finish();
        let answers = many.woken();
        assert!(answers.iter().all(Result::is_ok), "{count}: {answers:?}");
    }
}

#[test]
fn further_calls_are_bounded() {
    for max_calls in 0..8 {
        let keys: Vec<u32> = (0..64).collect();
        let scene = scene(max_calls);
        let many = Hand::waiting(scene.batcher.load_many(&keys));
        poison(&scene, &[0]);
        assert_eq!(scene.backend.begun(), 1 + max_calls);
        let answers = many.woken();
        let answered = answers.iter().filter(|answer| answer.is_ok()).count();
        assert!(max_calls < 8 || answered == 63);
        assert!(
            answers
                .iter()
                .all(|answer| answer.is_ok() || *answer == poisoned())
        );
        scene.is_over();
    }
}

#[test]
fn what_has_an_answer_is_not_asked_for_again() {
    let scene = scene(usize::MAX);
    let loads = scene.loads(&[1, 2, 3, 4]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (1, call));
        answers.fail(2, "locked");
        Err("connection lost")
    });
    scene.backend.step(0, end);
    scene.finish();
    assert!(
        scene.backend.calls()[1..]
            .iter()
            .all(|keys| !keys.contains(&1) && !keys.contains(&3))
    );
    let answers: Vec<_> = loads.into_iter().map(Hand::woken).collect();
    assert_eq!(answers[0], read(1, 0));
    assert_eq!(answers[2], Err(LoadError::from("locked")));
    assert_eq!(
        (key_of(&answers[1]), key_of(&answers[3])),
        (Some(2), Some(4))
    );
}

#[test]
fn last_key_without_an_answer_has_the_error() {
    let scene = scene(usize::MAX);
    let loads = scene.loads(&[1, 2, 3]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (1, call));
        answers.set(1, (2, call));
        Err("poisoned row")
    });
    scene.backend.step(0, end);
    scene.run();
    let answers: Vec<_> = loads.into_iter().map(Hand::woken).collect();
    assert_eq!(answers, [read(1, 0), read(2, 0), poisoned()]);
    assert_eq!(scene.backend.begun(), 1);
}

#[test]
fn call_of_one_key_is_not_made_again() {
    let scene = scene(usize::MAX);
    let load = scene.load(&1);
    poison(&scene, &[1]);
    assert_eq!((load.woken(), scene.backend.begun()), (poisoned(), 1));
}

#[test]
fn further_calls_run_one_by_one_in_the_place_of_the_first() {
    let scene = Scene::new(|builder| {
        builder
            .on_error(OnError::Bisect { max_calls: 100 })
            .max_in_flight(1)
    });
    let _loads = scene.loads(&[1, 2, 3, 4]);
    scene.run();
    let next = scene.load(&5);
    poison(&scene, &[3]);
    assert_eq!(scene.backend.running_max(), 1);
    assert_eq!(scene.backend.calls().last(), Some(&vec![5]));
    assert!(next.woken().is_ok());
    scene.is_over();
}

#[test]
fn load_joins_a_key_that_is_being_asked_for_again() {
    let scene = scene(usize::MAX);
    let first = scene.loads(&[1, 2]);
    scene.run();
    scene.backend.fail(0, "connection lost");
    scene.run();
    let late = scene.load(&2);
    scene.finish();
    assert_eq!(scene.backend.begun(), 3);
    assert_eq!(key_of(&late.woken()), Some(2));
    drop(first);
}

#[test]
fn nobody_is_asked_for_again_whom_nobody_waits_for() {
    let scene = scene(usize::MAX);
    let loads = scene.loads(&[1, 2, 3, 4]);
    scene.run();
    scene.backend.fail(0, "connection lost");
    scene.run();
    assert_eq!(scene.backend.running(), [1]);
    drop(loads);
    scene.run();
    assert_eq!(
        (scene.backend.begun(), scene.backend.running()),
        (2, vec![])
    );
    scene.is_over();
}

#[test]
fn panic_is_no_reason_to_ask_again() {
    let scene = scene(usize::MAX);
    let loads = scene.loads(&[1, 2]);
    scene.run();
    scene.backend.step(0, Step::Panic("poisoned row"));
    scene.run();
    assert_eq!(scene.backend.begun(), 1);
    for load in loads {
        assert_eq!(
            load.woken(),
            Err(LoadError::Panicked("poisoned row".into()))
        );
    }
}

#[test]
fn answers_of_further_calls_are_cached() {
    let scene = Scene::new(|builder| {
        builder
            .on_error(OnError::Bisect { max_calls: 100 })
            .cache(forebay_batch::PerRequest::new())
    });
    let _loads = scene.loads(&[1, 2, 3]);
    poison(&scene, &[2]);
    let cached = [1, 2, 3].map(|key| scene.batcher.peek(&key).and_then(|answer| key_of(&answer)));
    assert_eq!(cached, [Some(1), None, Some(3)]);
}

#[test]
fn backend_that_always_fails_is_given_up_on() {
    let backend = Backend::<u32>::answering();
    for _ in 0..200 {
        backend.script([Step::Fail("down")]);
    }
    let scene = Scene::before(backend, |builder| {
        builder.on_error(OnError::Bisect { max_calls: 10 })
    });
    let keys: Vec<u32> = (0..100).collect();
    let many = Hand::waiting(scene.batcher.load_many(&keys));
    scene.run();
    let answers = many.woken();
    assert!(
        answers
            .iter()
            .all(|answer| *answer == Err(LoadError::from("down")))
    );
    assert_eq!(scene.backend.begun(), 11);
}
