//! What a library must offer to be compared: one trait, implemented once per peer.

use std::fmt::Debug;
use std::hash::Hash;

use crate::entry::Kind;
use crate::failure::Failure;

/// A library, or a floor, that stands in the tables.
pub trait Peer: 'static {
    /// The name of its row.
    const NAME: &'static str;

    /// What it is, which decides what it is compared with.
    const KIND: Kind;

    /// Whether concurrent calls of one key share a load.
    const COALESCES: bool = true;

    /// Whether it tells keys apart.
    const KEYED: bool = true;

    /// Whether loads run in tasks of their own, so that polling the caller does not move them.
    const DETACHES: bool = false;

    /// Its group of calls, for loads that cannot fail.
    type Group<K: Key, V: Value>: Group<K, V>;

    /// Its group of calls, for loads that can.
    type Fallible: Fallible;
}

/// A group of calls that share loads by key.
pub trait Group<K: Key, V: Value>: Default + Send + Sync + 'static {
    /// What a call gives, before it is made comparable.
    type Output: Send;

    /// Returns the library's own future for a call, with as little around it as its API allows.
    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static;

    /// Returns the answer in a call's output.
    ///
    /// # Errors
    ///
    /// The call's failure, where the library reports one.
    fn answer(output: Self::Output) -> Result<V, Failure>;

    /// Drops what a finished call of `key` left behind, so that the next one loads again.
    ///
    /// Only what remembers answers has something to do here.
    fn renew(&self, _key: &K) {}
}

/// A group of calls whose loads can fail.
pub trait Fallible: Default + Send + Sync + 'static {
    /// Calls for `key`.
    fn call<F, Fut>(&self, key: &u64, load: F) -> impl Future<Output = Result<u64, Failure>> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<u64, Failure>> + Send + 'static;
}

/// What the questions use as a key.
pub trait Key: Clone + Debug + Eq + Hash + Send + Sync + Unpin + 'static {
    /// Returns the key with this number.
    fn numbered(number: u64) -> Self;
}

impl Key for u64 {
    fn numbered(number: u64) -> Self {
        number
    }
}

impl Key for String {
    fn numbered(number: u64) -> Self {
        format!("account:{number:08}")
    }
}

/// What the questions use as a value.
pub trait Value: Clone + Debug + Send + Sync + Unpin + 'static {}

impl<V: Clone + Debug + Send + Sync + Unpin + 'static> Value for V {}

/// [`Fallible`] for peers that share one value among their callers: the value is a `Result`.
#[derive(Debug, Default)]
pub struct ResultAsValue<G>(G);

impl<G: Group<u64, Result<u64, Failure>>> Fallible for ResultAsValue<G> {
    async fn call<F, Fut>(&self, key: &u64, load: F) -> Result<u64, Failure>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<u64, Failure>> + Send + 'static,
    {
        G::answer(self.0.call(key, load).await)?
    }
}
