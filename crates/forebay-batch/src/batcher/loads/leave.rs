use std::task::Waker;

use forebay_rt::wake_all;

use crate::batcher::loads::Body;
use crate::batcher::loads::enter::{Entry, Seat};
use crate::batcher::loads::keys::Keys;
use crate::batcher::loads::{Listing, Loads};
use crate::queue::{BatchId, Withdrawn};

/// What a load that was dropped leaves behind, to be dropped and woken outside of the lock.
#[must_use]
pub(crate) struct Left<K, V, E, G> {
    pub(super) wakers: Vec<Waker>,
    batches: Vec<Withdrawn<Body<K, V, E>, G>>,
    /// The drivers of calls that nobody waits for any more.
    drivers: Vec<Waker>,
    pub(super) drained: Vec<Waker>,
}

impl<K, V, E, G> Loads<K, V, E, G> {
    /// Takes a load of one key out before it has its answer.
    pub(crate) fn leave(&mut self, entry: &Entry<V, E>, keep_abandoned: bool) -> Left<K, V, E, G> {
        let mut left = Left::new();
        if entry.cell.is_set() {
            return left;
        }
        if let Some(keys) = self.keys_of(entry.seat.batch) {
            left.wakers
                .extend(keys.unregister(entry.seat.slot, entry.place));
        }
        self.queue.stats.cancelled += 1;
        self.vacate(entry.seat, keep_abandoned, &mut left);
        left.drained = self.queue.drained();
        left
    }

    /// Takes one wait for a key back.
    pub(super) fn vacate(&mut self, seat: Seat, keep_abandoned: bool, left: &mut Left<K, V, E, G>) {
        let id = seat.batch;
        if let Some(parent) = seat.parent {
            self.queue.unnest(id, parent);
        }
        let Some(batch) = self.queue.batch_mut(id) else {
            return;
        };
        let is_running = batch.is_running();
        let keys = &mut batch.body;
        keys.watchers -= 1;
        let is_unwatched = keys.watchers == 0;
        let Some(slot) = keys.slots.get_mut(seat.slot as usize) else {
            return;
        };
        slot.waits -= 1;
        if is_running {
            if is_unwatched && !keep_abandoned {
                left.drivers.extend(self.abandon(id));
            }
            return;
        }
        if slot.waits > 0 {
            return;
        }
        let (hash, weight) = (slot.hash, slot.weight);
        if std::mem::take(&mut slot.listed) {
            self.unlist(hash, id, seat.slot);
        }
        self.queue.stats.withdrawn += 1;
        left.batches.extend(self.queue.withdraw(id, weight));
        if let Some(batch) = self.queue.batch_mut(id)
            && let Some(oldest) = batch.body.oldest()
        {
            batch.arrived = Some(oldest);
        }
    }

    /// Gives up a call that nobody waits for; later loads of its keys do not find it.
    fn abandon(&mut self, id: BatchId) -> Option<Waker> {
        self.queue.stats.abandoned += 1;
        self.detach_batch(id);
        let keys = self.keys_of(id)?;
        keys.abandoned = true;
        keys.driver.take()
    }

    /// Makes later loads of all keys of a call begin anew.
    fn detach_batch(&mut self, id: BatchId) {
        let slots = self.keys_of(id).map_or(0, |keys| keys.slots.len() as u32);
        for slot in 0..slots {
            let keys = self.keys_of(id);
            let found = keys.and_then(|keys| keys.slots.get(slot as usize));
            if let Some(hash) = found.filter(|found| found.listed).map(|found| found.hash) {
                self.detach(hash, Listing { batch: id, slot });
            }
        }
    }

    /// Makes later loads of a key begin anew. Its answer is not cached; where that is being done
    /// just now, the cache may not be asked until it is undone.
    pub(super) fn detach(&mut self, hash: u64, listing: Listing) {
        self.unlist(hash, listing.batch, listing.slot);
        let Some(keys) = self.keys_of(listing.batch) else {
            return;
        };
        if let Some(slot) = keys.slots.get_mut(listing.slot as usize) {
            slot.listed = false;
        }
        if keys.filling {
            keys.unsettled += 1;
            self.unsettled.add();
        }
    }

    /// Makes later loads of a key begin anew if its call is in flight.
    pub(crate) fn clear(&mut self, hash: u64, key: &K)
    where
        K: Eq,
    {
        let found = self.find(hash, key);
        if let Some(listing) = found.filter(|listing| self.is_running(listing.batch)) {
            self.detach(hash, listing);
        }
    }

    /// Makes later loads of all keys begin anew whose calls are in flight.
    pub(crate) fn clear_all(&mut self) {
        for id in self.queue.running_batches() {
            self.detach_batch(id);
        }
    }

    fn keys_of(&mut self, batch: BatchId) -> Option<&mut Keys<K, V, E>> {
        self.queue.batch_mut(batch).map(|batch| &mut *batch.body)
    }
}

impl<K, V, E, G> Left<K, V, E, G> {
    pub(super) const fn new() -> Self {
        Self {
            wakers: Vec::new(),
            batches: Vec::new(),
            drivers: Vec::new(),
            drained: Vec::new(),
        }
    }

    /// Wakes and drops what was left behind.
    pub(crate) fn settle(mut self) {
        wake_all(std::mem::take(&mut self.drivers));
        wake_all(self.batches.iter_mut().filter_map(Withdrawn::take_driver));
        wake_all(std::mem::take(&mut self.drained));
    }
}
