//! What becomes of a cache when keys and values do odd things while it works with them.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, Weak, mpsc};
use std::thread;
use std::time::Duration;

use forebay_batch::Cache;

use crate::caches;

/// A key that counts how often it is hashed and may panic when it is compared.
#[derive(Clone, Debug)]
struct Touchy(u64);

thread_local! {
    static HASHES: Cell<usize> = const { Cell::new(0) };
    static IS_SORE: Cell<bool> = const { Cell::new(false) };
}

/// Says whether `act` panics while keys and values are sore.
fn hurts(act: impl FnOnce()) -> bool {
    IS_SORE.set(true);
    let end = catch_unwind(AssertUnwindSafe(act));
    IS_SORE.set(false);
    end.is_err()
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        assert!(!IS_SORE.get(), "compared");
        self.0 == other.0
    }
}

impl Eq for Touchy {}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        HASHES.set(HASHES.get() + 1);
        self.0.hash(state);
    }
}

#[test]
fn keys_are_hashed_once_in_each_call() {
    for cache in caches::<Touchy, u64>(10) {
        HASHES.set(0);
        for key in 0..1_000 {
            cache.insert(Touchy(key), Ok(None));
            cache.get(&Touchy(key));
            cache.remove(&Touchy(key / 2));
        }
        cache.clear();
        assert_eq!(HASHES.get(), 3_000);
    }
}

#[test]
fn panic_while_keys_are_compared_costs_that_call_only() {
    for cache in caches::<Touchy, u64>(100) {
        cache.insert(Touchy(1), Ok(Some(1)));
        assert!(hurts(|| drop(cache.get(&Touchy(1)))));
        assert!(hurts(|| cache.insert(Touchy(1), Ok(None))));
        assert!(hurts(|| cache.remove(&Touchy(1))));
        assert_eq!(cache.get(&Touchy(1)), Some(Ok(Some(1))));
        cache.insert(Touchy(2), Ok(Some(2)));
        cache.remove(&Touchy(1));
        assert_eq!(cache.get(&Touchy(1)), None);
        assert_eq!(cache.get(&Touchy(2)), Some(Ok(Some(2))));
    }
}

/// A value that panics when it is cloned or dropped.
#[derive(Debug)]
struct Sore;

impl Clone for Sore {
    fn clone(&self) -> Self {
        assert!(!IS_SORE.get(), "cloned");
        Self
    }
}

impl Drop for Sore {
    fn drop(&mut self) {
        assert!(!IS_SORE.get(), "dropped");
    }
}

#[test]
fn panic_while_a_value_is_cloned_or_dropped_costs_that_call_only() {
    for cache in caches::<u64, Sore>(100) {
        cache.insert(1, Ok(Some(Sore)));
        assert!(hurts(|| drop(cache.get(&1))));
        assert!(hurts(|| cache.insert(1, Ok(None))));
        assert!(matches!(cache.get(&1), Some(Ok(None))));
        cache.insert(1, Ok(Some(Sore)));
        assert!(hurts(|| cache.remove(&1)));
        assert!(cache.get(&1).is_none());
        cache.insert(1, Ok(Some(Sore)));
        assert!(hurts(|| cache.clear()));
        assert!(cache.get(&1).is_none());
        cache.insert(1, Ok(Some(Sore)));
        assert!(matches!(cache.get(&1), Some(Ok(Some(_)))));
    }
}

/// A value that uses its cache whenever it is cloned or dropped.
struct Meddler(Arc<OnceLock<Weak<Meddled>>>);

type Meddled = dyn Cache<u64, Meddler, &'static str>;

impl Meddler {
    fn meddle(&self) {
        let cache = self.0.get().and_then(Weak::upgrade);
        if let Some(cache) = cache {
            cache.insert(1, Ok(None));
            drop(cache.get(&1));
            cache.remove(&1);
        }
    }
}

impl Clone for Meddler {
    fn clone(&self) -> Self {
        self.meddle();
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.meddle();
    }
}

#[test]
fn clones_and_drops_of_values_may_use_the_cache() {
    let (tx, rx) = mpsc::channel();
    thread::spawn(move || {
        for cache in caches::<u64, Meddler>(100) {
            let cache = Arc::<dyn Cache<_, _, _>>::from(cache);
            let place = Arc::new(OnceLock::new());
            assert!(place.set(Arc::downgrade(&cache)).is_ok());
            // What was evicted comes back, and some of it is asked for: then several go at once.
            for key in (0..20).flat_map(|round| round..round + 130) {
                cache.insert(key, Ok(Some(Meddler(Arc::clone(&place)))));
                if key % 10 == 0 {
                    drop(cache.get(&key));
                }
            }
            (0..50).for_each(|key| cache.remove(&key));
            cache.clear();
        }
        tx.send(()).unwrap();
    });
    // Never waited for unless a lock is held: then the thread stands still.
    rx.recv_timeout(Duration::from_secs(60)).unwrap();
}
