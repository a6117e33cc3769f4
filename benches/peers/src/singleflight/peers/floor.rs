//! Floors: less than the whole job, to show how much of a figure no library can save.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::sync::Notify;

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Group, Key, Peer, ResultAsValue, Value};

/// The row of a load without any coalescing.
#[derive(Debug)]
pub struct Direct;

impl Peer for Direct {
    const NAME: &'static str = "floor: no coalescing";
    const KIND: Kind = Kind::Floor;
    const COALESCES: bool = false;

    type Group<K: Key, V: Value> = Straight;
    type Fallible = ResultAsValue<Straight>;
}

/// Nothing but the load.
#[derive(Debug, Default)]
pub struct Straight;

impl<K: Key, V: Value> Group<K, V> for Straight {
    type Output = V;

    fn call<'a, F, Fut>(&'a self, _key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        load()
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        Ok(output)
    }
}

/// The row of a map under a mutex in which each key is inserted, and removed after its load.
#[derive(Debug)]
pub struct Marked;

impl Peer for Marked {
    const NAME: &'static str = "floor: mutex, insert, remove";
    const KIND: Kind = Kind::Floor;
    const COALESCES: bool = false;

    type Group<K: Key, V: Value> = Marks<K>;
    type Fallible = ResultAsValue<Marks<u64>>;
}

/// The keys that are being loaded, and how many calls load them.
pub struct Marks<K>(Mutex<HashMap<K, u64, foldhash::fast::RandomState>>);

impl<K> Default for Marks<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K> fmt::Debug for Marks<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Marks").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Group<K, V> for Marks<K> {
    type Output = V;

    async fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> Self::Output
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone(), 1);
        let value = load().await;
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        value
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        Ok(output)
    }
}

/// The row of one `Notify` and one `OnceLock`, with no map and no key.
#[derive(Debug)]
pub struct Notified;

impl Peer for Notified {
    const NAME: &'static str = "floor: one Notify, no map";
    const KIND: Kind = Kind::Floor;
    const KEYED: bool = false;

    type Group<K: Key, V: Value> = Announced<V>;
    type Fallible = ResultAsValue<Announced<Result<u64, Failure>>>;
}

/// How many loads one [`Announced`] can have in its life.
const LOADS_MAX: usize = 16_384;

/// Loads one after another, and the callers that wait for the current one, whichever key they
/// name. All of them are made in advance, so that a call costs neither a lock nor an allocation.
#[derive(Debug)]
pub struct Announced<V> {
    loads: Vec<Announcement<V>>,
    current: AtomicUsize,
}

/// One load and its answer.
#[derive(Debug)]
struct Announcement<V> {
    led: AtomicBool,
    value: OnceLock<V>,
    published: Notify,
}

impl<V> Default for Announcement<V> {
    fn default() -> Self {
        Self {
            led: AtomicBool::new(false),
            value: OnceLock::new(),
            published: Notify::new(),
        }
    }
}

impl<V> Default for Announced<V> {
    fn default() -> Self {
        let loads = (0..LOADS_MAX).map(|_| Announcement::default()).collect();
        Self {
            loads,
            current: AtomicUsize::new(0),
        }
    }
}

impl<K: Key, V: Value> Group<K, V> for Announced<V> {
    type Output = V;

    async fn call<'a, F, Fut>(&'a self, _key: &'a K, load: F) -> Self::Output
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        let announcement = &self.loads[self.current.load(Ordering::Relaxed)];
        if !announcement.led.swap(true, Ordering::Relaxed) {
            let value = load().await;
            let value = announcement.value.get_or_init(|| value);
            announcement.published.notify_waiters();
            return value.clone();
        }
        // Made before the check, a `Notified` also sees what is published right after it.
        let published = announcement.published.notified();
        if announcement.value.get().is_none() {
            published.await;
        }
        let value = announcement.value.get();
        value
            .expect("the value is set before anybody is notified")
            .clone()
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        Ok(output)
    }

    fn renew(&self, _key: &K) {
        self.current.fetch_add(1, Ordering::Relaxed);
    }
}
