//! scuffle-batching: a timer that is always running, and a semaphore for the calls in flight.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scuffle_batching::DataLoaderFetcher;
use scuffle_batching::dataloader::DataLoader;

use crate::batch::backend::{Answer, Backend};
use crate::batch::peer::{Loader, Peer};
use crate::entry::Kind;
use crate::failure::Failure;

/// The row with defaults.
#[derive(Debug)]
pub struct Scuffle;

impl Peer for Scuffle {
    const NAME: &'static str = "scuffle-batching 0.1.6";
    const SETTINGS: &'static str = "defaults: 5 ms, 1000 keys, 50 in flight";
    const KIND: Kind = Kind::Library;
    const IS_VIRTUAL: bool = false;

    type Loader<B: Backend> = Timed<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Timed<B> {
        Timed(DataLoader::builder().build(Fetch(backend)))
    }
}

/// The row with the shortest delay that does not keep a core busy.
#[derive(Debug)]
pub struct ScuffleTuned;

impl Peer for ScuffleTuned {
    const NAME: &'static str = "scuffle-batching 0.1.6, tuned";
    const SETTINGS: &'static str = "1 ms, 1000 keys, 4 in flight";
    const KIND: Kind = Kind::Library;
    const IS_VIRTUAL: bool = false;

    type Loader<B: Backend> = Timed<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Timed<B> {
        let builder = DataLoader::builder().delay(Duration::from_millis(1));
        Timed(builder.concurrency(4).build(Fetch(backend)))
    }
}

/// One data loader.
pub struct Timed<B: Backend>(DataLoader<Fetch<B>>);

struct Fetch<B>(Arc<B>);

impl<B: Backend> fmt::Debug for Timed<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timed").finish_non_exhaustive()
    }
}

impl<B: Backend> DataLoaderFetcher for Fetch<B> {
    type Key = u64;
    type Value = u64;

    async fn load(&self, keys: HashSet<u64>) -> Option<HashMap<u64, u64>> {
        let keys: Vec<u64> = keys.into_iter().collect();
        // Its only error is the lack of an answer.
        let found = self.0.find(&keys).await.ok()?;
        B::end(&found).ok()?;
        let keys = keys.iter().enumerate();
        let values = keys.filter_map(|(position, key)| {
            let value = B::value(&found, position, *key)?;
            Some((*key, value))
        });
        Some(values.collect())
    }
}

impl<B: Backend> Loader for Timed<B> {
    type Output = Result<Option<u64>, ()>;
    type Outputs = Result<HashMap<u64, u64>, ()>;

    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Self::Output> + Send + 'a {
        self.0.load(*key)
    }

    fn load_many<'a>(&'a self, keys: &'a [u64]) -> impl Future<Output = Self::Outputs> + Send + 'a {
        self.0.load_many(keys.iter().copied())
    }

    fn answer(output: Self::Output) -> Answer {
        output.map_err(|()| Failure)
    }

    fn answers(keys: &[u64], outputs: Self::Outputs) -> Vec<Answer> {
        let answer = |key| match &outputs {
            Ok(values) => Ok(values.get(key).copied()),
            Err(()) => Err(Failure),
        };
        keys.iter().map(answer).collect()
    }
}
