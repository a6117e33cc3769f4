//! dataloader: whoever has yielded ten times first runs the batch, under a lock.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use dataloader::{BatchFn, cached, non_cached};

use crate::batch::backend::{Answer, Backend};
use crate::batch::peer::{Loader, Peer};
use crate::entry::Kind;
use crate::failure::Failure;

/// The row with defaults.
#[derive(Debug)]
pub struct Dataloader;

impl Peer for Dataloader {
    const NAME: &'static str = "dataloader 0.18.0";
    const SETTINGS: &'static str = "defaults: 10 yields, 200 keys";
    const KIND: Kind = Kind::Library;
    const BATCH_MAX: usize = 200;

    type Loader<B: Backend> = Yielding<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Yielding<B> {
        Yielding(non_cached::Loader::new(Fetch(backend)))
    }
}

/// The row with as many keys in a call as the others have, and with the one yield that a burst
/// needs.
#[derive(Debug)]
pub struct DataloaderTuned;

impl Peer for DataloaderTuned {
    const NAME: &'static str = "dataloader 0.18.0, tuned";
    const SETTINGS: &'static str = "1 yield, 1000 keys";
    const KIND: Kind = Kind::Library;

    type Loader<B: Backend> = Yielding<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Yielding<B> {
        let loader = non_cached::Loader::new(Fetch(backend));
        Yielding(loader.with_max_batch_size(1000).with_yield_count(1))
    }
}

/// The row with its cache.
#[derive(Debug)]
pub struct DataloaderCached;

impl Peer for DataloaderCached {
    const NAME: &'static str = "dataloader 0.18.0, cached";
    const SETTINGS: &'static str = "10 yields, 200 keys, HashMap";
    const KIND: Kind = Kind::Library;
    const REMEMBERS: bool = true;
    const BATCH_MAX: usize = 200;

    type Loader<B: Backend> = Keeping<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Keeping<B> {
        Keeping(cached::Loader::new(Fetch(backend)))
    }
}

/// One loader without a cache.
pub struct Yielding<B: Backend>(non_cached::Loader<u64, u64, Fetch<B>>);

/// One loader with a cache.
pub struct Keeping<B: Backend>(cached::Loader<u64, u64, Fetch<B>>);

struct Fetch<B>(Arc<B>);

impl<B: Backend> fmt::Debug for Yielding<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Yielding").finish_non_exhaustive()
    }
}

impl<B: Backend> fmt::Debug for Keeping<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keeping").finish_non_exhaustive()
    }
}

impl<B: Backend> BatchFn<u64, u64> for Fetch<B> {
    async fn load(&mut self, keys: &[u64]) -> HashMap<u64, u64> {
        // It has no way to say that a call failed: its keys are then not found.
        let Ok(found) = self.0.find(keys).await else {
            return HashMap::new();
        };
        let keys = keys.iter().enumerate();
        let values = keys.filter_map(|(position, key)| {
            let value = B::value(&found, position, *key)?;
            Some((*key, value))
        });
        values.collect()
    }
}

/// The only error that it has says that a key was not found.
fn answer(output: Result<u64, io::Error>) -> Answer {
    match output {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(Failure),
    }
}

/// A key that was not found spoils the others, without a word about which one it was.
fn answers(keys: &[u64], outputs: io::Result<HashMap<u64, u64>>) -> Vec<Answer> {
    let values = outputs.map_err(|_| Failure);
    let answer = |key| match &values {
        Ok(values) => Ok(values.get(key).copied()),
        Err(failure) => Err(*failure),
    };
    keys.iter().map(answer).collect()
}

impl<B: Backend> Loader for Yielding<B> {
    const FAILS: bool = false;

    type Output = io::Result<u64>;
    type Outputs = io::Result<HashMap<u64, u64>>;

    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Self::Output> + Send + 'a {
        self.0.try_load(*key)
    }

    fn load_many<'a>(&'a self, keys: &'a [u64]) -> impl Future<Output = Self::Outputs> + Send + 'a {
        self.0.try_load_many(keys.to_vec())
    }

    fn answer(output: Self::Output) -> Answer {
        answer(output)
    }

    fn answers(keys: &[u64], outputs: Self::Outputs) -> Vec<Answer> {
        answers(keys, outputs)
    }
}

impl<B: Backend> Loader for Keeping<B> {
    const FAILS: bool = false;

    type Output = io::Result<u64>;
    type Outputs = io::Result<HashMap<u64, u64>>;

    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Self::Output> + Send + 'a {
        self.0.try_load(*key)
    }

    fn load_many<'a>(&'a self, keys: &'a [u64]) -> impl Future<Output = Self::Outputs> + Send + 'a {
        self.0.try_load_many(keys.to_vec())
    }

    fn answer(output: Self::Output) -> Answer {
        answer(output)
    }

    fn answers(keys: &[u64], outputs: Self::Outputs) -> Vec<Answer> {
        answers(keys, outputs)
    }

    async fn clear(&self, key: u64) -> bool {
        self.0.clear(key).await;
        true
    }
}
