use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use forebay_core::{LoadError, LoadResult};
use forebay_rt::alarm::{Alarm, NEVER, Timed};
use forebay_rt::sync::{Mutex, MutexGuard, lock};
use forebay_rt::{BoxFuture, RuntimeGone, panic_message, polling, wake_all};

use crate::cache::Cache;
use crate::driving::Driving;
use crate::hits::Hits;
use crate::hooks::{Hooks, Permits};
use crate::inline::Crowd;
use crate::loads::{Arrival, Entered, Entry, Fill, Loads, Sealed, Unsettled};
use crate::observe::Asker;
use crate::policy::{Join, OnError};
use crate::queue::{BatchId, Start, Trigger};
use crate::stats::Stats;

/// What the handles, the loads and the drivers of one batcher share.
pub(crate) struct Shared<K, V, E, G> {
    pub(crate) loads: Mutex<Loads<K, V, E, G>>,
    pub(crate) hooks: Hooks<K, G>,
    pub(crate) settings: Settings,
    pub(crate) permits: Option<Permits<E>>,
    pub(crate) store: Option<Store<K, V, E>>,
    pub(crate) driving: Driving,
    pub(crate) carrier: Arc<dyn Carrier<K, V, E, G>>,
    /// What lets batches go whose time has come, where there is such a time.
    pub(crate) window: Option<(Alarm, u64)>,
    #[allow(dead_code, reason = "only spans and metrics show it")]
    pub(crate) name: Box<str>,
    pub(crate) this: Weak<Self>,
}

/// Settings that are read on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) rounds: u32,
    pub(crate) join: Join,
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) on_error: OnError,
    pub(crate) keep_abandoned: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rounds: 8,
            join: Join::InFlight,
            call_timeout: None,
            on_error: OnError::FailAll,
            keep_abandoned: false,
        }
    }
}

/// The cache, and what goes into it.
pub(crate) struct Store<K, V, E> {
    pub(crate) cache: Arc<dyn Cache<K, V, E>>,
    pub(crate) unsettled: Arc<Unsettled>,
    pub(crate) missing: bool,
    pub(crate) errors: bool,
    pub(crate) hits: Hits,
}

/// Makes drivers, for a backend whose type nobody else knows.
pub(crate) trait Carrier<K, V, E, G>: Send + Sync {
    fn carry(&self, shared: Arc<Shared<K, V, E, G>>, start: Start) -> BoxFuture<'static, ()>;
}

impl<K, V, E, G> Shared<K, V, E, G> {
    #[inline]
    pub(crate) fn loads(&self) -> MutexGuard<'_, Loads<K, V, E, G>> {
        lock(&self.loads)
    }

    /// The call of this batcher within which the thread is running, if it is.
    #[inline]
    pub(crate) fn parent(&self) -> Option<BatchId> {
        polling::innermost(self.address()).map(|(_, batch, _)| batch as BatchId)
    }

    pub(crate) fn frame(&self, batch: BatchId) -> polling::Frame {
        (self.address(), u64::from(batch), 0)
    }

    /// Takes a load out before it has its answer.
    pub(crate) fn leave(&self, entry: &Entry<V, E>) {
        let left = self.loads().leave(entry, self.settings.keep_abandoned);
        left.settle();
    }

    /// How many keys wait, and how many are in calls.
    pub(crate) fn load_counts(&self) -> (usize, usize) {
        let loads = self.loads();
        (loads.queue.waiting(), loads.queue.running())
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
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
            hash: self.hooks.hash(key),
            weight: self.hooks.weigh(key),
            group: self.hooks.group(key),
            parent: self.parent(),
            join,
            now: self.window.as_ref().map(|(alarm, _)| alarm.now()),
            asker: Asker::current(),
        }
    }

    /// The cache, if it may be asked.
    #[inline]
    pub(crate) fn readable(&self) -> Option<&Store<K, V, E>> {
        self.store
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
            self.loads().enter(arrival, waker, &mut entered)
        }))
        .unwrap_or_else(|payload| Err(LoadError::Panicked(panic_message(&*payload))));
        let began = self.begin(entered);
        let entry = result?;
        if began.is_err() && !self.loads().is_attended(entry.seat.batch) {
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
        let armed = entered.began.map_or(Ok(()), |batch| self.arm(batch));
        spawned.and(armed)
    }

    /// Waits on with another waker, unless the answer is there.
    pub(crate) fn wait(
        &self,
        entry: &Entry<V, E>,
        waker: &Waker,
    ) -> Result<Option<LoadResult<V, E>>, LoadError<E>> {
        let mut loads = self.loads();
        if entry.cell.is_set() {
            drop(loads);
            return Ok(entry.cell.get(entry.seat.slot).cloned());
        }
        let garbage = loads.register(entry, waker);
        let start = loads.restart(entry.seat.batch);
        drop(loads);
        drop(garbage);
        self.attend(entry.seat.batch, start).map(|()| None)
    }

    /// Sees to it that something carries out a batch whose driver or timer may have been lost with
    /// its runtime; fails if there is nothing.
    pub(crate) fn attend(&self, batch: BatchId, start: Option<Start>) -> Result<(), LoadError<E>> {
        let spawned = start.map_or(Ok(()), |start| self.spawn(start));
        if spawned.and(self.arm(batch)).is_err() && !self.loads().is_attended(batch) {
            return Err(LoadError::Closed);
        }
        Ok(())
    }

    /// Begins a driver; there must be nobody's lock around it.
    pub(crate) fn spawn(&self, start: Start) -> Result<(), RuntimeGone> {
        let Some(shared) = self.this.upgrade() else {
            return Err(RuntimeGone::new());
        };
        self.driving.spawn(self.carrier.carry(shared, start))
    }

    /// Begins drivers for starts that others can take over where there is no runtime.
    pub(crate) fn spawn_all(&self, starts: impl IntoIterator<Item = Start>) {
        for start in starts {
            // The start is given back, and those who wait for it have been woken.
            let _ = self.spawn(start);
        }
    }

    /// Sees to it that a waiting batch is let go when its time comes.
    pub(crate) fn arm(&self, batch: BatchId) -> Result<(), RuntimeGone> {
        let Some((alarm, window)) = &self.window else {
            return Ok(());
        };
        let arrived = self.loads().waiting_since(batch);
        match arrived {
            Some(arrived) => alarm.arm(&self.this, arrived.saturating_add(*window)),
            None => Ok(()),
        }
    }
}

