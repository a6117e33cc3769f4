use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use forebay_core::LoadError;
use forebay_rt::panic_message;

use crate::batcher::loads::Loads;
use crate::batcher::loads::answered::Cell;
use crate::batcher::loads::enter::{Arrival, Entered, Seat};
use crate::batcher::loads::keys::Place;
use crate::batcher::loads::leave::Left;
use crate::queue::BatchId;

/// One of the batches that a call for many keys waits for.
pub(crate) struct Part<V, E> {
    pub(crate) cell: Arc<Cell<V, E>>,
    pub(crate) batch: BatchId,
    /// Where the waker is, one for all keys of the part.
    place: Place,
    /// The call that waits for its keys, if one does.
    parent: Option<BatchId>,
}

/// A key that a call for many keys waits for: its part, and its slot there.
#[derive(Clone, Copy)]
pub(crate) struct Seated {
    pub(crate) part: u32,
    pub(crate) slot: u32,
}

impl Seated {
    /// The seat of a key that is about to get one.
    pub(crate) const fn nowhere() -> Self {
        Self { part: 0, slot: 0 }
    }
}

impl<K, V, E, G> Loads<K, V, E, G>
where
    K: Clone + Eq,
    G: Eq + Hash,
{
    /// Lets one of many keys wait for its answer, in one of `parts`, whose waker is left there later;
    /// a key's own code that panics fails its own load.
    pub(crate) fn enter_one_of_many(
        &mut self,
        ticket: u64,
        arrival: Arrival<'_, K, G>,
        parts: &mut Vec<Part<V, E>>,
        entered: &mut Entered<G>,
    ) -> Result<Seated, LoadError<E>> {
        let seated = catch_unwind(AssertUnwindSafe(|| self.seat(arrival, entered)));
        let (seat, _) = match seated {
            Ok(seated) => seated?,
            Err(payload) => return Err(LoadError::Panicked(panic_message(&*payload))),
        };
        let keys = self.keys_mut(seat.batch).ok_or(LoadError::Closed)?;
        if keys.ticket.0 != ticket {
            keys.ticket = (ticket, parts.len() as u32);
            parts.push(Part {
                cell: Arc::clone(&keys.cell),
                batch: seat.batch,
                place: Place::Crowd(keys.crowd.insert(None) as u32),
                parent: seat.parent,
            });
        }
        let part = keys.ticket.1;
        let slot = seat.slot;
        Ok(Seated { part, slot })
    }
}

impl<K, V, E, G> Loads<K, V, E, G> {
    /// A number for a call for many keys.
    pub(crate) fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Makes `waker` the one to wake for every part that has not landed; returns whether there is
    /// one. The wakers that it replaces go into `garbage`.
    pub(crate) fn register_parts(
        &mut self,
        parts: &[Part<V, E>],
        waker: &Waker,
        garbage: &mut Vec<Waker>,
    ) -> bool {
        let mut waits = false;
        for part in parts.iter().filter(|part| !part.cell.is_set()) {
            waits = true;
            if let Some(keys) = self
                .queue
                .batch_mut(part.batch)
                .map(|batch| &mut batch.body)
            {
                garbage.extend(keys.register(0, part.place, waker));
            }
        }
        waits
    }

    /// Takes a call for many keys out before it has all its answers.
    pub(crate) fn leave_many(
        &mut self,
        parts: &[Part<V, E>],
        seats: impl Iterator<Item = Seated>,
        keep_abandoned: bool,
    ) -> Left<K, V, E, G> {
        let mut left = Left::new();
        for part in parts.iter().filter(|part| !part.cell.is_set()) {
            if let Some(keys) = self
                .queue
                .batch_mut(part.batch)
                .map(|batch| &mut batch.body)
            {
                left.wakers.extend(keys.unregister(0, part.place));
            }
        }
        for Seated { part, slot } in seats {
            let Some(part) = parts.get(part as usize).filter(|part| !part.cell.is_set()) else {
                continue;
            };
            let seat = Seat {
                batch: part.batch,
                slot,
                parent: part.parent,
            };
            self.queue.stats.cancelled += 1;
            self.vacate(seat, keep_abandoned, &mut left);
        }
        left.drained = self.queue.drained();
        left
    }
}
