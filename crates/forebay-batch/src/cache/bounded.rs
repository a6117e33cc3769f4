use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use foldhash::fast::RandomState;
use forebay_core::LoadResult;

use crate::cache::Cache;
use crate::cache::store::Store;

/// Keeps a bounded number of answers, those that are asked for most.
///
/// For a batcher that outlives its requests. Nothing grows stale by itself: clear what was changed,
/// or take `Ttl`. It is built on `quick_cache`, which an occasional walk through many keys does not
/// empty.
///
/// # Memory
///
/// There are never more answers than the capacity. Because keys spread unevenly over parts with a
/// lock of their own, some may be forgotten shortly before it is reached. Of up to half as many
/// forgotten keys, the hash is remembered in order to see which come back. Memory is allocated as
/// answers come.
///
/// # Examples
///
/// ```
/// use forebay_batch::{Bounded, Cache};
///
/// let cache = Bounded::<u64, u64, std::io::Error>::new(100);
/// for key in 0..1000 {
///     cache.insert(key, Ok(Some(key * key)));
/// }
/// assert!(cache.len() <= 100);
/// assert!(matches!(cache.get(&999), None | Some(Ok(Some(998_001)))));
/// ```
pub struct Bounded<K, V, E, S = RandomState> {
    capacity: usize,
    // Shared, so that the value is cloned after the lock is free.
    store: Store<K, Arc<LoadResult<V, E>>, S>,
}

impl<K: Eq, V, E> Bounded<K, V, E> {
    /// Creates a cache of at most `capacity` answers; with none, it keeps nothing.
    ///
    /// # Examples
    ///
    /// See [`Bounded`].
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::with_hasher(capacity, RandomState::default())
    }
}

impl<K: Eq, V, E, S> Bounded<K, V, E, S> {
    /// Creates a cache that hashes keys with `hasher`, for instance with std's `RandomState` where
    /// an attacker chooses the keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::RandomState;
    ///
    /// use forebay_batch::{Bounded, Cache};
    ///
    /// let cache = Bounded::<u64, &str, std::io::Error, _>::with_hasher(100, RandomState::new());
    /// cache.insert(7, Ok(Some("seven")));
    /// assert_eq!((cache.len(), cache.capacity()), (1, 100));
    /// ```
    #[must_use]
    pub fn with_hasher(capacity: usize, hasher: S) -> Self {
        Self {
            capacity,
            store: Store::new(capacity, hasher),
        }
    }

    /// Returns how many answers are kept.
    ///
    /// # Examples
    ///
    /// See [`Bounded`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Returns whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many answers may be kept.
    ///
    /// # Examples
    ///
    /// See [`with_hasher`](Bounded::with_hasher).
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }
}

impl<K, V, E, S> Cache<K, V, E> for Bounded<K, V, E, S>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    fn get(&self, key: &K) -> Option<LoadResult<V, E>> {
        self.store.get(key).map(|answer| (*answer).clone())
    }

    fn insert(&self, key: K, answer: LoadResult<V, E>) {
        self.store.insert(key, Arc::new(answer));
    }

    fn remove(&self, key: &K) {
        self.store.remove(key);
    }

    fn clear(&self) {
        self.store.clear();
    }
}

impl<K: Eq, V, E, S> fmt::Debug for Bounded<K, V, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
