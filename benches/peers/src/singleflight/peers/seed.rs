//! The seed: the design that forebay started from, with its defects, which the questions show.
//!
//! A gateway's fetch coordinator in four steps: `acquire` makes the caller of a key its leader or
//! a follower, the leader loads and calls `publish_result`, a follower calls `wait_for_result`
//! under a timeout of its own and falls back to its own load when that passes. An answer is
//! cloned while the flight's lock is held; a leader that is dropped leaves its key behind; and a
//! follower that checks just before the answer is published misses the notification.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Group, Key, Peer, ResultAsValue, Value};

/// How long a follower waits before it falls back to its own load.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The row of the seed.
#[derive(Debug)]
pub struct Seed;

impl Peer for Seed {
    const NAME: &'static str = "seed";
    const KIND: Kind = Kind::Seed;

    type Group<K: Key, V: Value> = Coordinator<K, V>;
    type Fallible = ResultAsValue<Coordinator<u64, Result<u64, Failure>>>;
}

/// The loads in flight, by key.
#[derive(Debug)]
pub struct Coordinator<K, V> {
    flights: Mutex<HashMap<K, Arc<Flight<V>>>>,
}

/// A load that others may wait for.
#[derive(Debug)]
struct Flight<V> {
    outcome: Mutex<Option<Result<V, String>>>,
    finished: Notify,
}

/// What the caller of a key has become.
enum Role<V> {
    Leader(Arc<Flight<V>>),
    Follower(Arc<Flight<V>>),
}

impl<K, V> Default for Coordinator<K, V> {
    fn default() -> Self {
        Self {
            flights: Mutex::default(),
        }
    }
}

impl<K: Key, V: Value> Coordinator<K, V> {
    /// Makes the caller the leader of `key`, or a follower of the leader that there is.
    async fn acquire(&self, key: K) -> Role<V> {
        let mut flights = self.flights.lock().await;
        if let Some(flight) = flights.get(&key) {
            return Role::Follower(Arc::clone(flight));
        }
        let flight = Arc::new(Flight {
            outcome: Mutex::new(None),
            finished: Notify::new(),
        });
        flights.insert(key, Arc::clone(&flight));
        Role::Leader(flight)
    }

    /// Hands the outcome to the followers of `flight`, and frees `key`.
    async fn publish_result(&self, key: &K, flight: &Arc<Flight<V>>, outcome: Result<V, String>) {
        *flight.outcome.lock().await = Some(outcome);
        {
            let mut flights = self.flights.lock().await;
            if flights
                .get(key)
                .is_some_and(|current| Arc::ptr_eq(current, flight))
            {
                flights.remove(key);
            }
        }
        flight.finished.notify_waiters();
    }
}

impl<V: Value> Flight<V> {
    /// Waits until the outcome is published; `None` when that takes too long.
    async fn wait_for_result(&self) -> Option<Result<V, String>> {
        let published = async {
            loop {
                if let Some(outcome) = &*self.outcome.lock().await {
                    return outcome.clone();
                }
                self.finished.notified().await;
            }
        };
        tokio::time::timeout(WAIT_MAX, published).await.ok()
    }
}

impl<K: Key, V: Value> Group<K, V> for Coordinator<K, V> {
    type Output = Result<V, String>;

    async fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> Self::Output
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        match self.acquire(key.clone()).await {
            Role::Leader(flight) => {
                let value = load().await;
                self.publish_result(key, &flight, Ok(value.clone())).await;
                Ok(value)
            }
            Role::Follower(flight) => match flight.wait_for_result().await {
                Some(outcome) => outcome,
                None => Ok(load().await),
            },
        }
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        output.map_err(|_| Failure)
    }
}
