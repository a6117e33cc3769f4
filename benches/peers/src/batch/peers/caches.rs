//! Bare caches: what a hit costs without a loader around it.

use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::Either;

use crate::batch::backend::{Answer, Backend};
use crate::batch::peer::{Loader, NoSuchCall, Peer};
use crate::batch::peers::CACHE_CAPACITY;
use crate::entry::Kind;

/// A cache as the questions use it.
pub trait Store: Default + Send + Sync + 'static {
    /// Returns the value of `key`, if it is there.
    fn get(&self, key: &u64) -> Option<u64>;

    /// Puts in the value of `key`.
    fn insert(&self, key: u64, value: u64);
}

/// The row of quick_cache's own `get`.
#[derive(Debug)]
pub struct QuickCacheGet;

impl Peer for QuickCacheGet {
    const NAME: &'static str = "quick_cache 0.7.0, get";
    const SETTINGS: &'static str = "bare";
    const KIND: Kind = Kind::Floor;
    const REMEMBERS: bool = true;

    type Loader<B: Backend> = Through<B, Quick>;

    fn build<B: Backend>(backend: Arc<B>) -> Self::Loader<B> {
        Through::before(backend)
    }
}

/// The row of moka's own `get`.
#[derive(Debug)]
pub struct MokaGet;

impl Peer for MokaGet {
    const NAME: &'static str = "moka 0.12.16, get";
    const SETTINGS: &'static str = "bare";
    const KIND: Kind = Kind::Floor;
    const REMEMBERS: bool = true;

    type Loader<B: Backend> = Through<B, Moka>;

    fn build<B: Backend>(backend: Arc<B>) -> Self::Loader<B> {
        Through::before(backend)
    }
}

/// The row of std's map under a mutex.
#[derive(Debug)]
pub struct MapGet;

impl Peer for MapGet {
    const NAME: &'static str = "Mutex<HashMap>, get";
    const SETTINGS: &'static str = "bare, std's hasher";
    const KIND: Kind = Kind::Floor;
    const REMEMBERS: bool = true;

    type Loader<B: Backend> = Through<B, Map>;

    fn build<B: Backend>(backend: Arc<B>) -> Self::Loader<B> {
        Through::before(backend)
    }
}

/// quick_cache.
#[derive(Debug)]
pub struct Quick(quick_cache::sync::Cache<u64, u64>);

impl Default for Quick {
    fn default() -> Self {
        Self(quick_cache::sync::Cache::new(CACHE_CAPACITY))
    }
}

impl Store for Quick {
    fn get(&self, key: &u64) -> Option<u64> {
        self.0.get(key)
    }

    fn insert(&self, key: u64, value: u64) {
        self.0.insert(key, value);
    }
}

/// moka.
#[derive(Debug)]
pub struct Moka(moka::sync::Cache<u64, u64>);

impl Default for Moka {
    fn default() -> Self {
        Self(moka::sync::Cache::new(CACHE_CAPACITY as u64))
    }
}

impl Store for Moka {
    fn get(&self, key: &u64) -> Option<u64> {
        self.0.get(key)
    }

    fn insert(&self, key: u64, value: u64) {
        self.0.insert(key, value);
    }
}

/// std's map under a mutex.
#[derive(Debug, Default)]
pub struct Map(Mutex<HashMap<u64, u64>>);

impl Store for Map {
    fn get(&self, key: &u64) -> Option<u64> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(key).copied()
    }

    fn insert(&self, key: u64, value: u64) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.insert(key, value);
    }
}

/// A cache in front of a backend, without batches.
pub struct Through<B, S> {
    backend: Arc<B>,
    store: S,
}

impl<B, S: Store> Through<B, S> {
    fn before(backend: Arc<B>) -> Self {
        Self {
            backend,
            store: S::default(),
        }
    }
}

impl<B, S> fmt::Debug for Through<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").finish_non_exhaustive()
    }
}

impl<B: Backend, S: Store> Through<B, S> {
    async fn ask(&self, key: u64) -> Answer {
        let found = self.backend.find(&[key]).await?;
        B::end(&found)?;
        let value = B::value(&found, 0, key);
        if let Some(value) = value {
            self.store.insert(key, value);
        }
        Ok(value)
    }
}

impl<B: Backend, S: Store> Loader for Through<B, S> {
    const LOADS_MANY: bool = false;

    type Output = Answer;
    type Outputs = NoSuchCall;

    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Answer> + Send + 'a {
        match self.store.get(key) {
            Some(value) => Either::Left(ready(Ok(Some(value)))),
            None => Either::Right(self.ask(*key)),
        }
    }

    async fn load_many(&self, _keys: &[u64]) -> NoSuchCall {
        NoSuchCall
    }

    fn answer(output: Answer) -> Answer {
        output
    }

    fn answers(_keys: &[u64], _outputs: NoSuchCall) -> Vec<Answer> {
        Vec::new()
    }
}
