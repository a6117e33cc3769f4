//! uniflight: a `DashMap` of weak once-cells.

use uniflight::{LeaderPanicked, Merger};

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Group, Key, Peer, ResultAsValue, Value};

/// The row of uniflight.
#[derive(Debug)]
pub struct Uniflight;

impl Peer for Uniflight {
    const NAME: &'static str = "uniflight 0.8.0";
    const KIND: Kind = Kind::Library;

    type Group<K: Key, V: Value> = Merged<K, V>;
    type Fallible = ResultAsValue<Merged<u64, Result<u64, Failure>>>;
}

/// One merger.
#[derive(Debug)]
pub struct Merged<K: Key, V: Value>(Merger<K, V>);

impl<K: Key, V: Value> Default for Merged<K, V> {
    fn default() -> Self {
        Self(Merger::new())
    }
}

impl<K: Key, V: Value> Group<K, V> for Merged<K, V> {
    type Output = Result<V, LeaderPanicked>;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0.execute(key, load)
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        output.map_err(|_| Failure)
    }
}
