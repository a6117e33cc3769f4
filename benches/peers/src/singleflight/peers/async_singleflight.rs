//! async_singleflight: a tokio mutex around a map of watch channels.

use std::fmt;

use async_singleflight::{Group as Shared, UnaryGroup};

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Fallible, Group, Key, Peer, Value};

/// The row of async_singleflight.
#[derive(Debug)]
pub struct AsyncSingleflight;

impl Peer for AsyncSingleflight {
    const NAME: &'static str = "async_singleflight 0.6.2";
    const KIND: Kind = Kind::Library;

    type Group<K: Key, V: Value> = Unary<K, V>;
    type Fallible = Sharing;
}

/// One group for loads that cannot fail.
pub struct Unary<K: Key, V: Value>(UnaryGroup<K, V>);

impl<K: Key, V: Value> Default for Unary<K, V> {
    fn default() -> Self {
        Self(UnaryGroup::new())
    }
}

impl<K: Key, V: Value> fmt::Debug for Unary<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Unary").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Group<K, V> for Unary<K, V> {
    type Output = V;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0.work(key, load())
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        Ok(output)
    }
}

/// One group for loads that can fail.
pub struct Sharing(Shared<u64, u64, Failure>);

impl Default for Sharing {
    fn default() -> Self {
        Self(Shared::new())
    }
}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sharing").finish_non_exhaustive()
    }
}

impl Fallible for Sharing {
    async fn call<F, Fut>(&self, key: &u64, load: F) -> Result<u64, Failure>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<u64, Failure>> + Send + 'static,
    {
        self.0.work(key, load()).await.map_err(|_| Failure)
    }
}
