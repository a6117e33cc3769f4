//! What becomes of the answers that a backend gives to many keys.
//!
//! * The first answer of a position stands; the others are ignored and counted.
//! * So is what cannot be placed: a position outside the call, a key nobody asked for.
//! * A key that stands in several positions takes a value for each.
//! * A key that is left out has no value, or, when the whole call failed, that failure.
//! * Whatever the backend does in whatever order, a naive list of first answers says the same.
//! * Rows in the order of the keys need no index.

use std::cell::Cell;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};

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

#[test]
fn unanswered_positions_are_listed_in_order() {
    let mut answers = Strict::new(&KEYS);
    assert!(answers.unanswered().eq([0, 1, 2]));
    answers.insert(&"b", 2);
    assert!(answers.unanswered().eq([0, 2]));
    answers.missing(0);
    answers.fail(2, "locked");
    assert_eq!(answers.unanswered().next(), None);
}

#[test]
fn key_in_several_positions_takes_a_value_for_each() {
    let keys = ["a", "b", "a", "c", "a", "b"];
    for inserted in [
        ["a", "a", "a", "b", "b", "c"],
        ["c", "b", "b", "a", "a", "a"],
        ["b", "a", "b", "a", "c", "a"],
    ] {
        let mut answers = Strict::new(&keys);
        for key in inserted {
            assert!(answers.insert(&key, u32::from(key.as_bytes()[0])));
        }
        assert!(!answers.insert(&"a", 9));
        assert_eq!(answers.ignored(), 1);
        let results = answers.finish();
        for (key, result) in keys.iter().zip(results) {
            assert_eq!(result, Ok(Some(u32::from(key.as_bytes()[0]))));
        }
    }
}

/// A key that counts how often it is hashed.
#[derive(PartialEq, Eq)]
struct Counted(u32);

thread_local! {
    static HASHES: Cell<u32> = const { Cell::new(0) };
}

impl Hash for Counted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        HASHES.set(HASHES.get() + 1);
        self.0.hash(state);
    }
}

/// Inserts `rows` for the keys 0 to 99 and counts how often a key is hashed.
fn hashes(rows: impl Iterator<Item = u32>) -> u32 {
    let keys: Vec<_> = (0..100).map(Counted).collect();
    let mut answers = Answers::<_, u32, Infallible>::new(&keys);
    HASHES.set(0);
    for row in rows {
        assert!(answers.insert(&Counted(row), row));
    }
    HASHES.get()
}

#[test]
fn rows_in_the_order_of_the_keys_hash_nothing() {
    assert_eq!(hashes(0..100), 0);
    assert_eq!(hashes((0..100).filter(|row| row % 3 == 1)), 0);
}

#[test]
fn rows_in_another_order_hash_each_key_once_and_each_row_at_most_once() {
    assert_eq!(hashes((0..100).rev()), 100 + 99);
    // After one that was late, those that are in order again cost nothing.
    assert_eq!(hashes((1..50).chain([0]).chain(50..100)), 100 + 2);
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

/// The first answer of each position, found in the simplest way.
struct Model {
    keys: Vec<u8>,
    answers: Vec<Option<Result<Option<u32>, u32>>>,
}

impl Model {
    fn open(&self) -> impl Iterator<Item = usize> {
        (0..self.keys.len()).filter(|at| self.answers[*at].is_none())
    }

    /// Follows one step, after which the positions in `left` are open; says whether it was used.
    ///
    /// An inserted value may go to any open position of its key; `left` tells which one it was.
    fn follow(&mut self, step: &Step, left: &[usize]) -> bool {
        let (position, answer) = match *step {
            Step::Set(at, value) => (Some(at), Ok(Some(value))),
            Step::Missing(at) => (Some(at), Ok(None)),
            Step::Fail(at, code) => (Some(at), Err(code)),
            Step::Insert(key, value) => {
                let mut open = self.open().filter(|at| self.keys[*at] == key).peekable();
                let is_wanted = open.peek().is_some();
                let taken = open.find(|at| !left.contains(at));
                assert_eq!(taken.is_some(), is_wanted, "{step:?}");
                (taken, Ok(Some(value)))
            }
        };
        let slot = position.and_then(|at| self.answers.get_mut(at));
        let is_used = slot.as_ref().is_some_and(|slot| slot.is_none());
        if let Some(slot @ None) = slot {
            *slot = Some(answer);
        }
        is_used
    }
}

proptest! {
    #[test]
    fn answers_agree_with_a_list_of_first_answers(
        keys in proptest::collection::vec(0..8_u8, 0..=8),
        steps in proptest::collection::vec(step(), 0..24),
        has_failed in any::<bool>(),
    ) {
        let mut answers = Answers::<u8, u32, u32>::new(&keys);
        let mut model = Model { keys: keys.clone(), answers: vec![None; keys.len()] };
        let mut ignored = 0;
        for step in &steps {
            let is_used = match *step {
                Step::Set(position, value) => answers.set(position, value),
                Step::Insert(key, value) => answers.insert(&key, value),
                Step::Missing(position) => answers.missing(position),
                Step::Fail(position, code) => answers.fail(position, code),
            };
            let left: Vec<_> = answers.unanswered().collect();
            prop_assert_eq!(model.follow(step, &left), is_used);
            prop_assert!(model.open().eq(left));
            ignored += usize::from(!is_used);
            prop_assert_eq!(answers.ignored(), ignored);
        }

        let left_out = if has_failed { Err(LoadError::from(404)) } else { Ok(None) };
        let answer = |answer: Result<Option<u32>, u32>| answer.map_err(LoadError::from);
        let expected: Vec<_> = model
            .answers
            .into_iter()
            .map(|slot| slot.map_or_else(|| left_out.clone(), answer))
            .collect();
        let results = match &left_out {
            Err(error) => answers.finish_failed(error),
            Ok(_) => answers.finish(),
        };
        prop_assert_eq!(results, expected);
    }
}
