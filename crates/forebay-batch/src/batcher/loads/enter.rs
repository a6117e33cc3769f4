use std::hash::Hash;
use std::sync::Arc;
use std::task::Waker;

use forebay_core::LoadError;

use crate::batcher::loads::answered::Cell;
use crate::batcher::loads::keys::{Keys, Place, Slot};
use crate::batcher::loads::{Listing, Loads};
use crate::observe::Asker;
use crate::policy::Join;
use crate::queue::{BatchId, Start};

/// A load that is about to enter, with all that is found out about it outside of the lock.
pub(crate) struct Arrival<'a, K, G> {
    pub(crate) key: &'a K,
    pub(crate) hash: u64,
    pub(crate) weight: usize,
    /// The group and its hash, where there are groups.
    pub(crate) group: Option<(u64, G)>,
    /// The call within which the load is made.
    pub(crate) parent: Option<BatchId>,
    pub(crate) join: Join,
    /// The time, where it matters.
    pub(crate) now: Option<u64>,
    pub(crate) asker: Asker,
}

/// A key that is waited for.
pub(crate) struct Entry<V, E> {
    pub(crate) cell: Arc<Cell<V, E>>,
    pub(crate) seat: Seat,
    pub(crate) place: Place,
}

/// The place of a key, and the call that waits for it, if one does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) batch: BatchId,
    pub(crate) slot: u32,
    pub(crate) parent: Option<BatchId>,
}

/// What there is to do outside of the lock after something has entered.
pub(crate) struct Entered<G> {
    pub(crate) start: Option<Start>,
    /// Further starts, where many keys have entered.
    pub(crate) more: Vec<Start>,
    /// A batch that waits, whose deadline must be seen to.
    pub(crate) waits: Option<BatchId>,
    /// To be dropped.
    pub(crate) garbage: Vec<G>,
    /// Spans that a batch has enough of, to be dropped as well.
    pub(crate) askers: Vec<Asker>,
}

impl<G> Entered<G> {
    pub(crate) const fn new() -> Self {
        Self {
            start: None,
            more: Vec::new(),
            waits: None,
            garbage: Vec::new(),
            askers: Vec::new(),
        }
    }

    #[inline]
    fn starts(&mut self, start: Option<Start>) {
        match (start, &self.start) {
            (Some(start), Some(_)) => self.more.push(start),
            (Some(_), None) => self.start = start,
            (None, _) => {}
        }
    }
}

