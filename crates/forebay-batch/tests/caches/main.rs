//! What holds for every cache, and what each one adds.
//!
//! * What a cache gives is what was put in last; what was taken out never comes back, whatever
//!   other threads do meanwhile.
//! * A bounded cache holds at most its capacity, at every moment; with none, nothing.
//! * Under a lock runs none of the user's code but a key's `Eq`: keys are hashed once in each call,
//!   and clones and drops of values may use the cache.
//! * A panic in a key or a value costs the call in which it happens, and nothing else.
//! * An expired answer is never given, and goes when it is met; asking prolongs nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod keeping;
mod foreign_code;
#[cfg(all(feature = "cache", feature = "tokio"))]
mod expiry;

use std::hash::Hash;

#[cfg(feature = "cache")]
use forebay_batch::Bounded;
#[cfg(all(feature = "cache", feature = "tokio"))]
use forebay_batch::Ttl;
use forebay_batch::{Cache, PerRequest};
use forebay_core::LoadResult;

type Answer<V> = LoadResult<V, &'static str>;
type Caches<K, V> = Vec<Box<dyn Cache<K, V, &'static str>>>;

/// Every cache, those with a bound with this one.
fn caches<K, V>(capacity: usize) -> Caches<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let mut caches = bounded(capacity);
    caches.push(Box::new(PerRequest::new()));
    caches
}

fn bounded<K, V>(capacity: usize) -> Caches<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    let _ = capacity;
    vec![
        #[cfg(feature = "cache")]
        Box::new(Bounded::new(capacity)),
        #[cfg(all(feature = "cache", feature = "tokio"))]
        Box::new(Ttl::new(capacity, std::time::Duration::from_secs(3600))),
    ]
}
