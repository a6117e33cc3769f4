//! What the loads of one call get.
//!
//! * A key that the backend leaves out has no value, which is no failure.
//! * A failure of one key reaches those who asked for it, and nobody else; all of them share it.
//! * A failure of the call reaches the keys that had no answer before it.
//! * A position that is set twice or does not exist, and a key that nobody asked for, are counted and
//!   change nobody's answer.
//! * A key that failed can be asked for again at once.

use std::sync::Arc;

use forebay_core::LoadError;

use crate::backend::Step;
use crate::hand::Hand;
use crate::scene::{Answer, Scene, read};

fn outputs(loads: Vec<Hand<'_, Answer>>) -> Vec<Answer> {
    loads.into_iter().map(Hand::woken).collect()
}

fn failed(error: &'static str) -> Answer {
    Err(LoadError::from(error))
}

#[test]
fn key_that_is_left_out_has_no_value() {
    let scene = Scene::held();
    let loads = scene.loads(&[1, 2, 3, 4]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(2, (3, call));
        answers.missing(3);
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    assert_eq!(outputs(loads), [Ok(None), Ok(None), read(3, 0), Ok(None)]);
    assert_eq!(scene.batcher.stats().errors, 0);
}

#[test]
fn answers_come_in_any_order() {
    let scene = Scene::held();
    let loads = scene.loads(&[1, 2, 3, 4]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        for key in [3, 1, 4, 2] {
            assert!(answers.insert(&key, (key, call)));
        }
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    assert_eq!(
        outputs(loads),
        [read(1, 0), read(2, 0), read(3, 0), read(4, 0)]
    );
}

#[test]
fn failure_of_one_key_reaches_those_who_asked_for_it() {
    let scene = Scene::held();
    let loads = scene.loads(&[1, 2, 1, 3]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.fail(0, "locked");
        answers.set(1, (2, call));
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    let answers = outputs(loads);
    assert_eq!(
        answers,
        [failed("locked"), read(2, 0), failed("locked"), Ok(None)]
    );
    let [
        Err(LoadError::Backend(one)),
        _,
        Err(LoadError::Backend(other)),
        _,
    ] = &answers[..]
    else {
        panic!("{answers:?}");
    };
    assert!(Arc::ptr_eq(one, other));
    assert_eq!(scene.batcher.stats().errors, 0);
}

#[test]
fn failure_of_the_call_reaches_the_keys_without_an_answer() {
    let scene = Scene::held();
    let loads = scene.loads(&[1, 2, 3, 4]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (1, call));
        answers.missing(1);
        answers.fail(2, "locked");
        Err("connection lost")
    });
    scene.backend.step(0, end);
    scene.run();
    let expected = [
        read(1, 0),
        Ok(None),
        failed("locked"),
        failed("connection lost"),
    ];
    assert_eq!(outputs(loads), expected);
    assert_eq!(scene.batcher.stats().errors, 1);
}

#[test]
fn failure_of_the_call_is_shared_by_all_its_loads() {
    let scene = Scene::held();
    let loads = scene.loads(&[1, 2, 1]);
    let many = Hand::waiting(scene.batcher.load_many(&[2, 3]));
    scene.run();
    scene.backend.fail(0, "connection lost");
    scene.run();
    let mut answers = outputs(loads);
    answers.extend(many.woken());
    assert_eq!(answers.len(), 5);
    let errors: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Err(LoadError::Backend(error)) => error,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(errors.iter().all(|error| Arc::ptr_eq(error, errors[0])));
}

#[test]
fn key_that_failed_can_be_asked_for_again_at_once() {
    let scene = Scene::held();
    let first = scene.load(&1);
    scene.run();
    scene.backend.fail(0, "connection lost");
    scene.run();
    assert_eq!(first.woken(), failed("connection lost"));
    let again = scene.load(&1);
    scene.finish();
    assert_eq!(again.woken(), read(1, 1));
}

#[test]
fn answers_that_fit_nobody_are_counted_and_change_nothing() {
    let scene = Scene::held();
    let loads = scene.loads(&[1, 2]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        assert!(answers.set(0, (1, call)));
        assert!(!answers.set(0, (99, 99)));
        assert!(!answers.fail(0, "late"));
        assert!(!answers.set(2, (99, 99)));
        assert!(!answers.set(usize::MAX, (99, 99)));
        assert!(!answers.insert(&7, (99, 99)));
        assert!(!answers.insert(&1, (99, 99)));
        assert!(answers.insert(&2, (2, call)));
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    assert_eq!(outputs(loads), [read(1, 0), read(2, 0)]);
    assert_eq!(scene.batcher.stats().ignored, 6);
    // Nobody who asks for the other key later gets it.
    let other = scene.load(&7);
    scene.finish();
    assert_eq!(other.woken(), read(7, 1));
}

#[test]
fn answers_that_fit_nobody_are_counted_where_the_call_fails_too() {
    let scene = Scene::held();
    let load = scene.load(&1);
    scene.run();
    let end = Step::end(|_, _: &[u32], answers| {
        answers.set(5, (5, 5));
        Err("connection lost")
    });
    scene.backend.step(0, end);
    scene.run();
    assert_eq!(load.woken(), failed("connection lost"));
    assert_eq!(scene.batcher.stats().ignored, 1);
}