/// Letting batches go whose time has come.
impl<K, V, E, G> Timed for Shared<K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    fn expire(&self, now: u64) -> u64 {
        let window = self.window.as_ref().map_or(0, |(_, window)| *window);
        let (oldest, starts) = {
            let mut loads = self.loads();
            let oldest = loads.queue.release_older(now.checked_sub(window));
            (oldest, loads.starts())
        };
        self.spawn_all(starts);
        oldest.map_or(NEVER, |oldest| oldest.saturating_add(window))
    }

    fn wake_timed(&self) {
        let waiting = self.loads().waiting_wakers();
        wake_all(waiting);
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
        let store = self.store.as_ref()?;
        if store.unsettled.is_clear() {
            store.cache.get(key)
        } else {
            None
        }
    }

    pub(crate) fn prime(&self, key: K, value: Option<V>) -> bool {
        let Some(store) = &self.store else {
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
        if let Some(store) = &self.store {
            store.cache.insert(key, Ok(value));
        }
    }

    /// First the call in flight, then the cache: the other way round, the call could fill what was
    /// just emptied.
    pub(crate) fn clear(&self, key: &K) {
        self.detach(key);
        if let Some(store) = &self.store {
            store.cache.remove(key);
        }
    }

    pub(crate) fn clear_all(&self) {
        self.loads().clear_all();
        if let Some(store) = &self.store {
            store.cache.clear();
        }
    }

    fn detach(&self, key: &K) {
        let hash = self.hooks.hash(key);
        self.loads().clear(hash, key);
    }

    /// Lets everything go that waits; returns how much it is.
    pub(crate) fn release_all(&self, trigger: Trigger) -> usize {
        let (count, starts) = {
            let mut loads = self.loads();
            (loads.queue.release_all(trigger), loads.starts())
        };
        self.spawn_all(starts);
        self.driving.pass_on();
        count
    }

    pub(crate) fn close(&self) {
        self.loads().queue.close();
        self.release_all(Trigger::Close);
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = {
            let loads = self.loads();
            Stats {
                waiting: loads.queue.waiting(),
                running: loads.queue.running(),
                ..loads.stats
            }
        };
        stats.hits = self.store.as_ref().map_or(0, |store| store.hits.total());
        stats
    }
}

/// What was wrong with a call, for the statistics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) timeouts: u64,
    pub(crate) bisections: u64,
    pub(crate) keys: u64,
    pub(crate) ignored: u64,
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
        let filled = self.fill(&sealed, &results);
        let mut landed = {
            let mut loads = self.loads();
            loads.stats.add(tally);
            loads.land(start, sealed.batch, results, &filled)
        };
        if let Some(store) = &self.store {
            store.take_out(&sealed.keys, &landed.stale);
        }
        let mut starts = std::mem::take(&mut landed.starts).into_iter();
        let next = starts.next();
        drop(sealed.keys);
        if let Some(keys) = landed.wake() {
            let garbage = self.loads().recycle(keys);
            drop(garbage);
        }
        self.spawn_all(starts);
        next
    }

    /// Puts into the cache what goes into it.
    fn fill(&self, sealed: &Sealed<K>, results: &[LoadResult<V, E>]) -> Vec<Fill> {
        let Some(store) = &self.store else {
            return Vec::new();
        };
        let mut filled = self.loads().fill(sealed.batch);
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

    /// Gives a start back that has sealed nothing.
    pub(crate) fn release(&self, start: Start) -> Option<Start> {
        let (group, drained, starts) = {
            let mut loads = self.loads();
            let group = loads.queue.release(start);
            (group, loads.drained(), loads.starts())
        };
        drop(group);
        wake_all(drained);
        let mut starts = starts.into_iter();
        let next = starts.next();
        self.spawn_all(starts);
        next
    }

    /// Gives back a start whose driver is lost; those who wait look for another one.
    pub(crate) fn lose_start(&self, start: Start) {
        let (group, waiting) = {
            let mut loads = self.loads();
            (loads.queue.release(start), loads.waiting_wakers())
        };
        drop(group);
        wake_all(waiting);
    }

    /// Ends a call whose driver is lost.
    pub(crate) fn lose_call(&self, start: Start, batch: BatchId) {
        let mut landed = {
            let mut loads = self.loads();
            let live = loads.queue.batch(batch).map_or(0, |batch| batch.live());
            let lost = std::iter::repeat_with(|| Err(LoadError::Abandoned)).take(live);
            loads.stats.lost += 1;
            loads.land(start, batch, lost.collect(), &[])
        };
        let starts = std::mem::take(&mut landed.starts);
        drop(landed.wake());
        self.spawn_all(starts);
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
        self.unsettled.settle(stale.len());
    }
}

impl<K, V, E, G> Crowd for Shared<K, V, E, G>
where
    K: Send + Sync,
    V: Send + Sync,
    E: Send + Sync,
    G: Send,
{
    fn wake_one(&self) -> bool {
        let (is_waited_for, waker) = self.loads().take_waker();
        wake_all(waker);
        is_waited_for
    }
}
