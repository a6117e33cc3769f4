//! foyer-memory: a cache that spawns each load as a task of its own.

use std::fmt;

use foyer_memory::{Cache, CacheBuilder, GetOrFetch};
use futures_util::FutureExt;

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Fallible, Group, Key, Peer, Value};
use crate::singleflight::peers::CACHE_CAPACITY;

/// The row of foyer-memory.
#[derive(Debug)]
pub struct Foyer;

impl Peer for Foyer {
    const NAME: &'static str = "foyer-memory 0.22.6";
    const KIND: Kind = Kind::Cache;
    const DETACHES: bool = true;

    type Group<K: Key, V: Value> = Cached<K, V>;
    type Fallible = Cached<u64, u64>;
}

/// One cache.
pub struct Cached<K: Key, V: Value>(Cache<K, V>);

impl<K: Key, V: Value> Default for Cached<K, V> {
    fn default() -> Self {
        Self(CacheBuilder::new(CACHE_CAPACITY as usize).build())
    }
}

impl<K: Key, V: Value> fmt::Debug for Cached<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cached").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Group<K, V> for Cached<K, V> {
    type Output = <GetOrFetch<K, V> as Future>::Output;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0.get_or_fetch(key, || load().map(Ok::<_, Failure>))
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        output
            .map(|entry| entry.value().clone())
            .map_err(|_| Failure)
    }

    fn renew(&self, key: &K) {
        self.0.remove(key);
    }
}

impl Fallible for Cached<u64, u64> {
    async fn call<F, Fut>(&self, key: &u64, load: F) -> Result<u64, Failure>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<u64, Failure>> + Send + 'static,
    {
        let outcome = self.0.get_or_fetch(key, load).await;
        outcome.map(|entry| *entry.value()).map_err(|_| Failure)
    }
}
