//! What a library must offer to be compared: a trait for its settings, and one for its loader.

use std::sync::Arc;

use crate::batch::backend::{Answer, Backend};
use crate::entry::Kind;

/// A library in one setting, or a floor, that stands in the tables.
pub trait Peer: 'static {
    /// The name of its row.
    const NAME: &'static str;

    /// How it is set.
    const SETTINGS: &'static str;

    /// What it is, which decides what it is compared with.
    const KIND: Kind;

    /// Whether it keeps the answers of loads that are over.
    const REMEMBERS: bool = false;

    /// How many keys a call has at most, by what it is set to or documents.
    const BATCH_MAX: usize = 1_000;

    /// Whether it reads no clock but tokio's, which can be moved by hand.
    const IS_VIRTUAL: bool = true;

    /// What its users load through.
    type Loader<B: Backend>: Loader;

    /// Builds a loader in front of `backend`. Some need to be inside of a runtime for that.
    fn build<B: Backend>(backend: Arc<B>) -> Self::Loader<B>;
}

/// What loads go through.
pub trait Loader: Send + Sync + 'static {
    /// Whether a load that fails says so, rather than that there is nothing.
    const FAILS: bool = true;

    /// Whether it has a call for many keys.
    const LOADS_MANY: bool = true;

    /// Whether a call can deliver what it found and then fail.
    const KEEPS_FOUND: bool = false;

    /// What a load gives, before it is made comparable.
    type Output: Send;

    /// What a load of many keys gives, before it is made comparable.
    type Outputs: Send;

    /// Returns the library's own future for a load, with as little around it as its API allows.
    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Self::Output> + Send + 'a;

    /// Returns the library's own future for a load of many keys.
    fn load_many<'a>(&'a self, keys: &'a [u64]) -> impl Future<Output = Self::Outputs> + Send + 'a;

    /// Returns the answer in a load's output.
    ///
    /// # Errors
    ///
    /// The load's failure, where the library reports one.
    fn answer(output: Self::Output) -> Answer;

    /// Returns the answers in the output of a load of many keys, in the order of the keys.
    fn answers(keys: &[u64], outputs: Self::Outputs) -> Vec<Answer>;

    /// Drops what it remembers of `key`; returns whether it has a way to.
    fn clear(&self, _key: u64) -> impl Future<Output = bool> + Send {
        async { false }
    }
}

/// What [`Loader::load_many`] gives of a library that has no such call.
#[derive(Debug)]
pub struct NoSuchCall;
