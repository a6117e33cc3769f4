//! quick_cache: a cache whose loads are coalesced by placeholders in the cache itself.

use std::convert::Infallible;
use std::fmt;

use futures_util::FutureExt;
use quick_cache::sync::Cache;

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Fallible, Group, Key, Peer, Value};
use crate::singleflight::peers::CACHE_CAPACITY;

/// The row of quick_cache.
#[derive(Debug)]
pub struct QuickCache;

impl Peer for QuickCache {
    const NAME: &'static str = "quick_cache 0.7.0";
    const KIND: Kind = Kind::Cache;

    type Group<K: Key, V: Value> = Cached<K, V>;
    type Fallible = Cached<u64, u64>;
}

/// One cache.
pub struct Cached<K, V>(Cache<K, V>);

impl<K: Key, V: Value> Default for Cached<K, V> {
    fn default() -> Self {
        Self(Cache::new(CACHE_CAPACITY as usize))
    }
}

impl<K, V> fmt::Debug for Cached<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cached").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Group<K, V> for Cached<K, V> {
    type Output = Result<V, Infallible>;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0.get_or_insert_async(key, load().map(Ok))
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        output.map_err(|never| match never {})
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
        self.0.get_or_insert_async(key, load()).await
    }
}
