use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use forebay_core::LoadResult;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::cache::Cache;

/// Keeps every answer, for a batcher that lives as long as one request.
///
/// Within the request, each key is loaded once and everybody sees the same answer. The next request
/// has a batcher and a cache of its own, so nothing grows stale and no tenant sees what another one
/// was told.
///
/// # Memory
///
/// There is no bound: what one request asks for, it holds anyway, and all of it goes with the
/// request. Before a batcher that outlives its requests it would grow for ever; take `Bounded`
/// there. [`len`](PerRequest::len) says how large it is.
///
/// # Examples
///
/// ```
/// use forebay_batch::{Cache, PerRequest};
///
/// let cache = PerRequest::<u64, &str, std::io::Error>::new();
/// cache.insert(7, Ok(Some("seven")));
/// assert!(matches!(cache.get(&7), Some(Ok(Some("seven")))));
/// cache.remove(&7);
/// assert!(cache.get(&7).is_none());
/// ```
pub struct PerRequest<K, V, E, S = RandomState> {
    hasher: S,
    // One lock is enough for what the tasks of one request ask, and a request that asks for little
    // should pay for little.
    kept: Mutex<HashTable<Kept<K, V, E>>>,
}

struct Kept<K, V, E> {
    // Beside the key, so that a table which grows under the lock does not hash keys anew.
    hash: u64,
    key: K,
    // Shared, so that the value is cloned after the lock is free.
    answer: Arc<LoadResult<V, E>>,
}

impl<K, V, E> PerRequest<K, V, E> {
    /// Creates a cache that keeps everything. It allocates with the first answer.
    ///
    /// # Examples
    ///
    /// See [`PerRequest`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(RandomState::default())
    }
}

impl<K, V, E, S> PerRequest<K, V, E, S> {
    /// Creates a cache that hashes keys with `hasher`, for instance with std's `RandomState` where
    /// an attacker chooses the keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::RandomState;
    ///
    /// use forebay_batch::{Cache, PerRequest};
    ///
    /// let cache = PerRequest::<u64, &str, std::io::Error, _>::with_hasher(RandomState::new());
    /// assert!(cache.is_empty());
    /// cache.insert(7, Ok(Some("seven")));
    /// assert_eq!(cache.len(), 1);
    /// ```
    pub const fn with_hasher(hasher: S) -> Self {
        Self {
            hasher,
            kept: Mutex::new(HashTable::new()),
        }
    }

    /// Returns how many answers are kept.
    ///
    /// # Examples
    ///
    /// See [`with_hasher`](PerRequest::with_hasher).
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Returns whether nothing is kept.
    ///
    /// # Examples
    ///
    /// See [`with_hasher`](PerRequest::with_hasher).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Locks, whatever happened before: the only foreign code that runs under the lock is a key's
    /// `Eq`, before anything is changed.
    fn lock(&self) -> MutexGuard<'_, HashTable<Kept<K, V, E>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V, E, S> Cache<K, V, E> for PerRequest<K, V, E, S>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    fn get(&self, key: &K) -> Option<LoadResult<V, E>> {
        let hash = self.hasher.hash_one(key);
        let answer = {
            let kept = self.lock();
            Arc::clone(&kept.find(hash, |kept| kept.is(hash, key))?.answer)
        };
        Some((*answer).clone())
    }

    fn insert(&self, key: K, answer: LoadResult<V, E>) {
        let hash = self.hasher.hash_one(&key);
        let answer = Arc::new(answer);
        let new = Kept { hash, key, answer };
        let replaced = {
            let mut kept = self.lock();
            match kept.entry(hash, |kept| kept.is(hash, &new.key), |kept| kept.hash) {
                Entry::Occupied(mut old) => Some(mem::replace(old.get_mut(), new)),
                Entry::Vacant(place) => {
                    place.insert(new);
                    None
                }
            }
        };
        drop(replaced);
    }

    fn remove(&self, key: &K) {
        let hash = self.hasher.hash_one(key);
        let removed = {
            let mut kept = self.lock();
            let found = kept.find_entry(hash, |kept| kept.is(hash, key));
            found.ok().map(|kept| kept.remove().0)
        };
        drop(removed);
    }

    fn clear(&self) {
        let removed = mem::take(&mut *self.lock());
        drop(removed);
    }

    /// Within a request everybody sees the same, so what was absent stays so.
    fn keeps_missing(&self) -> bool {
        true
    }
}

impl<K: Eq, V, E> Kept<K, V, E> {
    fn is(&self, hash: u64, key: &K) -> bool {
        self.hash == hash && self.key == *key
    }
}

impl<K, V, E, S: Default> Default for PerRequest<K, V, E, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, V, E, S> fmt::Debug for PerRequest<K, V, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerRequest")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
