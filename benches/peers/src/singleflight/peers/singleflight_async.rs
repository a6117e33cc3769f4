//! singleflight-async: a map of weak slots, each behind a fair mutex that is held by the load.

use singleflight_async::SingleFlight;

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Group, Key, Peer, ResultAsValue, Value};

/// The row of singleflight-async.
#[derive(Debug)]
pub struct SingleflightAsync;

impl Peer for SingleflightAsync {
    const NAME: &'static str = "singleflight-async 0.2.0";
    const KIND: Kind = Kind::Library;

    type Group<K: Key, V: Value> = Queued<K, V>;
    type Fallible = ResultAsValue<Queued<u64, Result<u64, Failure>>>;
}

/// One group.
#[derive(Debug)]
pub struct Queued<K: Key, V: Value>(SingleFlight<K, V>);

impl<K: Key, V: Value> Default for Queued<K, V> {
    fn default() -> Self {
        Self(SingleFlight::new())
    }
}

impl<K: Key, V: Value> Group<K, V> for Queued<K, V> {
    type Output = V;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0.work(key.clone(), load)
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        Ok(output)
    }
}
