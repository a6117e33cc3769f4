//! Code of keys, values and hooks that runs within a load.
//!
//! * A panic in a hook for groups or weights, or in a key's `Hash`, `Eq` or `Clone`, fails the load
//!   at hand, also where the cache is asked; a value's `Clone` fails the one who would have got it.
//! * On their way into the cache, and where keys are asked for again, such panics fail nobody.
//! * Nobody else is failed or left waiting, and every place is given back.

use std::cell::Cell;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::panic::resume_unwind;
use std::task::Poll;

use forebay_batch::{Batcher, Builder, OnError, PerRequest};
use forebay_core::{Answers, LoadBatch, LoadError, LoadResult};
use forebay_testkit::HandRuntime;

use crate::backend::Error;
use crate::hand::Hand;

thread_local! {
    /// Which operation panics, and how often it does not before.
    static PANICS: Cell<(&'static str, usize)> = const { Cell::new(("", 0)) };
}

/// Panics if it is this operation's turn, past the panic hook, which would print a report.
fn operation(name: &'static str) {
    let (panics, left) = PANICS.get();
    if panics != name {
        return;
    }
    PANICS.set((name, left.wrapping_sub(1)));
    if left == 0 {
        PANICS.set(("", 0));
        resume_unwind(Box::new(name));
    }
}

/// Lets an operation panic once, after it has succeeded so many times; returns whether it was its
/// turn while `f` ran.
fn with_panic<T>(name: &'static str, after: usize, f: impl FnOnce() -> T) -> (T, bool) {
    PANICS.set((name, after));
    let output = f();
    let (left, _) = PANICS.replace(("", 0));
    (output, left.is_empty())
}

#[derive(Debug)]
struct Key(u8);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        operation("key eq");
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        operation("key hash");
        // Few hashes, so that keys are compared often.
        (self.0 % 2).hash(state);
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        operation("key clone");
        Self(self.0)
    }
}

#[derive(Debug, PartialEq)]
struct Value(u8);

impl Clone for Value {
    fn clone(&self) -> Self {
        operation("value clone");
        Self(self.0)
    }
}

#[derive(Debug)]
struct Group(u8);

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        operation("group eq");
        self.0 == other.0
    }
}

impl Eq for Group {}

impl Hash for Group {
    fn hash<H: Hasher>(&self, state: &mut H) {
        operation("group hash");
        0.hash(state);
    }
}

/// Answers all keys by position, and so runs none of their code.
struct Plain;

impl LoadBatch<Key> for Plain {
    type Value = Value;
    type Error = Infallible;

    async fn load_batch(
        &self,
        keys: &[Key],
        answers: &mut Answers<'_, Key, Value, Infallible>,
    ) -> Result<(), Infallible> {
        for (position, key) in keys.iter().enumerate() {
            answers.set(position, Value(key.0));
        }
        Ok(())
    }
}

type Odd = Batcher<Key, Value, Infallible, Group>;

/// A batcher all of whose hooks may panic.
fn odd(
    runtime: &HandRuntime,
    settings: impl FnOnce(Builder<Plain, Key, Group>) -> Builder<Plain, Key, Group>,
) -> Odd {
    let builder = Batcher::builder(Plain)
        .runtime(runtime.clone())
        .max_in_flight(1)
        .weigh(|key: &Key| {
            operation("weigh");
            key.0.into()
        })
        .group_by(|key: &Key| {
            operation("group");
            Group(key.0 % 3)
        });
    settings(builder).build().unwrap()
}

fn panicked<V, E>(message: &str) -> LoadResult<V, E> {
    Err(LoadError::Panicked(message.into()))
}

const OPERATIONS: [&str; 7] = [
    "key hash",
    "key eq",
    "key clone",
    "weigh",
    "group",
    "group hash",
    "group eq",
];

/// Every load is answered and nothing is left.
fn works(batcher: &Odd, runtime: &HandRuntime) {
    let keys = [Key(1), Key(2), Key(3), Key(1)];
    let many = Hand::waiting(batcher.load_many(&keys));
    runtime.run();
    let answers = many.woken();
    let expected = keys.iter().map(|key| Ok(Some(Value(key.0))));
    assert_eq!(answers, expected.collect::<Vec<_>>());
    let stats = batcher.stats();
    assert_eq!((stats.waiting, stats.running, runtime.tasks()), (0, 0, 0));
}

#[test]
fn panic_in_a_key_or_a_hook_fails_the_load_at_hand() {
    for name in OPERATIONS {
        let mut panics = 0;
        for after in 0..8 {
            let runtime = HandRuntime::default();
            let batcher = odd(&runtime, |builder| builder);
            let keys = [Key(1), Key(3), Key(1), Key(4)];
            let mut loads: Vec<_> = keys
                .iter()
                .map(|key| Hand::new(batcher.load(key)))
                .collect();
            let (polls, was_it) = with_panic(name, after, || {
                loads.iter_mut().map(Hand::poll).collect::<Vec<_>>()
            });
            let failed = polls.iter().filter(|poll| poll.is_ready()).count();
            assert_eq!(failed, usize::from(was_it), "{name} after {after}");
            panics += failed;
            runtime.run();
            for (key, (poll, load)) in keys.iter().zip(polls.into_iter().zip(loads)) {
                let answer = match poll {
                    Poll::Ready(answer) => {
                        assert_eq!(answer, panicked(name));
                        continue;
                    }
                    Poll::Pending => load.woken(),
                };
                assert_eq!(answer, Ok(Some(Value(key.0))), "{name} after {after}");
            }
            works(&batcher, &runtime);
        }
        assert!(panics > 0, "{name} never ran");
    }
}

