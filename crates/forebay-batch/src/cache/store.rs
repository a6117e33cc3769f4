//! A map of bounded size that runs none of the user's code under its locks but a key's `Eq`.
//!
//! The map itself hashes keys while it grows and evicts, clones values while it is read, and drops
//! what it has no room for while it is written: each time under a lock, and some of them halfway
//! through a change. So keys come with their hash, values are pointers to the user's, and what is
//! evicted is carried out of the lock.

use std::hash::{BuildHasher, Hash, Hasher};

use quick_cache::sync::Cache as Map;
use quick_cache::{Equivalent, Lifecycle, OptionsBuilder, UnitWeighter};

/// Parts with a lock of their own; fixed, so that the same keys fit on every machine.
const SHARDS_MAX: usize = 32;

/// A part with room for fewer would often overflow while others are empty.
const SHARD_CAPACITY_MIN: usize = 32;

/// At most `capacity` values, each under a key; values are cloned under a lock.
pub(super) struct Store<K, T, S> {
    hasher: S,
    map: Map<Hashed<K>, T, UnitWeighter, KnownHash, CarryOut>,
}

impl<K, T, S> Store<K, T, S>
where
    K: Eq,
    T: Clone,
{
    pub(super) fn new(capacity: usize, hasher: S) -> Self {
        let mut shards = SHARDS_MAX;
        while shards > 1 && capacity / shards < SHARD_CAPACITY_MIN {
            shards /= 2;
        }
        // Equal parts of it, rounded down: more than was asked for is never kept.
        let capacity = capacity - capacity % shards;
        let options = OptionsBuilder::new()
            .shards(shards)
            .estimated_items_capacity(capacity)
            .weight_capacity(capacity as u64)
            .build()
            .expect("both capacities are given");
        Self {
            hasher,
            map: Map::with_options(options, UnitWeighter, KnownHash::default(), CarryOut),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// Removes whatever was put in before the call, one by one, so that each is dropped unlocked.
    pub(super) fn clear(&self) {
        self.map.drain().for_each(drop);
    }
}

impl<K, T, S> Store<K, T, S>
where
    K: Eq + Hash,
    T: Clone,
    S: BuildHasher,
{
    #[inline]
    pub(super) fn get(&self, key: &K) -> Option<T> {
        self.map.get(&self.lookup(key))
    }

    pub(super) fn insert(&self, key: K, value: T) {
        let hash = self.hasher.hash_one(&key);
        self.map.insert(Hashed { hash, key }, value);
    }

    pub(super) fn remove(&self, key: &K) {
        drop(self.map.remove(&self.lookup(key)));
    }

    #[cfg(feature = "tokio")]
    pub(super) fn remove_if(&self, key: &K, is_meant: impl FnOnce(&T) -> bool) {
        drop(self.map.remove_if(&self.lookup(key), is_meant));
    }

    fn lookup<'a>(&self, key: &'a K) -> Lookup<'a, K> {
        let hash = self.hasher.hash_one(key);
        Lookup { hash, key }
    }
}

/// A key and its hash.
struct Hashed<K> {
    hash: u64,
    key: K,
}

impl<K: Eq> PartialEq for Hashed<K> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.key == other.key
    }
}

impl<K: Eq> Eq for Hashed<K> {}

impl<K> Hash for Hashed<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A [`Hashed`] key that is only asked for.
struct Lookup<'a, K> {
    hash: u64,
    key: &'a K,
}

impl<K> Hash for Lookup<'_, K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K: Eq> Equivalent<Hashed<K>> for Lookup<'_, K> {
    fn equivalent(&self, key: &Hashed<K>) -> bool {
        self.hash == key.hash && *self.key == key.key
    }
}

/// Gives back the hash that a key comes with.
#[derive(Clone, Default)]
struct KnownHash(u64);

impl BuildHasher for KnownHash {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

impl Hasher for KnownHash {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Collects what an insertion evicts; the map drops the collection after the lock is free.
#[derive(Clone)]
struct CarryOut;

/// Nearly always at most one, which costs no allocation.
struct Evicted<K, T> {
    first: Option<(Hashed<K>, T)>,
    others: Vec<(Hashed<K>, T)>,
}

impl<K, T> Default for Evicted<K, T> {
    fn default() -> Self {
        Self {
            first: None,
            others: Vec::new(),
        }
    }
}

impl<K, T> Lifecycle<Hashed<K>, T> for CarryOut {
    type RequestState = Evicted<K, T>;

    fn on_evict(&self, evicted: &mut Evicted<K, T>, key: Hashed<K>, value: T) {
        if evicted.first.is_none() {
            evicted.first = Some((key, value));
        } else {
            evicted.others.push((key, value));
        }
    }
}
