//! A batcher as a stage among others.
//!
//! * Through the trait `Load` it does what it does by itself: one call for many loads, clearing.
//! * It stands before any loader, and behind any.

use std::sync::Arc;

use forebay_core::{DynLoad, Load, LoadBatch, LoadResult};
use forebay_testkit::HandRuntime;

use crate::backend::{Backend, Error, Value};
use crate::hand::{Hand, at_once};
use crate::scene::{Scene, read};

async fn through<L>(stage: &L, keys: &[u32]) -> Vec<LoadResult<Value<u32>, Error>>
where
    L: Load<u32, Value = Value<u32>, Error = Error>,
{
    stage.load_many(keys).await
}

#[test]
fn loads_through_the_trait_share_a_call() {
    let scene = Scene::answering(|builder| builder);
    let many = Hand::waiting(through(&scene.batcher, &[1, 2]));
    let single = Hand::waiting(Load::load(&scene.batcher, &3));
    let pointed = Arc::new(scene.batcher.clone());
    let pointed = Hand::waiting(through(&pointed, &[3, 4]));
    scene.run();
    assert_eq!(scene.backend.calls(), [[1, 2, 3, 4]]);
    assert_eq!(many.woken(), [read(1, 0), read(2, 0)]);
    assert_eq!(single.woken(), read(3, 0));
    assert_eq!(pointed.woken(), [read(3, 0), read(4, 0)]);
}

#[test]
fn clear_through_the_trait_is_a_clear() {
    let scene = Scene::held();
    let _first = scene.load(&1);
    scene.run();
    Load::clear(&scene.batcher, &1);
    let _second = scene.load(&1);
    scene.run();
    Load::clear_all(&scene.batcher);
    let _third = scene.load(&1);
    scene.run();
    assert_eq!(scene.backend.calls(), [[1], [1], [1]]);
}

#[test]
fn batcher_can_be_kept_behind_a_pointer_to_any_loader() {
    let scene = Scene::answering(|builder| builder);
    let stage: Box<dyn DynLoad<u32, Value = Value<u32>, Error = Error> + Send + Sync> =
        Box::new(scene.batcher.clone());
    let many = Hand::waiting(through(&stage, &[1, 2]));
    scene.run();
    assert_eq!(many.woken(), [read(1, 0), read(2, 0)]);
    assert_eq!(scene.backend.begun(), 1);
}

#[test]
fn backend_may_be_shared_by_batchers() {
    let backend = Arc::new(Backend::answering());
    let runtime = HandRuntime::default();
    let builder = || forebay_batch::Batcher::builder(Arc::clone(&backend));
    let batchers = [(); 2].map(|()| builder().runtime(runtime.clone()).build().unwrap());
    let loads = batchers
        .each_ref()
        .map(|batcher| Hand::waiting(batcher.load(&1)));
    runtime.run();
    for (call, load) in loads.into_iter().enumerate() {
        assert_eq!(load.woken(), read(1, call));
    }
}

/// Loads its keys one by one from another loader.
struct OneByOne<L>(L);

impl<L> LoadBatch<u32> for OneByOne<L>
where
    L: Load<u32, Value = Value<u32>, Error = Error> + Sync,
{
    type Value = Value<u32>;
    type Error = Error;

    async fn load_batch(
        &self,
        keys: &[u32],
        answers: &mut forebay_core::Answers<'_, u32, Value<u32>, Error>,
    ) -> Result<(), Error> {
        for (position, result) in self.0.load_many(keys).await.into_iter().enumerate() {
            if let Ok(Some(value)) = result {
                answers.set(position, value);
            }
        }
        Ok(())
    }
}

#[test]
fn batchers_nest() {
    let inner = Scene::answering(|builder| builder.max_batch(2));
    let backend = OneByOne(inner.batcher.clone());
    let outer = forebay_batch::Batcher::builder(backend)
        .runtime(inner.runtime.clone())
        .build()
        .unwrap();
    let many = Hand::waiting(outer.load_many(&[1, 2, 3]));
    inner.run();
    assert_eq!(many.woken(), [read(1, 0), read(2, 0), read(3, 1)]);
    assert_eq!(at_once(outer.load_many(&[])), []);
}