#[test]
fn panic_in_a_key_or_a_hook_fails_one_of_many() {
    for name in OPERATIONS {
        let mut panics = 0;
        for after in 0..8 {
            let runtime = HandRuntime::default();
            let batcher = odd(&runtime, |builder| builder);
            let keys = [Key(1), Key(3), Key(1), Key(4)];
            let mut many = Hand::new(batcher.load_many(&keys));
            let (poll, was_it) = with_panic(name, after, || many.poll());
            assert!(poll.is_pending());
            runtime.run();
            let answers = many.woken();
            let failed = answers.iter().filter(|answer| answer.is_err()).count();
            assert_eq!(failed, usize::from(was_it), "{name} after {after}");
            panics += failed;
            for (key, answer) in keys.iter().zip(answers) {
                if answer.is_ok() {
                    assert_eq!(answer, Ok(Some(Value(key.0))));
                } else {
                    assert_eq!(answer, panicked(name));
                }
            }
            works(&batcher, &runtime);
        }
        assert!(panics > 0, "{name} never ran");
    }
}

#[test]
fn panic_in_a_key_on_its_way_into_the_cache_fails_nobody() {
    for name in ["key hash", "key eq", "key clone", "value clone"] {
        for after in 0..8 {
            let runtime = HandRuntime::default();
            let batcher = odd(&runtime, |builder| builder.cache(PerRequest::new()));
            let keys = [Key(1), Key(3), Key(7), Key(9)];
            let mut loads: Vec<_> = keys
                .iter()
                .map(|key| Hand::new(batcher.load(key)))
                .collect();
            loads.iter_mut().for_each(Hand::still_waits);
            with_panic(name, after, || runtime.run());
            for (key, load) in keys.iter().zip(loads) {
                assert_eq!(load.woken(), Ok(Some(Value(key.0))), "{name} after {after}");
            }
        }
    }
}

#[test]
fn panic_in_a_key_that_is_looked_up_in_the_cache_fails_the_load_at_hand() {
    for name in ["key hash", "key eq", "value clone"] {
        let runtime = HandRuntime::default();
        let batcher = odd(&runtime, |builder| builder.cache(PerRequest::new()));
        batcher.prime(Key(1), Some(Value(1)));
        let key = Key(1);
        let (poll, was_it) = with_panic(name, 0, || Hand::new(batcher.load(&key)).poll());
        assert!(was_it);
        assert_eq!(poll, Poll::Ready(panicked(name)));
        let keys = [Key(1), Key(2), Key(3)];
        let mut many = Hand::new(batcher.load_many(&keys));
        let (poll, was_it) = with_panic(name, 0, || many.poll());
        assert!(was_it && poll.is_pending(), "{name}");
        runtime.run();
        let expected = [panicked(name), Ok(Some(Value(2))), Ok(Some(Value(3)))];
        assert_eq!(many.woken(), expected);
    }
}

#[test]
fn panic_in_a_value_fails_who_would_have_got_it() {
    let runtime = HandRuntime::default();
    let batcher = odd(&runtime, |builder| builder);
    let key = Key(1);
    let mut loads = [(); 3].map(|()| Hand::waiting(batcher.load(&key)));
    runtime.run();
    let (poll, _) = with_panic("value clone", 0, || loads[1].poll());
    assert_eq!(poll, Poll::Ready(panicked("value clone")));
    let [first, _, third] = loads;
    for load in [first, third] {
        assert_eq!(load.woken(), Ok(Some(Value(1))));
    }

    let keys = [Key(1), Key(2)];
    let mut many = Hand::waiting(batcher.load_many(&keys));
    runtime.run();
    let (poll, _) = with_panic("value clone", 0, || many.poll());
    let expected = vec![panicked("value clone"), Ok(Some(Value(2)))];
    assert_eq!(poll, Poll::Ready(expected));
    works(&batcher, &runtime);
}

/// Fails for all keys but the first, which it answers.
struct Failing;

impl LoadBatch<Key> for Failing {
    type Value = Value;
    type Error = Error;

    async fn load_batch(
        &self,
        keys: &[Key],
        answers: &mut Answers<'_, Key, Value, Error>,
    ) -> Result<(), Error> {
        answers.set(0, Value(keys[0].0));
        Err("locked")
    }
}

#[test]
fn panic_in_a_key_that_is_asked_for_again_leaves_it_the_error() {
    for after in 0..4 {
        let runtime = HandRuntime::default();
        let builder = Batcher::builder(Failing).runtime(runtime.clone());
        let on_error = OnError::Bisect { max_calls: 100 };
        let batcher = builder.on_error(on_error).build().unwrap();
        let keys = [Key(1), Key(2), Key(3), Key(4)];
        let many = Hand::waiting(batcher.load_many(&keys));
        with_panic("key clone", after, || runtime.run());
        let locked = || Err(LoadError::from("locked"));
        for (key, answer) in keys.iter().zip(many.woken()) {
            assert!(answer == Ok(Some(Value(key.0))) || answer == locked());
        }
        assert_eq!(runtime.tasks(), 0);
    }
}
