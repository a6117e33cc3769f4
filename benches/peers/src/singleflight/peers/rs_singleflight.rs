//! rs-singleflight: a map of weak flights, each with a `Notify`; answers are shared by pointer.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use rs_singleflight::Group as Flights;

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Fallible, Group, Key, Peer, Value};

/// The row of rs-singleflight.
#[derive(Debug)]
pub struct RsSingleflight;

impl Peer for RsSingleflight {
    const NAME: &'static str = "rs-singleflight 0.2.0";
    const KIND: Kind = Kind::Library;

    type Group<K: Key, V: Value> = Pointers<K, V, Infallible>;
    type Fallible = Pointers<u64, u64, Failure>;
}

/// One group.
pub struct Pointers<K, V, E>(Flights<K, V, E>);

impl<K, V, E> Default for Pointers<K, V, E> {
    fn default() -> Self {
        Self(Flights::new())
    }
}

impl<K, V, E> fmt::Debug for Pointers<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pointers").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Group<K, V> for Pointers<K, V, Infallible> {
    type Output = Result<Arc<V>, Arc<Infallible>>;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0.do_call_shared(key.clone(), || load().map(Ok))
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        output.map(Arc::unwrap_or_clone).map_err(|_| Failure)
    }
}

impl Fallible for Pointers<u64, u64, Failure> {
    async fn call<F, Fut>(&self, key: &u64, load: F) -> Result<u64, Failure>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<u64, Failure>> + Send + 'static,
    {
        let outcome = self.0.do_call_shared(*key, load).await;
        outcome.map(|value| *value).map_err(|_| Failure)
    }
}
