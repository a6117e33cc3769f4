//! What users of the JavaScript DataLoader know, and where this batcher deliberately differs.
//!
//! * Loads of one moment go in one batch, in order; chained ones in the next. A batch never exceeds
//!   its maximum, of which there is always one here. When batches leave can be decided elsewhere.
//! * Within a request each key is asked for once. What is remembered can be cleared and primed, and
//!   remembering can be switched off, with or without the joining of equal keys.
//! * A load is lazy: it begins when it is awaited, and one that was dropped is not asked for.
//! * A hit is given at once, and not held back until a batch ends.
//! * A failed key fails alone, a failed batch all of its keys. Neither is remembered unless told
//!   otherwise; there, the failure of a single key is.
//! * A key that is left out has no value, and that is no error; there, it is a mistake.

mod failures;
mod memory;

use std::task::Poll;
use std::time::Duration;

use forebay_batch::{Batcher, Builder, Dispatch, PerRequest};
use forebay_core::{Answers, LoadBatch, LoadError};
use forebay_testkit::HandRuntime;
use futures::future::join_all;

use crate::backend::{Backend, Error, Value};
use crate::hand::Hand;
use crate::scene::{Answer, Scene, read};

/// A loader as JavaScript has it: with a cache that is meant for one request.
fn loader() -> Scene {
    loader_with(|builder| builder)
}

fn loader_with(
    settings: impl FnOnce(Builder<Backend<u32>, u32>) -> Builder<Backend<u32>, u32>,
) -> Scene {
    Scene::answering(|builder| settings(builder.cache(PerRequest::new())))
}

/// Begins all of them in one moment and awaits them, as `Promise.all` does.
#[track_caller]
fn all<T>(
    runtime: &HandRuntime,
    futures: impl IntoIterator<Item = impl Future<Output = T>>,
) -> Vec<T> {
    let mut all = Hand::new(join_all(futures));
    loop {
        if let Poll::Ready(outputs) = all.poll() {
            return outputs;
        }
        runtime.run();
        assert!(all.is_woken(), "waits for ever");
    }
}

impl Scene {
    #[track_caller]
    fn all(&self, keys: &[u32]) -> Vec<Answer> {
        all(&self.runtime, keys.iter().map(|key| self.batcher.load(key)))
    }

    #[track_caller]
    fn one(&self, key: u32) -> Answer {
        self.all(&[key]).remove(0)
    }
}

#[test]
fn loads_of_one_moment_go_in_one_batch_in_their_order() {
    let loader = loader();
    let answers = loader.all(&[3, 1, 2]);
    assert_eq!(answers, [read(3, 0), read(1, 0), read(2, 0)]);
    assert_eq!(loader.backend.calls(), [[3, 1, 2]]);
}

#[test]
fn chained_loads_go_in_the_next_batch() {
    let loader = loader();
    let invited_by = |user: u32| {
        let batcher = &loader.batcher;
        async move {
            let (user, _) = batcher.load(&user).await?.expect("the backend knows all");
            batcher.load(&(user + 10)).await
        }
    };
    let answers = all(&loader.runtime, [invited_by(1), invited_by(2)]);
    assert_eq!(answers, [read(11, 1), read(12, 1)]);
    assert_eq!(loader.backend.calls(), [[1, 2], [11, 12]]);
}

#[test]
fn load_that_is_not_awaited_asks_for_nothing() {
    let loader = loader();
    drop(loader.batcher.load(&1));
    drop(loader.load(&2));
    loader.all(&[3]);
    assert_eq!(loader.backend.calls(), [[3]]);
}

#[test]
fn batch_function_may_use_another_loader() {
    struct Through(Batcher<u32, Value<u32>, Error>);

    impl LoadBatch<u32> for Through {
        type Value = Value<u32>;
        type Error = LoadError<Error>;

        async fn load_batch(
            &self,
            keys: &[u32],
            answers: &mut Answers<'_, u32, Value<u32>, LoadError<Error>>,
        ) -> Result<(), LoadError<Error>> {
            for (position, value) in self.0.load_many(keys).await.into_iter().enumerate() {
                if let Some(value) = value? {
                    answers.set(position, value);
                }
            }
            Ok(())
        }
    }

    let deep = loader();
    let shallow = Batcher::builder(Through(deep.batcher.clone())).runtime(deep.runtime.clone());
    let shallow = shallow.build().expect("the settings are right");
    let loads = [1, 2].map(|key| {
        let shallow = &shallow;
        async move { shallow.load(&key).await }
    });
    let answers = all(&deep.runtime, loads);
    assert_eq!(answers, [Ok(Some((1, 0))), Ok(Some((2, 0)))]);
    assert_eq!(deep.backend.calls(), [[1, 2]]);
}

#[test]
fn maximum_splits_what_comes_at_once() {
    let loader = loader_with(|builder| builder.max_batch(2));
    loader.all(&[1, 2, 3]);
    assert_eq!(loader.backend.calls(), [vec![1, 2], vec![3]]);
}

#[test]
fn maximum_of_one_switches_batching_off() {
    let loader = loader_with(|builder| builder.max_batch(1));
    loader.all(&[1, 2]);
    assert_eq!(loader.backend.calls(), [[1], [2]]);
}

#[test]
fn maximum_is_a_thousand_and_not_infinite() {
    let loader = loader();
    loader.all(&Vec::from_iter(0..1_001));
    let sizes = loader
        .backend
        .calls()
        .iter()
        .map(Vec::len)
        .collect::<Vec<_>>();
    assert_eq!(sizes, [1_000, 1]);
}

#[test]
fn hits_and_repeated_keys_do_not_count_against_the_maximum() {
    let loader = loader_with(|builder| builder.max_batch(2));
    loader.batcher.prime(1, Some((1, 9)));
    loader.all(&[1, 2, 2, 1, 3]);
    assert_eq!(loader.backend.calls(), [[2, 3]]);
}

#[test]
fn schedule_may_collect_the_loads_of_a_while() {
    let window = Dispatch::Window(Duration::from_millis(100));
    let loader = loader_with(|builder| builder.dispatch(window));
    let early = loader.load(&1);
    loader.runtime.advance(Duration::from_millis(60));
    let late = loader.load(&2);
    loader.runtime.advance(Duration::from_millis(39));
    assert_eq!(loader.backend.begun(), 0);
    loader.runtime.advance(Duration::from_millis(1));
    assert_eq!((early.woken(), late.woken()), (read(1, 0), read(2, 0)));
}

#[test]
fn schedule_may_be_left_to_the_user() {
    let loader = loader_with(|builder| builder.dispatch(Dispatch::Manual));
    assert_eq!(loader.batcher.dispatch(), 0);
    let first = loader.loads(&[1, 2]);
    loader.run();
    assert_eq!(loader.backend.begun(), 0);
    assert_eq!(loader.batcher.dispatch(), 2);
    let second = loader.load(&3);
    loader.run();
    assert_eq!(loader.backend.calls(), [[1, 2]]);
    assert!(first.into_iter().all(|load| load.woken().is_ok()));
    assert!(!second.is_woken());
}
