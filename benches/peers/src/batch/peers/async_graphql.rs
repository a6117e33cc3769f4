//! async-graphql's data loader, without a cache and with the one that it brings.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::{self, CacheFactory, DataLoader, HashMapCache, NoCache};

use crate::batch::backend::{Answer, Backend};
use crate::batch::peer::{Loader, Peer};
use crate::entry::Kind;
use crate::failure::Failure;

/// The row with defaults.
#[derive(Debug)]
pub struct AsyncGraphql;

impl Peer for AsyncGraphql {
    const NAME: &'static str = "async-graphql 7.2.1";
    const SETTINGS: &'static str = "defaults: 1 ms, 1000 keys";
    const KIND: Kind = Kind::Library;

    type Loader<B: Backend> = Loading<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Loading<B> {
        Loading(DataLoader::new(Fetch(backend), tokio::spawn))
    }
}

/// The row without a delay, which is a timer of tokio's all the same.
#[derive(Debug)]
pub struct AsyncGraphqlTuned;

impl Peer for AsyncGraphqlTuned {
    const NAME: &'static str = "async-graphql 7.2.1, tuned";
    const SETTINGS: &'static str = "0 ms, 1000 keys";
    const KIND: Kind = Kind::Library;

    type Loader<B: Backend> = Loading<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Loading<B> {
        let loader = DataLoader::new(Fetch(backend), tokio::spawn);
        Loading(loader.delay(Duration::ZERO))
    }
}

/// The row with the unbounded cache that it brings.
#[derive(Debug)]
pub struct AsyncGraphqlCached;

impl Peer for AsyncGraphqlCached {
    const NAME: &'static str = "async-graphql 7.2.1, cached";
    const SETTINGS: &'static str = "1 ms, 1000 keys, HashMapCache";
    const KIND: Kind = Kind::Library;
    const REMEMBERS: bool = true;

    type Loader<B: Backend> = Loading<B, HashMapCache>;

    fn build<B: Backend>(backend: Arc<B>) -> Loading<B, HashMapCache> {
        let cache = HashMapCache::default();
        Loading(DataLoader::with_cache(Fetch(backend), tokio::spawn, cache))
    }
}

/// One data loader.
pub struct Loading<B, C = NoCache>(DataLoader<Fetch<B>, C>);

struct Fetch<B>(Arc<B>);

impl<B, C> fmt::Debug for Loading<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loading").finish_non_exhaustive()
    }
}

impl<B: Backend> dataloader::Loader<u64> for Fetch<B> {
    type Value = u64;
    type Error = Failure;

    async fn load(&self, keys: &[u64]) -> Result<HashMap<u64, u64>, Failure> {
        let found = self.0.find(keys).await?;
        B::end(&found)?;
        let keys = keys.iter().enumerate();
        let values = keys.filter_map(|(position, key)| {
            let value = B::value(&found, position, *key)?;
            Some((*key, value))
        });
        Ok(values.collect())
    }
}

impl<B: Backend, C: CacheFactory> Loader for Loading<B, C> {
    type Output = Answer;
    type Outputs = Result<HashMap<u64, u64>, Failure>;

    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Answer> + Send + 'a {
        self.0.load_one(*key)
    }

    fn load_many<'a>(&'a self, keys: &'a [u64]) -> impl Future<Output = Self::Outputs> + Send + 'a {
        self.0.load_many(keys.iter().copied())
    }

    fn answer(output: Answer) -> Answer {
        output
    }

    fn answers(keys: &[u64], outputs: Self::Outputs) -> Vec<Answer> {
        let answer = |key| match &outputs {
            Ok(values) => Ok(values.get(key).copied()),
            Err(failure) => Err(*failure),
        };
        keys.iter().map(answer).collect()
    }

    async fn clear(&self, _key: u64) -> bool {
        // It clears everything or nothing.
        self.0.clear::<u64>();
        true
    }
}
