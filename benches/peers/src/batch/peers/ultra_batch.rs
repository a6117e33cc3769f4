//! ultra-batch: a task that waits a while after each key, before a fetcher that fills a cache.
//!
//! It always keeps what was loaded, and cannot be told to forget.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ultra_batch::{BatchFetcher, Cache, Fetcher, LoadError};

use crate::batch::backend::{Answer, Backend};
use crate::batch::peer::{Loader, Peer};
use crate::entry::Kind;
use crate::failure::Failure;

/// The row with defaults.
#[derive(Debug)]
pub struct UltraBatch;

impl Peer for UltraBatch {
    const NAME: &'static str = "ultra-batch 0.3.0";
    const SETTINGS: &'static str = "defaults: 10 ms, 100 keys";
    const KIND: Kind = Kind::Library;
    const REMEMBERS: bool = true;
    const BATCH_MAX: usize = 100;

    type Loader<B: Backend> = Fetching<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Fetching<B> {
        Fetching(BatchFetcher::build(Fetch(backend)).finish())
    }
}

/// The row with the shortest delay, and with as many keys in a call as the others have.
#[derive(Debug)]
pub struct UltraBatchTuned;

impl Peer for UltraBatchTuned {
    const NAME: &'static str = "ultra-batch 0.3.0, tuned";
    const SETTINGS: &'static str = "1 ms, 1000 keys";
    const KIND: Kind = Kind::Library;
    const REMEMBERS: bool = true;

    type Loader<B: Backend> = Fetching<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Fetching<B> {
        let builder = BatchFetcher::build(Fetch(backend));
        let builder = builder.delay_duration(Duration::from_millis(1));
        Fetching(builder.eager_batch_size(Some(1000)).finish())
    }
}

/// One fetcher.
pub struct Fetching<B: Backend>(BatchFetcher<Fetch<B>>);

struct Fetch<B>(Arc<B>);

impl<B: Backend> fmt::Debug for Fetching<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetching").finish_non_exhaustive()
    }
}

impl<B: Backend> Fetcher for Fetch<B> {
    type Key = u64;
    type Value = u64;
    type Error = Failure;

    async fn fetch(&self, keys: &[u64], values: &mut Cache<'_, u64, u64>) -> Result<(), Failure> {
        let found = self.0.find(keys).await?;
        for (position, key) in keys.iter().enumerate() {
            if let Some(value) = B::value(&found, position, *key) {
                values.insert(*key, value);
            }
        }
        B::end(&found)
    }
}

impl<B: Backend> Loader for Fetching<B> {
    const KEEPS_FOUND: bool = true;

    type Output = Result<u64, LoadError>;
    type Outputs = Result<Vec<u64>, LoadError>;

    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Self::Output> + Send + 'a {
        self.0.load(*key)
    }

    fn load_many<'a>(&'a self, keys: &'a [u64]) -> impl Future<Output = Self::Outputs> + Send + 'a {
        self.0.load_many(keys)
    }

    fn answer(output: Self::Output) -> Answer {
        match output {
            Ok(value) => Ok(Some(value)),
            Err(LoadError::NotFound) => Ok(None),
            Err(_) => Err(Failure),
        }
    }

    /// A key that was not found spoils the others, without a word about which one it was.
    fn answers(keys: &[u64], outputs: Self::Outputs) -> Vec<Answer> {
        match outputs {
            Ok(values) => values.into_iter().map(|value| Ok(Some(value))).collect(),
            Err(_) => vec![Err(Failure); keys.len()],
        }
    }
}
