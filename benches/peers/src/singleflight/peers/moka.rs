//! moka: a cache whose loads are coalesced by a lock per key.

use std::fmt;

use futures_util::FutureExt;
use moka::future::Cache;

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Fallible, Group, Key, Peer, Value};
use crate::singleflight::peers::CACHE_CAPACITY;

/// The row of moka.
#[derive(Debug)]
pub struct Moka;

impl Peer for Moka {
    const NAME: &'static str = "moka 0.12.16";
    const KIND: Kind = Kind::Cache;

    type Group<K: Key, V: Value> = Cached<K, V>;
    type Fallible = Cached<u64, u64>;
}

/// One cache.
pub struct Cached<K, V>(Cache<K, V>);

impl<K: Key, V: Value> Default for Cached<K, V> {
    fn default() -> Self {
        Self(Cache::new(CACHE_CAPACITY))
    }
}

impl<K, V> fmt::Debug for Cached<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cached").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Group<K, V> for Cached<K, V> {
    type Output = V;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0.get_with_by_ref(key, load())
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        Ok(output)
    }

    fn renew(&self, key: &K) {
        // Nobody loads the key at this time, so that one poll is enough.
        assert!(self.0.invalidate(key).now_or_never().is_some());
    }
}

impl Fallible for Cached<u64, u64> {
    async fn call<F, Fut>(&self, key: &u64, load: F) -> Result<u64, Failure>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<u64, Failure>> + Send + 'static,
    {
        let outcome = self.0.try_get_with_by_ref(key, load()).await;
        outcome.map_err(|_| Failure)
    }
}
