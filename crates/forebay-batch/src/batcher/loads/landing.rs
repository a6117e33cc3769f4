use std::sync::Arc;
use std::task::Waker;

use forebay_core::LoadResult;
use forebay_rt::wake_all;

use crate::batcher::loads::Loads;
use crate::batcher::loads::keys::{Keys, Slot};
use crate::observe::Askers;
use crate::queue::{BatchId, Beside, Start};

/// A batch on its way to the backend.
pub(crate) struct Sealed<K> {
    pub(crate) batch: BatchId,
    pub(crate) keys: Arc<Vec<K>>,
    /// How many loads waited for it when it was sealed, and who they were.
    pub(crate) waiters: usize,
    pub(crate) askers: Askers,
    /// When its oldest key came, where that is known.
    pub(crate) arrived: Option<u64>,
    /// Keys that nobody wanted any more, to be dropped outside of the lock.
    pub(crate) withdrawn: Vec<K>,
    pub(crate) beside: Beside,
}

/// What a batch that has landed leaves behind for outside of the lock.
pub(crate) struct Landed<K, V, E, G> {
    keys: Option<Box<Keys<K, V, E>>>,
    group: Option<G>,
    drained: Vec<Waker>,
    /// Calls that may start now.
    pub(crate) starts: Vec<Start>,
    /// The positions whose answers were put into the cache although they had become stale.
    pub(crate) stale: Vec<u32>,
    /// How many keys have become stale meanwhile, those among them whose answers are not kept.
    pub(crate) unsettled: usize,
}

/// A key whose answer may be cached: its slot and its position.
pub(crate) type Fill = (u32, u32);

impl<K, V, E, G> Loads<K, V, E, G> {
    /// Takes the batch for a start, if anything waits; `is_called` unless there was no permit.
    pub(crate) fn seal(&mut self, start: Start, is_called: bool) -> Option<Sealed<K>> {
        let batch = self.queue.seal(start, is_called)?;
        let beside = self.queue.beside(start.lane);
        let sealed = self.queue.batch_mut(batch)?;
        let live = sealed.live();
        let keys = &mut sealed.body;
        let withdrawn = keys.seal(live);
        Some(Sealed {
            batch,
            keys: Arc::clone(&keys.sealed),
            waiters: keys.watchers,
            askers: std::mem::take(&mut keys.askers),
            arrived: sealed.arrived,
            withdrawn,
            beside,
        })
    }

    /// Whether the call is to be dropped; if not, `driver` is woken when it is.
    pub(crate) fn is_abandoned(&mut self, batch: BatchId, driver: &Waker) -> (bool, Option<Waker>) {
        let Some(batch) = self.queue.batch_mut(batch) else {
            return (true, None);
        };
        let keys = &mut batch.body;
        if keys.abandoned {
            return (true, None);
        }
        let garbage = match &keys.driver {
            Some(known) if known.will_wake(driver) => None,
            _ => keys.driver.replace(driver.clone()),
        };
        (false, garbage)
    }

    /// The keys of a call whose answers may be put into the cache. From now on, a clear counts the
    /// keys that it concerns as unsettled.
    pub(crate) fn fill(&mut self, batch: BatchId) -> Vec<Fill> {
        let Some(batch) = self.queue.batch_mut(batch) else {
            return Vec::new();
        };
        let keys = &mut batch.body;
        keys.filling = true;
        let listed = keys
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.listed);
        let position = |slot: u32| match &keys.positions {
            Some(positions) => positions.get(slot as usize).copied().unwrap_or(slot),
            None => slot,
        };
        listed
            .map(|(slot, _)| (slot as u32, position(slot as u32)))
            .collect()
    }

    /// Ends a call with its answers. From now on its keys are not found any more.
    pub(crate) fn land(
        &mut self,
        start: Start,
        batch: BatchId,
        results: Vec<LoadResult<V, E>>,
        filled: &[Fill],
    ) -> Landed<K, V, E, G> {
        let (ended, group) = self.queue.finish(start, batch);
        let mut stale = Vec::new();
        let mut unsettled = 0;
        let keys = ended.map(|ended| {
            let mut keys = ended.body;
            let is_stale = |(slot, _): &&Fill| {
                let slot = keys.slots.get(*slot as usize);
                slot.is_some_and(|slot| !slot.listed)
            };
            stale.extend(
                filled
                    .iter()
                    .filter(is_stale)
                    .map(|(_, position)| *position),
            );
            unsettled = keys.unsettled;
            self.unlist_all(batch, &mut keys.slots);
            keys.cell.set(results, keys.positions.take());
            keys
        });
        Landed {
            keys,
            group,
            drained: self.queue.drained(),
            starts: self.queue.starts(),
            stale,
            unsettled,
        }
    }

    /// Takes all keys of a batch out of the table.
    fn unlist_all(&mut self, batch: BatchId, slots: &mut [Slot]) {
        let listed = slots.iter().filter(|slot| slot.listed).count();
        if listed == self.listed.len() {
            self.listed.clear();
            self.listed.shrink_to(LISTED_ROOM, |_| 0);
            return;
        }
        for (number, slot) in slots.iter_mut().enumerate() {
            if std::mem::take(&mut slot.listed) {
                self.unlist(slot.hash, batch, number as u32);
            }
        }
    }

    /// Takes an emptied batch for another one; gives it back where there are enough.
    pub(crate) fn recycle(&mut self, keys: Box<Keys<K, V, E>>) -> Option<Box<Keys<K, V, E>>> {
        if self.spare.len() >= SPARE_MAX {
            return Some(keys);
        }
        self.spare.push(keys);
        None
    }
}

/// How many keys the table keeps room for when there are none.
const LISTED_ROOM: usize = 4_096;

/// How many batches' memory is kept when nothing waits.
const SPARE_MAX: usize = 2;

impl<K, V, E, G> Landed<K, V, E, G> {
    /// Wakes everybody, and gives the batch, emptied.
    pub(crate) fn wake(self) -> Option<Box<Keys<K, V, E>>> {
        wake_all(self.drained);
        drop(self.group);
        let mut ended = self.keys?;
        wake_all(ended.slots.iter_mut().filter_map(|slot| slot.waker.take()));
        wake_all(ended.crowd.iter_mut().filter_map(|(_, waker)| waker.take()));
        ended.recycle()
    }
}
