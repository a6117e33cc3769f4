use std::task::Waker;

use forebay_rt::wake_all;

use crate::executor::values::{Lot, Part, Seat, Values};
use crate::queue::{BatchId, Queue, Start, Withdrawn};

/// What a call that has left leaves behind for outside of the lock.
#[must_use]
pub(crate) struct Left<T, O, E, G> {
    wakers: Vec<Waker>,
    values: Vec<T>,
    batches: Vec<Withdrawn<Lot<T, O, E>, G>>,
    drained: Vec<Waker>,
}

impl<T, O, E, G> Values<T, O, E, G> {
    /// Makes the caller's waker the one to wake for every part that has not landed, and gives
    /// those parts' batches, each with a start if there may be one.
    pub(crate) fn wait(
        &mut self,
        parts: &[Part<O, E>],
        waker: &Waker,
        garbage: &mut Vec<Waker>,
    ) -> Vec<(BatchId, Option<Start>)> {
        // Wakers come first: when the clone of one panics, no start is lost.
        for part in parts.iter().filter(|part| part.is_waited_for()) {
            if let Some(batch) = self.queue.batch_mut(part.batch)
                && let Some(slot) = batch.body.slots.get_mut(part.first as usize)
            {
                garbage.extend(slot.waker.replace(waker.clone()));
            }
        }
        let start = |part: &Part<O, E>| {
            let batch = self.queue.batch(part.batch)?;
            let (lane, is_running) = (batch.lane(), batch.is_running());
            let start = if is_running {
                None
            } else {
                self.queue.start(lane)
            };
            Some((part.batch, start))
        };
        let parts = parts.iter().filter(|part| part.is_waited_for());
        parts.filter_map(start).collect()
    }

    /// Takes a call out of those of its parts that are still waited for and that it `leaves`. Values
    /// that wait are taken back, and what was sent goes on.
    pub(crate) fn leave(
        &mut self,
        parts: &mut [Part<O, E>],
        seats: impl Iterator<Item = Seat>,
        leaves: impl Fn(&Queue<Lot<T, O, E>, G>, BatchId) -> bool,
    ) -> Left<T, O, E, G> {
        let mut left = Left {
            wakers: Vec::new(),
            values: Vec::new(),
            batches: Vec::new(),
            drained: Vec::new(),
        };
        for part in &mut *parts {
            if part.is_waited_for() && leaves(&self.queue, part.batch) {
                part.is_left = true;
                self.leave_part(part, &mut left);
            }
        }
        for seat in seats {
            if let Some(part) = parts.get(seat.part as usize).filter(|part| part.is_left) {
                self.queue.stats.cancelled += 1;
                self.take_back(part.batch, seat.slot, &mut left);
            }
        }
        left.drained = self.queue.drained();
        left
    }

    fn leave_part(&mut self, part: &Part<O, E>, left: &mut Left<T, O, E, G>) {
        if let Some(batch) = self.queue.batch_mut(part.batch) {
            batch.body.watchers -= 1;
            let slot = batch.body.slots.get_mut(part.first as usize);
            left.wakers.extend(slot.and_then(|slot| slot.waker.take()));
        }
        if let Some(parent) = part.parent {
            self.queue.unnest(part.batch, parent);
        }
    }

    /// Takes a value back, unless it was sent.
    fn take_back(&mut self, id: BatchId, slot: u32, left: &mut Left<T, O, E, G>) {
        let Some(batch) = self.queue.batch_mut(id) else {
            return;
        };
        let slot = batch.body.slots.get_mut(slot as usize);
        let taken = slot.and_then(|slot| slot.value.take().map(|value| (value, slot.weight)));
        let Some((value, weight)) = taken else {
            return;
        };
        left.values.push(value);
        self.queue.stats.withdrawn += 1;
        left.batches.extend(self.queue.withdraw(id, weight));
        if let Some(batch) = self.queue.batch_mut(id)
            && let Some(oldest) = batch.body.oldest()
        {
            batch.arrived = Some(oldest);
        }
    }
}

impl<T, O, E, G> Left<T, O, E, G> {
    /// Wakes and drops what was left behind.
    pub(crate) fn settle(mut self) {
        wake_all(self.batches.iter_mut().filter_map(Withdrawn::take_driver));
        wake_all(std::mem::take(&mut self.drained));
    }
}
