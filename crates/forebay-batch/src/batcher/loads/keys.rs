use std::sync::Arc;
use std::task::Waker;

use slab::Slab;

use crate::batcher::loads::answered::Cell;
use crate::observe::Askers;

/// The room for keys that is kept when nothing waits: a batch of the default size.
const ROOM_MAX: usize = 1_024;

/// The keys of one batch, and who waits for each.
///
/// ```text
/// keys    [ a ][ b ][ c ]      in the order of their first arrival
/// slots   [ 1 ][ 0 ][ 2 ]      how many wait for each: nobody wants b any more
/// crowd   further wakers of keys for which more than one load waits
/// ```
///
/// A key that was withdrawn keeps its slot until the batch is sealed; then it is left out, and
/// `positions` says where the others have moved to.
pub(crate) struct Keys<K, V, E> {
    pub(super) keys: Vec<K>,
    /// The keys as the backend sees them, once the batch is sealed; empty until then.
    pub(super) sealed: Arc<Vec<K>>,
    pub(super) is_sealed: bool,
    pub(super) positions: Option<Vec<u32>>,
    pub(super) slots: Vec<Slot>,
    pub(super) crowd: Slab<Option<Waker>>,
    pub(super) cell: Arc<Cell<V, E>>,
    /// How many loads wait for any of the keys.
    pub(super) watchers: usize,
    /// Nobody waits any more, and the call is to be dropped.
    pub(super) abandoned: bool,
    /// The answers are being put into the cache.
    pub(super) filling: bool,
    /// How many keys have become stale since then.
    pub(super) unsettled: usize,
    /// Whom to wake when the call is to be dropped.
    pub(super) driver: Option<Waker>,
    /// The last call for many keys that has some of these, and their part's number in it.
    pub(super) ticket: (u64, u32),
    /// When each key came, where that matters.
    pub(super) arrivals: Vec<u64>,
    /// The first slot that may still be wanted.
    pub(super) first: usize,
    pub(super) askers: Askers,
}

/// One key of a batch.
pub(crate) struct Slot {
    pub(super) hash: u64,
    pub(super) weight: usize,
    /// How many loads wait for it.
    pub(super) waits: u32,
    /// Whether later loads of the key find it.
    pub(super) listed: bool,
    /// The waker of the load that brought it.
    pub(super) waker: Option<Waker>,
}

/// Where a load has left its waker.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// With the key.
    Slot,
    /// In the crowd.
    Crowd(u32),
}

impl<K, V, E> Keys<K, V, E> {
    /// Begins a batch with room for this many keys.
    pub(super) fn with_room(keys: usize) -> Self {
        Self {
            keys: Vec::with_capacity(keys),
            sealed: Arc::new(Vec::new()),
            is_sealed: false,
            positions: None,
            slots: Vec::with_capacity(keys),
            crowd: Slab::new(),
            cell: Arc::new(Cell::new()),
            watchers: 0,
            abandoned: false,
            filling: false,
            unsettled: 0,
            driver: None,
            ticket: (0, 0),
            arrivals: Vec::new(),
            first: 0,
            askers: Askers::new(),
        }
    }

    /// Empties a batch that has ended, for the next one; `None` if somebody still has its keys.
    ///
    /// Called outside of the lock, since it drops what belongs to the user.
    pub(super) fn recycle(mut self: Box<Self>) -> Option<Box<Self>> {
        let sealed = Arc::get_mut(&mut self.sealed)?;
        self.keys = std::mem::take(sealed);
        self.keys.clear();
        self.keys.shrink_to(ROOM_MAX);
        self.is_sealed = false;
        self.positions = None;
        self.slots.clear();
        self.slots.shrink_to(ROOM_MAX);
        if self.crowd.capacity() > ROOM_MAX {
            self.crowd = Slab::new();
        }
        self.crowd.clear();
        self.cell = Arc::new(Cell::new());
        self.watchers = 0;
        self.abandoned = false;
        self.filling = false;
        self.unsettled = 0;
        self.driver = None;
        self.ticket = (0, 0);
        self.arrivals.clear();
        self.first = 0;
        Some(self)
    }

    /// Gives the keys to the backend; `live` of them are still wanted. The others are returned, to
    /// be dropped outside of the lock.
    pub(super) fn seal(&mut self, live: usize) -> Vec<K> {
        let withdrawn = self.compact(live);
        let keys = std::mem::take(&mut self.keys);
        match Arc::get_mut(&mut self.sealed) {
            Some(sealed) => *sealed = keys,
            None => self.sealed = Arc::new(keys),
        }
        self.is_sealed = true;
        withdrawn
    }

    /// The key in a slot that is wanted.
    #[inline]
    pub(super) fn key(&self, slot: u32) -> Option<&K> {
        if !self.is_sealed {
            return self.keys.get(slot as usize);
        }
        let position = match &self.positions {
            Some(positions) => *positions.get(slot as usize)?,
            None => slot,
        };
        self.sealed.get(position as usize)
    }

    /// Makes `waker` the one to wake at a place; returns the old one, to be dropped outside of the
    /// lock.
    pub(super) fn register(&mut self, slot: u32, place: Place, waker: &Waker) -> Option<Waker> {
        let known = match place {
            Place::Slot => &mut self.slots.get_mut(slot as usize)?.waker,
            Place::Crowd(place) => self.crowd.get_mut(place as usize)?,
        };
        match known {
            Some(known) if known.will_wake(waker) => None,
            _ => known.replace(waker.clone()),
        }
    }

    /// Forgets the waker at a place.
    pub(super) fn unregister(&mut self, slot: u32, place: Place) -> Option<Waker> {
        match place {
            Place::Slot => self.slots.get_mut(slot as usize)?.waker.take(),
            Place::Crowd(place) => self.crowd.try_remove(place as usize)?,
        }
    }

    /// How many loads wait for any of the keys.
    pub(crate) const fn watchers(&self) -> usize {
        self.watchers
    }

    /// Somebody who waits for a key.
    pub(crate) fn take_waker(&mut self) -> Option<Waker> {
        let in_slot = self.slots.iter_mut().find_map(|slot| slot.waker.take());
        in_slot.or_else(|| self.crowd.iter_mut().find_map(|(_, waker)| waker.take()))
    }

    /// Everyone who waits for a key.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        let slots = self.slots.iter_mut().filter_map(|slot| slot.waker.take());
        let crowd = self.crowd.iter_mut().filter_map(|(_, waker)| waker.take());
        slots.chain(crowd).collect()
    }

    /// Leaves out the keys that nobody wants any more; `live` are left. Gives the others, to be
    /// dropped outside of the lock.
    fn compact(&mut self, live: usize) -> Vec<K> {
        if live == self.keys.len() {
            return Vec::new();
        }
        let mut withdrawn = Vec::with_capacity(self.keys.len() - live);
        let mut kept = Vec::with_capacity(live);
        let mut positions = Vec::with_capacity(self.keys.len());
        for (key, slot) in self.keys.drain(..).zip(&self.slots) {
            positions.push(kept.len() as u32);
            let keep = if slot.waits > 0 {
                &mut kept
            } else {
                &mut withdrawn
            };
            keep.push(key);
        }
        self.keys = kept;
        self.positions = Some(positions);
        withdrawn
    }

    /// When the oldest key came that is still wanted, where that matters.
    pub(super) fn oldest(&mut self) -> Option<u64> {
        let wanted = |slot: &Slot| slot.waits > 0;
        let next = self.slots.get(self.first..)?.iter().position(wanted)?;
        self.first += next;
        self.arrivals.get(self.first).copied()
    }
}
