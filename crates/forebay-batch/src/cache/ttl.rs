use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use forebay_core::LoadResult;
use tokio::time::Instant;

use crate::cache::Cache;
use crate::cache::store::Store;

/// Keeps a bounded number of answers, and each for a limited time.
///
/// For a batcher that outlives its requests, over data that somebody else changes: an answer is
/// given until the time to live has passed since it was put in, and never again. Asking for it does
/// not prolong its life.
///
/// Time is tokio's, so a test that pauses the clock decides when answers expire. No timer runs and
/// no runtime is needed.
///
/// # Memory
///
/// As for `Bounded`, from which it differs in nothing else. An answer that has expired takes room
/// until somebody asks for it or room is needed.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use forebay_batch::{Cache, Ttl};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let cache = Ttl::<u64, &str, std::io::Error>::new(100, Duration::from_secs(60));
/// cache.insert(7, Ok(Some("seven")));
/// assert!(cache.get(&7).is_some());
/// # // The clock is paused, so this takes no time.
/// tokio::time::sleep(Duration::from_secs(60)).await;
/// assert!(cache.get(&7).is_none());
/// # }
/// ```
pub struct Ttl<K, V, E, S = RandomState> {
    capacity: usize,
    time_to_live: Duration,
    store: Store<K, Timed<V, E>, S>,
}

struct Timed<V, E> {
    /// `None` where the clock does not reach that far.
    expires: Option<Instant>,
    // Shared, so that the value is cloned after the lock is free.
    answer: Arc<LoadResult<V, E>>,
}

impl<K: Eq, V, E> Ttl<K, V, E> {
    /// Creates a cache of at most `capacity` answers, each given for `time_to_live`; without
    /// either, it keeps nothing.
    ///
    /// # Examples
    ///
    /// See [`Ttl`].
    #[must_use]
    pub fn new(capacity: usize, time_to_live: Duration) -> Self {
        Self::with_hasher(capacity, time_to_live, RandomState::default())
    }
}

impl<K: Eq, V, E, S> Ttl<K, V, E, S> {
    /// Creates a cache that hashes keys with `hasher`, for instance with std's `RandomState` where
    /// an attacker chooses the keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::RandomState;
    /// use std::time::Duration;
    ///
    /// use forebay_batch::{Cache, Ttl};
    ///
    /// let hour = Duration::from_secs(3_600);
    /// let cache = Ttl::<u64, &str, std::io::Error, _>::with_hasher(100, hour, RandomState::new());
    /// cache.insert(7, Ok(Some("seven")));
    /// assert_eq!((cache.len(), cache.capacity()), (1, 100));
    /// ```
    #[must_use]
    pub fn with_hasher(capacity: usize, time_to_live: Duration, hasher: S) -> Self {
        Self {
            capacity,
            time_to_live,
            store: Store::new(capacity, hasher),
        }
    }

    /// Returns how many answers are kept, those among them that have expired unnoticed.
    ///
    /// # Examples
    ///
    /// See [`with_hasher`](Ttl::with_hasher).
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
    /// See [`with_hasher`](Ttl::with_hasher).
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }
}

impl<K, V, E, S> Cache<K, V, E> for Ttl<K, V, E, S>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    fn get(&self, key: &K) -> Option<LoadResult<V, E>> {
        let kept = self.store.get(key)?;
        let now = Instant::now();
        if kept.has_expired(now) {
            // Only if it still is: somebody may have put in a newer one by now.
            self.store.remove_if(key, |kept| kept.has_expired(now));
            return None;
        }
        Some((*kept.answer).clone())
    }

    fn insert(&self, key: K, answer: LoadResult<V, E>) {
        let expires = Instant::now().checked_add(self.time_to_live);
        let answer = Arc::new(answer);
        self.store.insert(key, Timed { expires, answer });
    }

    fn remove(&self, key: &K) {
        self.store.remove(key);
    }

    fn clear(&self) {
        self.store.clear();
    }
}

impl<V, E> Timed<V, E> {
    fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// `V` need not be `Clone` for that, which a derive would ask for.
impl<V, E> Clone for Timed<V, E> {
    fn clone(&self) -> Self {
        Self {
            expires: self.expires,
            answer: Arc::clone(&self.answer),
        }
    }
}

impl<K: Eq, V, E, S> fmt::Debug for Ttl<K, V, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ttl")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .field("time_to_live", &self.time_to_live)
            .finish_non_exhaustive()
    }
}