impl<K, V, E, G> Loads<K, V, E, G>
where
    K: Clone + Eq,
    G: Eq + Hash,
{
    /// Lets a load of one key wait for its answer.
    pub(crate) fn enter(
        &mut self,
        arrival: Arrival<'_, K, G>,
        waker: Waker,
        entered: &mut Entered<G>,
    ) -> Result<Entry<V, E>, LoadError<E>> {
        let (seat, is_new) = self.seat(arrival, entered)?;
        let keys = self.keys_mut(seat.batch).ok_or(LoadError::Closed)?;
        let place = if is_new && let Some(slot) = keys.slots.last_mut() {
            slot.waker = Some(waker);
            Place::Slot
        } else {
            Place::Crowd(keys.crowd.insert(Some(waker)) as u32)
        };
        let cell = Arc::clone(&keys.cell);
        Ok(Entry { cell, seat, place })
    }

    /// Finds or makes a place for a key; returns whether it was made.
    pub(super) fn seat(
        &mut self,
        arrival: Arrival<'_, K, G>,
        entered: &mut Entered<G>,
    ) -> Result<(Seat, bool), LoadError<E>> {
        if self.queue.is_closed() {
            entered
                .garbage
                .extend(arrival.group.map(|(_, group)| group));
            return Err(LoadError::Closed);
        }
        self.queue.stats.loads += 1;
        let listing = self.find(arrival.hash, arrival.key);
        let joined = listing.filter(|listing| match arrival.join {
            Join::InFlight => true,
            Join::SameBatch => !self.is_running(listing.batch),
            Join::Off => false,
        });
        match joined {
            Some(listing) => self
                .join(listing, arrival, entered)
                .map(|seat| (seat, false)),
            None => self.put(listing, arrival, entered).map(|seat| (seat, true)),
        }
    }

    #[inline]
    pub(super) fn keys_mut(&mut self, batch: BatchId) -> Option<&mut Keys<K, V, E>> {
        self.queue.batch_mut(batch).map(|batch| &mut *batch.body)
    }

    fn join(
        &mut self,
        Listing { batch, slot }: Listing,
        arrival: Arrival<'_, K, G>,
        entered: &mut Entered<G>,
    ) -> Result<Seat, LoadError<E>> {
        entered
            .garbage
            .extend(arrival.group.map(|(_, group)| group));
        if let Some(parent) = arrival.parent {
            if self.queue.is_cycle(parent, batch) {
                self.queue.stats.cycles += 1;
                return Err(LoadError::Cycle);
            }
            self.queue.nest(batch, parent);
        }
        if !self.is_running(batch) {
            // Its driver may have been lost with a runtime, and those who were woken for that, too.
            entered.starts(self.restart(batch));
            entered.waits.get_or_insert(batch);
        }
        self.queue.stats.joins += 1;
        let keys = self.keys_mut(batch).ok_or(LoadError::Closed)?;
        keys.watchers += 1;
        entered.askers.extend(keys.askers.add(arrival.asker));
        if let Some(slot) = keys.slots.get_mut(slot as usize) {
            slot.waits += 1;
        }
        let parent = arrival.parent;
        Ok(Seat {
            batch,
            slot,
            parent,
        })
    }

    fn put(
        &mut self,
        replaced: Option<Listing>,
        arrival: Arrival<'_, K, G>,
        entered: &mut Entered<G>,
    ) -> Result<Seat, LoadError<E>> {
        if !self.queue.has_room(1) {
            self.queue.stats.rejected += 1;
            entered
                .garbage
                .extend(arrival.group.map(|(_, group)| group));
            return Err(LoadError::Rejected);
        }
        // The key's own code comes first: when it panics, nothing has changed.
        let key = arrival.key.clone();
        if let Some(listing) = replaced {
            self.detach(arrival.hash, listing);
        }
        let lane = match arrival.group {
            None => self.queue.only_lane(),
            Some((hash, group)) => {
                let (lane, garbage) = self.queue.lane_of(hash, group);
                entered.garbage.extend(garbage);
                lane
            }
        };
        let spare = &mut self.spare;
        let id = self.queue.open(lane, arrival.weight, |before| {
            // Where one batch is full already, this one will be as well.
            spare
                .pop()
                .unwrap_or_else(|| Box::new(Keys::with_room(before)))
        });
        self.queue.admit(id, arrival.weight);
        let batch = self.queue.batch_mut(id).ok_or(LoadError::Closed)?;
        let keys = &mut batch.body;
        let slot = keys.slots.len() as u32;
        if let Some(now) = arrival.now {
            keys.arrivals.push(now);
            batch.arrived.get_or_insert(now);
        }
        entered.waits.get_or_insert(id);
        keys.keys.push(key);
        keys.slots.push(Slot {
            hash: arrival.hash,
            weight: arrival.weight,
            waits: 1,
            listed: true,
            waker: None,
        });
        keys.watchers += 1;
        entered.askers.extend(keys.askers.add(arrival.asker));
        self.list(arrival.hash, Listing { batch: id, slot });
        if let Some(parent) = arrival.parent {
            self.queue.nest(id, parent);
        }
        entered.starts(self.queue.start(lane));
        let parent = arrival.parent;
        Ok(Seat {
            batch: id,
            slot,
            parent,
        })
    }

    #[inline]
    fn list(&mut self, hash: u64, listing: Listing) {
        let queue = &self.queue;
        let hash_of = |listing: &Listing| {
            let keys = queue.batch(listing.batch).map(|batch| &batch.body);
            let slot = keys.and_then(|keys| keys.slots.get(listing.slot as usize));
            slot.map_or(0, |slot| slot.hash)
        };
        self.listed.insert_unique(hash, listing, hash_of);
    }
}

/// What becomes of a batch that waits.
impl<K, V, E, G> Loads<K, V, E, G> {
    /// Makes `waker` the one to wake; returns the old one, to be dropped outside of the lock.
    pub(crate) fn register(&mut self, entry: &Entry<V, E>, waker: &Waker) -> Option<Waker> {
        let batch = self.queue.batch_mut(entry.seat.batch)?;
        batch.body.register(entry.seat.slot, entry.place, waker)
    }

    /// A start for a batch that waits, if there may be one.
    pub(crate) fn restart(&mut self, batch: BatchId) -> Option<Start> {
        let waiting = self.queue.batch(batch)?;
        let lane = waiting.lane();
        if waiting.is_running() {
            None
        } else {
            self.queue.start(lane)
        }
    }
}
