//! Loads that share nothing, with `Join::Off`.
//!
//! * The backend sees a key once for each load, in the order of the loads.
//! * An answer by position is that load's own, also where another load of the key got another one.
//! * Where a key is answered fewer times than it stands in a call, the other loads of it get a copy
//!   of its first answer, a failure or an absence among them; that is not asked for again.
//! * A key that is answered nowhere in its call has no value, or the failure of the call.

use std::hash::{Hash, Hasher};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use forebay_batch::{Batcher, Join, OnError};
use forebay_core::LoadError;
use forebay_testkit::HandRuntime;

use crate::backend::{Backend, Step};
use crate::hand::Hand;
use crate::scene::{Answer, Scene, read};

fn apart() -> Scene {
    Scene::new(|builder| builder.join(Join::Off))
}

fn outputs(loads: Vec<Hand<'_, Answer>>) -> Vec<Answer> {
    loads.into_iter().map(Hand::woken).collect()
}

fn failed(error: &'static str) -> Answer {
    Err(LoadError::from(error))
}

#[test]
fn key_stands_once_for_each_load() {
    let scene = apart();
    let loads = scene.loads(&[3, 1, 3, 3, 1]);
    scene.finish();
    assert_eq!(scene.backend.calls(), [[3, 1, 3, 3, 1]]);
    assert_eq!(outputs(loads).len(), 5);
    scene.is_over();
}

#[test]
fn answer_by_position_is_the_own_one_of_its_load() {
    let scene = apart();
    let loads = scene.loads(&[7, 8, 7, 7]);
    scene.run();
    let end = Step::end(|_, _: &[u32], answers| {
        assert!(answers.set(2, (7, 102)));
        assert!(answers.missing(0));
        assert!(answers.fail(3, "gone"));
        assert!(answers.set(1, (8, 101)));
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    let expected = [Ok(None), read(8, 101), read(7, 102), failed("gone")];
    assert_eq!(outputs(loads), expected);
}

#[test]
fn answer_by_key_is_copied_to_the_other_loads_of_it() {
    let scene = apart();
    let loads = scene.loads(&[1, 2, 1, 3, 2, 1, 4]);
    let many = Hand::waiting(scene.batcher.load_many(&[2, 4, 2]));
    scene.run();
    // As a query does: a row for each key, in any order, and none for what does not exist.
    let end = Step::end(|call, _: &[u32], answers| {
        for key in [3, 2, 1] {
            assert!(answers.insert(&key, (key, call)));
        }
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    let found = [1, 2, 1, 3, 2, 1].map(|key| read(key, 0));
    let mut outputs = outputs(loads);
    assert_eq!(outputs.pop(), Some(Ok(None)));
    assert_eq!(outputs, found);
    assert_eq!(many.woken(), [read(2, 0), Ok(None), read(2, 0)]);
    scene.is_over();
}

#[test]
fn first_of_the_answers_is_copied() {
    let scene = apart();
    let loads = scene.loads(&[5, 5, 5, 6, 6, 5]);
    scene.run();
    let end = Step::end(|_, _: &[u32], answers| {
        answers.set(2, (5, 12));
        answers.set(1, (5, 11));
        answers.fail(4, "gone");
        Ok(())
    });
    scene.backend.step(0, end);
    scene.run();
    let own = [read(5, 11), read(5, 11), read(5, 12)];
    let expected = [&own[..], &[failed("gone"), failed("gone"), read(5, 11)]].concat();
    assert_eq!(outputs(loads), expected);
}

#[test]
fn answer_before_a_failure_is_copied_too() {
    let scene = apart();
    let loads = scene.loads(&[1, 2, 1, 3, 2, 3]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (1, call));
        answers.missing(4);
        Err("lost")
    });
    scene.backend.step(0, end);
    scene.run();
    let expected = [
        read(1, 0),
        Ok(None),
        read(1, 0),
        failed("lost"),
        Ok(None),
        failed("lost"),
    ];
    assert_eq!(outputs(loads), expected);
}

#[test]
fn what_was_copied_is_not_asked_for_again() {
    let bisect = OnError::Bisect { max_calls: 10 };
    let scene = Scene::new(|builder| builder.join(Join::Off).on_error(bisect));
    let loads = scene.loads(&[1, 2, 1, 3, 2, 3]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (1, call));
        answers.set(1, (2, call));
        Err("lost")
    });
    scene.backend.step(0, end);
    scene.finish();
    let calls = scene.backend.calls();
    assert_eq!(calls[0], [1, 2, 1, 3, 2, 3]);
    assert_eq!(calls[1..].concat(), [3, 3]);
    let [one, two, again, three, second, third] = outputs(loads).try_into().unwrap();
    assert_eq!(
        [one, two, again, second],
        [1, 2, 1, 2].map(|key| read(key, 0))
    );
    assert!(three.is_ok() && third.is_ok());
    scene.is_over();
}

/// A key that panics when it is compared, once it was told to.
#[derive(Clone)]
struct Moody {
    key: u32,
    is_angry: Arc<AtomicBool>,
}

impl PartialEq for Moody {
    fn eq(&self, other: &Self) -> bool {
        if self.is_angry.swap(false, SeqCst) {
            resume_unwind(Box::new("not now"));
        }
        self.key == other.key
    }
}

impl Eq for Moody {}

impl Hash for Moody {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

#[test]
fn panic_while_keys_are_compared_is_no_answer() {
    let is_angry = Arc::<AtomicBool>::default();
    let key = Moody {
        key: 1,
        is_angry: Arc::clone(&is_angry),
    };
    let (backend, runtime) = (Backend::held(), HandRuntime::default());
    let builder = Batcher::builder(backend.clone()).runtime(runtime.clone());
    let batcher = builder.join(Join::Off).build().unwrap();
    let first = Hand::waiting(batcher.load(&key));
    let second = Hand::waiting(batcher.load(&key));
    runtime.run();
    let end = Step::end(move |call, keys: &[Moody], answers| {
        answers.set(0, (keys[0].clone(), call));
        is_angry.store(true, SeqCst);
        Ok(())
    });
    backend.step(0, end);
    runtime.run();
    assert!(matches!(first.woken(), Ok(Some((_, 0)))));
    let panicked = second.woken().err().expect("nobody knows its answer");
    assert!(matches!(panicked, LoadError::Panicked(message) if &*message == "not now"));
}
