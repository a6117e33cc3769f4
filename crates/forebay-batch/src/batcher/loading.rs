//! What a batcher does beside its lock: entering, waiting, landing, and the cache.

use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use forebay_core::{LoadError, LoadResult};
use forebay_rt::{RuntimeGone, panic_message};

use crate::batcher::hits::Hits;
use crate::batcher::loads::{Arrival, Entered, Entry, Fill, Keys, Loads, Sealed, Unsettled};
use crate::cache::Cache;
use crate::desk::hooks::Hooks;
use crate::desk::{Desk, Work};
use crate::observe::Asker;
use crate::policy::{Join, OnError};
use crate::queue::{BatchId, Queue, Start};
use crate::stats::{Stats, Tally};

/// What the handles, the loads and the drivers of one batcher share.
pub(crate) type Shared<K, V, E, G> = Desk<Loads<K, V, E, G>, Own<K, V, E, G>, E>;

/// What only batchers have beside their lock.
pub(crate) struct Own<K, V, E, G> {
    pub(crate) hash: Hash64<K>,
    pub(crate) hooks: Hooks<K, G>,
    pub(crate) join: Join,
    pub(crate) on_error: OnError,
    pub(crate) keep_abandoned: bool,
    pub(crate) store: Option<Store<K, V, E>>,
}

/// How keys are hashed.
pub(crate) type Hash64<K> = Box<dyn Fn(&K) -> u64 + Send + Sync>;

/// The cache, and what goes into it.
pub(crate) struct Store<K, V, E> {
    pub(crate) cache: Arc<dyn Cache<K, V, E>>,
    pub(crate) unsettled: Arc<Unsettled>,
    pub(crate) missing: bool,
    pub(crate) errors: bool,
    pub(crate) hits: Hits,
}

impl<K, V, E, G> Shared<K, V, E, G> {
    /// Takes a load out before it has its answer.
    pub(crate) fn leave(&self, entry: &Entry<V, E>) {
        let left = self.work().leave(entry, self.own.keep_abandoned);
        left.settle();
    }

    /// How many keys wait, and how many are in calls.
    pub(crate) fn load_counts(&self) -> (usize, usize) {
        let loads = self.work();
        (loads.queue.waiting(), loads.queue.running())
    }
}

impl<K, V, E, G> Shared<K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    /// Finds out about a key whatever must not be found out under the lock.
    #[inline]
    pub(crate) fn arrival<'k>(&self, key: &'k K, join: Join) -> Arrival<'k, K, G> {
        Arrival {
            key,
            hash: (self.own.hash)(key),
            weight: self.own.hooks.weigh(key),
            group: self.own.hooks.group(key),
            parent: self.parent(),
            join,
            now: self.now(),
            asker: Asker::current(),
        }
    }

    /// The cache, if it may be asked.
    #[inline]
    pub(crate) fn readable(&self) -> Option<&Store<K, V, E>> {
        self.own
            .store
            .as_ref()
            .filter(|store| store.unsettled.is_clear())
    }

    /// The answer that the cache has, if it may be asked.
    #[inline]
    pub(crate) fn cached(&self, key: &K) -> Option<LoadResult<V, E>> {
        let store = self.readable()?;
        let answer = store.cache.get(key)?;
        store.hits.count();
        Some(answer)
    }

    /// Lets a load wait for its answer; a key's own code that panics fails its own load.
    pub(crate) fn enter(
        &self,
        key: &K,
        join: Join,
        waker: &Waker,
    ) -> Result<Entry<V, E>, LoadError<E>> {
        let mut entered = Entered::new();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let arrival = self.arrival(key, join);
            let waker = waker.clone();
            self.work().enter(arrival, waker, &mut entered)
        }))
        .unwrap_or_else(|payload| Err(LoadError::Panicked(panic_message(&*payload))));
        let began = self.begin(entered);
        let entry = result?;
        if began.is_err() && !self.work().queue.is_attended(entry.seat.batch) {
            self.leave(&entry);
            return Err(LoadError::Closed);
        }
        Ok(entry)
    }

    /// Does what is to be done outside of the lock after something has entered.
    pub(crate) fn begin(&self, entered: Entered<G>) -> Result<(), RuntimeGone> {
        drop(entered.garbage);
        let spawned = entered.start.map_or(Ok(()), |start| self.spawn(start));
        self.spawn_all(entered.more);
        let armed = entered.waits.map_or(Ok(()), |batch| self.arm(batch));
        spawned.and(armed)
    }

    /// Waits on with another waker, unless the answer is there.
    pub(crate) fn wait(
        &self,
        entry: &Entry<V, E>,
        waker: &Waker,
    ) -> Result<Option<LoadResult<V, E>>, LoadError<E>> {
        let mut loads = self.work();
        if entry.cell.is_set() {
            drop(loads);
            return Ok(entry.cell.get(entry.seat.slot));
        }
        let garbage = loads.register(entry, waker);
        let start = loads.restart(entry.seat.batch);
        drop(loads);
        drop(garbage);
        self.attend(entry.seat.batch, start).map(|()| None)
    }
}

