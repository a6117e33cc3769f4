//! What becomes of the answers that a backend gives to many keys.
//!
//! * The first answer of a key stands; the others are ignored and counted.
//! * So is what cannot be placed: a position outside the call, a key nobody asked for.
//! * A key that is left out has no value, or, when the whole call failed, that failure.
//! * Whatever the backend does in whatever order, a naive list of first answers says the same.

use std::convert::Infallible;

use forebay_core::{Answers, LoadError};
use proptest::prelude::*;

type Strict<'a> = Answers<'a, &'static str, u32, &'static str>;

const KEYS: [&str; 3] = ["a", "b", "c"];

#[test]
fn results_come_in_the_order_of_the_keys() {
    let mut answers = Strict::new(&KEYS);
    assert!(answers.insert(&"c", 3));
    assert!(answers.set(0, 1));
    assert!(answers.insert(&"b", 2));
    assert_eq!(answers.ignored(), 0);
    assert_eq!(answers.finish(), [Ok(Some(1)), Ok(Some(2)), Ok(Some(3))]);
}

#[test]
fn first_answer_stands_and_later_ones_are_counted() {
    let mut answers = Strict::new(&KEYS);
    assert!(answers.set(0, 1));
    assert!(!answers.set(0, 9));
    assert!(!answers.insert(&"a", 9));
    assert!(!answers.missing(0));
    assert!(!answers.fail(0, "late"));
    assert_eq!(answers.ignored(), 4);
    assert_eq!(answers.finish()[0], Ok(Some(1)));
}

#[test]
fn failure_and_absence_are_answers_that_stand_too() {
    let mut answers = Strict::new(&KEYS);
    assert!(answers.fail(0, "locked"));
    assert!(answers.missing(1));
    assert!(!answers.set(0, 9));
    assert!(!answers.set(1, 9));
    let locked = Err(LoadError::from("locked"));
    assert_eq!(answers.finish(), [locked, Ok(None), Ok(None)]);
}

#[test]
fn position_outside_the_call_is_ignored() {
    let mut answers = Strict::new(&KEYS);
    assert!(!answers.set(3, 9));
    assert!(!answers.missing(usize::MAX));
    assert!(!answers.fail(3, "nobody"));
    assert_eq!(answers.ignored(), 3);
    assert_eq!(answers.finish(), [Ok(None), Ok(None), Ok(None)]);
}

#[test]
fn key_nobody_asked_for_is_ignored() {
    let mut answers = Strict::new(&KEYS);
    assert!(!answers.insert(&"d", 9));
    assert_eq!(answers.ignored(), 1);
    assert!(answers.insert(&"a", 1));
}

#[test]
fn call_without_keys_ignores_everything() {
    let mut answers = Strict::new(&[]);
    assert!(!answers.set(0, 9));
    assert!(!answers.insert(&"a", 9));
    assert_eq!(answers.ignored(), 2);
    assert_eq!(answers.finish(), []);
}

#[test]
fn key_left_out_has_no_value() {
    assert_eq!(Strict::new(&KEYS).finish(), [Ok(None), Ok(None), Ok(None)]);
}

#[test]
fn failed_call_keeps_what_was_answered_before() {
    let mut answers = Strict::new(&KEYS);
    answers.set(0, 1);
    answers.missing(1);
    let lost = LoadError::from("connection lost");
    let results = answers.finish_failed(&lost);
    assert_eq!(results, [Ok(Some(1)), Ok(None), Err(lost)]);
}

#[test]
fn failed_call_shares_one_error_among_its_keys() {
    let lost = LoadError::from("connection lost");
    let results = Strict::new(&KEYS).finish_failed(&lost);
    let addresses = results.iter().map(|result| match result {
        Err(error) => error.backend().map(std::ptr::from_ref),
        Ok(_) => None,
    });
    let expected = lost.backend().map(std::ptr::from_ref);
    assert!(addresses.eq([expected; 3]));
}

#[test]
fn debug_shows_counts_and_asks_nothing_of_keys_and_values() {
    struct Opaque;
    let keys = [Opaque, Opaque];
    let mut answers = Answers::<Opaque, Opaque, Infallible>::new(&keys);
    answers.set(0, Opaque);
    answers.set(0, Opaque);
    let text = format!("{answers:?}");
    assert_eq!(text, "Answers { keys: 2, answered: 1, ignored: 1 }");
}

/// One thing that a backend does.
#[derive(Clone, Debug)]
enum Step {
    Set(usize, u32),
    Insert(u8, u32),
    Missing(usize),
    Fail(usize, u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..8_usize, any::<u32>()).prop_map(|(position, value)| Step::Set(position, value)),
        (0..8_u8, any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
        (0..8_usize).prop_map(Step::Missing),
        (0..8_usize, any::<u32>()).prop_map(|(position, code)| Step::Fail(position, code)),
    ]
}

/// Finds the first answer of each key by looking through all steps.
fn first_answers(keys: &[u8], steps: &[Step]) -> Vec<Option<Result<Option<u32>, u32>>> {
    let answer = |position: usize, key: u8| {
        steps.iter().find_map(|step| match *step {
            Step::Set(at, value) if at == position => Some(Ok(Some(value))),
            Step::Insert(of, value) if of == key => Some(Ok(Some(value))),
            Step::Missing(at) if at == position => Some(Ok(None)),
            Step::Fail(at, code) if at == position => Some(Err(code)),
            _ => None,
        })
    };
    let places = keys.iter().enumerate();
    places
        .map(|(position, key)| answer(position, *key))
        .collect()
}

proptest! {
    #[test]
    fn answers_agree_with_a_list_of_first_answers(
        keys in proptest::sample::subsequence((0..8_u8).collect::<Vec<_>>(), 0..=6).prop_shuffle(),
        steps in proptest::collection::vec(step(), 0..24),
        has_failed in any::<bool>(),
    ) {
        let mut answers = Answers::<u8, u32, u32>::new(&keys);
        let mut used = 0;
        for step in &steps {
            used += usize::from(match *step {
                Step::Set(position, value) => answers.set(position, value),
                Step::Insert(key, value) => answers.insert(&key, value),
                Step::Missing(position) => answers.missing(position),
                Step::Fail(position, code) => answers.fail(position, code),
            });
        }

        let expected = first_answers(&keys, &steps);
        prop_assert_eq!(used, expected.iter().flatten().count());
        prop_assert_eq!(answers.ignored(), steps.len() - used);

        let left_out = if has_failed { Err(LoadError::from(404)) } else { Ok(None) };
        let expected: Vec<_> = expected
            .into_iter()
            .map(|answer| match answer {
                Some(answer) => answer.map_err(LoadError::from),
                None => left_out.clone(),
            })
            .collect();
        let results = match &left_out {
            Err(error) => answers.finish_failed(error),
            Ok(_) => answers.finish(),
        };
        prop_assert_eq!(results, expected);
    }
}
