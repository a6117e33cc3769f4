//! How loads fail, alone and together, and loads of many keys.

use forebay_core::LoadError;

use crate::backend::{Error, Step};
use crate::hand::{Hand, at_once};
use crate::javascript::{all, loader, loader_with};
use crate::scene::{Answer, read};

fn failed(error: Error) -> Answer {
    Err(LoadError::from(error))
}

/// Answers all keys but those that are even, which fail.
fn odd_keys_only() -> Step<u32> {
    Step::end(|call, keys, answers| {
        for (position, key) in keys.iter().enumerate() {
            if key % 2 == 0 {
                answers.fail(position, "even");
            } else {
                answers.set(position, (*key, call));
            }
        }
        Ok(())
    })
}

#[test]
fn failed_key_fails_alone() {
    let loader = loader();
    loader.backend.script([odd_keys_only()]);
    let answers = loader.all(&[1, 2, 3]);
    assert_eq!(answers, [read(1, 0), failed("even"), read(3, 0)]);
}

#[test]
fn failed_batch_fails_all_of_its_keys_with_one_error() {
    let loader = loader();
    loader.backend.script([Step::Fail("lost")]);
    let answers = loader.all(&[1, 2]);
    assert_eq!(answers, [failed("lost"), failed("lost")]);
    let errors = answers.iter().map(|answer| match answer {
        Err(error) => error.backend().map(std::ptr::from_ref),
        Ok(_) => None,
    });
    let errors: Vec<_> = errors.collect();
    assert_eq!(errors[0], errors[1]);
}

#[test]
fn failed_batch_keeps_what_it_had_answered() {
    let loader = loader();
    loader.backend.script([Step::end(|call, keys, answers| {
        answers.set(0, (keys[0], call));
        Err("lost")
    })]);
    assert_eq!(loader.all(&[1, 2]), [read(1, 0), failed("lost")]);
}

#[test]
fn batch_function_that_panics_fails_all_of_its_keys() {
    let loader = loader();
    loader.backend.script([Step::Panic("thrown")]);
    let panicked = || Err(LoadError::Panicked("thrown".into()));
    assert_eq!(loader.all(&[1, 2]), [panicked(), panicked()]);
    assert_eq!(loader.all(&[1, 2]), [read(1, 1), read(2, 1)]);
}

#[test]
fn failed_batch_is_not_remembered() {
    let loader = loader();
    loader.backend.script([Step::Fail("lost")]);
    assert_eq!(loader.one(1), failed("lost"));
    assert_eq!(loader.one(1), read(1, 1));
}

#[test]
fn failed_key_is_not_remembered_either() {
    let loader = loader();
    loader.backend.script([odd_keys_only()]);
    loader.all(&[1, 2]);
    assert_eq!(loader.all(&[1, 2]), [read(1, 0), read(2, 1)]);
    assert_eq!(loader.backend.calls(), [vec![1, 2], vec![2]]);
}

#[test]
fn failures_are_remembered_until_cleared_where_the_user_says_so() {
    let loader = loader_with(|builder| builder.cache_errors(true));
    loader.backend.script([odd_keys_only()]);
    assert_eq!(loader.one(2), failed("even"));
    assert_eq!(at_once(loader.batcher.load(&2)), failed("even"));
    loader.batcher.clear(&2);
    assert_eq!(loader.one(2), read(2, 1));
}

#[test]
fn answer_outside_of_the_batch_does_no_harm() {
    let loader = loader();
    loader.backend.script([Step::end(|call, keys, answers| {
        assert!(!answers.set(keys.len(), (9, call)));
        assert!(answers.set(0, (keys[0], call)));
        assert!(!answers.set(0, (9, call)));
        Ok(())
    })]);
    assert_eq!(loader.all(&[1, 2]), [read(1, 0), Ok(None)]);
}

#[test]
fn many_keys_are_loaded_as_one_by_one() {
    let loader = loader();
    let many = Hand::waiting(loader.batcher.load_many(&[1, 2, 1]));
    let single = loader.load(&3);
    loader.run();
    let (many, single) = (many.woken(), single.woken());
    assert_eq!(many, [read(1, 0), read(2, 0), read(1, 0)]);
    assert_eq!(single, read(3, 0));
    assert_eq!(loader.backend.calls(), [[1, 2, 3]]);
}

#[test]
fn many_keys_give_failures_beside_values() {
    let loader = loader();
    loader.backend.script([odd_keys_only()]);
    let many = all(&loader.runtime, [loader.batcher.load_many(&[1, 2, 3])]);
    assert_eq!(many, [[read(1, 0), failed("even"), read(3, 0)]]);
}

#[test]
fn many_keys_fail_together_where_all_are_needed() {
    let loader = loader();
    loader.backend.script([odd_keys_only()]);
    let many = all(&loader.runtime, [loader.batcher.try_load_many(&[1, 2, 4])]);
    assert_eq!(many, [Err((1, LoadError::from("even")))]);
    let many = all(&loader.runtime, [loader.batcher.try_load_many(&[1, 2, 4])]);
    assert_eq!(many, [Ok(vec![Some((1, 0)), Some((2, 1)), Some((4, 1))])]);
}

#[test]
fn no_keys_give_no_answers_and_no_batch() {
    let loader = loader();
    assert_eq!(at_once(loader.batcher.load_many(&[])), []);
    loader.run();
    assert_eq!(loader.backend.begun(), 0);
}
