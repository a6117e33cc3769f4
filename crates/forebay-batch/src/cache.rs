//! Where answers are kept beyond the call that brought them.

mod per_request;
#[cfg(feature = "cache")]
mod bounded;
#[cfg(all(feature = "cache", feature = "tokio"))]
mod ttl;
#[cfg(feature = "cache")]
mod store;

use std::sync::Arc;

use forebay_core::LoadResult;

#[cfg(feature = "cache")]
pub use crate::cache::bounded::Bounded;
pub use crate::cache::per_request::PerRequest;
#[cfg(all(feature = "cache", feature = "tokio"))]
pub use crate::cache::ttl::Ttl;

/// Keeps answers, so that a key which was loaded need not be loaded again.
///
/// A batcher has none unless it is given one. It asks the cache before anything else, puts in what
/// its calls bring, and takes out what is cleared. What is worth keeping is the batcher's to say
/// (whether absent keys, whether failures); how long and how much of it is the cache's.
///
/// * [`PerRequest`] keeps everything and lives as long as one request.
/// * `Bounded` keeps as many answers as it is told to; it needs the feature `cache`.
/// * `Ttl` does, and forgets each after a while; it needs the features `cache` and `tokio`.
///
/// An `Arc` of a cache is a cache as well: keep a clone of it to look at the cache later, or to
/// share it among batchers.
///
/// # Semantics
///
/// * A cache may forget anything at any time. It never makes anything up: an answer that
///   [`get`](Cache::get) gives is the last one that was put in for this key.
/// * What [`remove`](Cache::remove) or [`clear`](Cache::clear) took out never comes back: once they
///   have returned, no `get` gives an answer that was put in before they were called. Of an
///   [`insert`](Cache::insert) that runs at the same time, either may come last.
/// * Several threads call at once. No lock of the batcher is held meanwhile, so a cache may run
///   any code, even that of the batcher's own callers.
/// * `get` runs within the poll of every load, so it must not block and should be quick: a bound on
///   waiting cannot interrupt it.
///
/// What lies outside of the process, behind a round trip, is not a cache in this sense. It belongs
/// into the backend, in front of the query.
///
/// # Examples
///
/// A cache of one's own, which keeps the answer that came last and nothing else:
///
/// ```
/// use std::sync::Mutex;
///
/// use forebay_batch::Cache;
/// use forebay_core::LoadResult;
///
/// struct Last<K, V, E>(Mutex<Option<(K, LoadResult<V, E>)>>);
///
/// impl<K, V, E> Cache<K, V, E> for Last<K, V, E>
/// where
///     K: Eq + Send + 'static,
///     V: Clone + Send + 'static,
///     E: Send + Sync + 'static,
/// {
///     fn get(&self, key: &K) -> Option<LoadResult<V, E>> {
///         let last = self.0.lock().ok()?;
///         last.as_ref().filter(|kept| kept.0 == *key).map(|kept| kept.1.clone())
///     }
///
///     fn insert(&self, key: K, answer: LoadResult<V, E>) {
///         let Ok(mut last) = self.0.lock() else { return };
///         let before = last.replace((key, answer));
///         // The user's destructors run after the lock is free.
///         drop(last);
///         drop(before);
///     }
///
///     fn remove(&self, key: &K) {
///         let Ok(mut last) = self.0.lock() else { return };
///         let before = last.take_if(|kept| kept.0 == *key);
///         drop(last);
///         drop(before);
///     }
///
///     fn clear(&self) {
///         let Ok(mut last) = self.0.lock() else { return };
///         let before = last.take();
///         drop(last);
///         drop(before);
///     }
/// }
///
/// let cache = Last::<u64, &str, std::io::Error>(Mutex::new(None));
/// cache.insert(1, Ok(Some("one")));
/// cache.insert(2, Ok(None));
/// assert!(cache.get(&1).is_none());
/// assert!(matches!(cache.get(&2), Some(Ok(None))));
/// cache.clear();
/// assert!(cache.get(&2).is_none());
/// ```
pub trait Cache<K, V, E>: Send + Sync + 'static {
    /// Returns the answer that is kept for `key`; `Some(Ok(None))` says that it has no value.
    fn get(&self, key: &K) -> Option<LoadResult<V, E>>;

    /// Keeps `answer` in place of what was kept for `key`, or forgets both.
    fn insert(&self, key: K, answer: LoadResult<V, E>);

    /// Forgets what is kept for `key`.
    fn remove(&self, key: &K);

    /// Forgets everything.
    fn clear(&self);

    /// Returns whether it is worth keeping that a key has no value, where the batcher was not told.
    ///
    /// `false` unless overridden: an absent key that appears would stay absent for those who ask.
    fn keeps_missing(&self) -> bool {
        false
    }
}

macro_rules! forward_to_pointee {
    ($($pointer:ty),*) => {$(
        impl<K, V, E, C: Cache<K, V, E> + ?Sized> Cache<K, V, E> for $pointer {
            fn get(&self, key: &K) -> Option<LoadResult<V, E>> {
                (**self).get(key)
            }

            fn insert(&self, key: K, answer: LoadResult<V, E>) {
                (**self).insert(key, answer);
            }

            fn remove(&self, key: &K) {
                (**self).remove(key);
            }

            fn clear(&self) {
                (**self).clear();
            }

            fn keeps_missing(&self) -> bool {
                (**self).keeps_missing()
            }
        }
    )*};
}

forward_to_pointee!(Arc<C>, Box<C>);