/// What users do to the cache, and to what waits and runs.
impl<K, V, E, G> Shared<K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    pub(crate) fn peek(&self, key: &K) -> Option<LoadResult<V, E>> {
        let store = self.own.store.as_ref()?;
        if store.unsettled.is_clear() {
            store.cache.get(key)
        } else {
            None
        }
    }

    pub(crate) fn prime(&self, key: K, value: Option<V>) -> bool {
        let Some(store) = &self.own.store else {
            return false;
        };
        if store.cache.get(&key).is_some() {
            return false;
        }
        self.detach(&key);
        store.cache.insert(key, Ok(value));
        true
    }

    pub(crate) fn replace(&self, key: K, value: Option<V>) {
        self.detach(&key);
        if let Some(store) = &self.own.store {
            store.cache.insert(key, Ok(value));
        }
    }

    /// First the call in flight, then the cache: the other way round, the call could fill what was
    /// just emptied.
    pub(crate) fn clear(&self, key: &K) {
        self.detach(key);
        if let Some(store) = &self.own.store {
            store.cache.remove(key);
        }
    }

    pub(crate) fn clear_all(&self) {
        self.work().clear_all();
        if let Some(store) = &self.own.store {
            store.cache.clear();
        }
    }

    fn detach(&self, key: &K) {
        let hash = (self.own.hash)(key);
        self.work().clear(hash, key);
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.work().queue.stats();
        stats.hits = self.hits();
        stats
    }
}

/// Landing.
impl<K, V, E, G> Shared<K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    /// Gives everybody who waits for a batch the answer, and returns the start to go on with.
    pub(crate) fn land(
        &self,
        start: Start,
        sealed: Sealed<K>,
        results: Vec<LoadResult<V, E>>,
        tally: Tally,
    ) -> Option<Start> {
        let keys = sealed.keys.len() as u64;
        let filled = self.fill(&sealed, &results);
        let mut landed = {
            let mut loads = self.work();
            loads.queue.stats.add(tally);
            loads.land(start, sealed.batch, results, &filled)
        };
        if let Some(store) = &self.own.store {
            store.take_out(&sealed.keys, &landed.stale);
            store.unsettled.settle(landed.unsettled);
        }
        let starts = std::mem::take(&mut landed.starts);
        drop(sealed.keys);
        if let Some(keys) = landed.wake() {
            let garbage = self.work().recycle(keys);
            drop(garbage);
        }
        self.publish(self.hits(), keys);
        self.go_on(starts)
    }

    /// How many keys were found in the cache.
    fn hits(&self) -> u64 {
        self.own
            .store
            .as_ref()
            .map_or(0, |store| store.hits.total())
    }

    /// Puts into the cache what goes into it.
    fn fill(&self, sealed: &Sealed<K>, results: &[LoadResult<V, E>]) -> Vec<Fill> {
        let Some(store) = &self.own.store else {
            return Vec::new();
        };
        let mut filled = self.work().fill(sealed.batch);
        filled.retain(|(_, position)| {
            let answer = results.get(*position as usize);
            answer.is_some_and(|answer| store.keeps(answer))
        });
        for (_, position) in &filled {
            let position = *position as usize;
            let (Some(key), Some(answer)) = (sealed.keys.get(position), results.get(position))
            else {
                continue;
            };
            // A cache that panics keeps nobody from their answers.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                store.cache.insert(key.clone(), answer.clone());
            }));
        }
        filled
    }
}

impl<K: 'static, V: 'static, E: 'static> Store<K, V, E> {
    fn keeps(&self, answer: &LoadResult<V, E>) -> bool {
        match answer {
            Ok(Some(_)) => true,
            Ok(None) => self.missing,
            Err(_) => self.errors,
        }
    }

    /// Takes answers out that have become stale while they were put in.
    fn take_out(&self, keys: &[K], stale: &[u32]) {
        for position in stale {
            if let Some(key) = keys.get(*position as usize) {
                let _ = catch_unwind(AssertUnwindSafe(|| self.cache.remove(key)));
            }
        }
    }
}

impl<K, V, E, G> Work for Loads<K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    type Body = Box<Keys<K, V, E>>;
    type Group = G;
    type Own = Own<K, V, E, G>;
    type Error = E;

    fn queue(&mut self) -> &mut Queue<Self::Body, G> {
        &mut self.queue
    }

    fn take_wakers(keys: &mut Self::Body) -> Vec<Waker> {
        keys.take_wakers()
    }

    fn take_waker(keys: &mut Self::Body) -> Option<Waker> {
        keys.take_waker()
    }

    fn watchers(keys: &Self::Body) -> usize {
        keys.watchers()
    }

    fn lose_call(desk: &Shared<K, V, E, G>, start: Start, batch: BatchId) {
        let mut landed = {
            let mut loads = desk.work();
            let live = loads.queue.batch(batch).map_or(0, |batch| batch.live());
            let lost = std::iter::repeat_with(|| Err(LoadError::Abandoned)).take(live);
            loads.queue.stats.lost += 1;
            loads.land(start, batch, lost.collect(), &[])
        };
        let starts = std::mem::take(&mut landed.starts);
        drop(landed.wake());
        desk.publish(desk.hits(), 0);
        desk.spawn_all(starts);
    }
}
