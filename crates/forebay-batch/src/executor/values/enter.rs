use std::any::Any;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use forebay_core::LoadError;
use forebay_rt::panic_message;

use crate::executor::values::{Lot, Part, Seat, Shared, Slot, Values};
use crate::observe::Asker;
use crate::queue::{BatchId, Start};

/// A value that is about to enter, with all that is found out about it outside of the lock.
pub(crate) struct Arrival<T, G> {
    pub(crate) value: T,
    pub(crate) weight: usize,
    pub(crate) group: Option<(u64, G)>,
}

/// Who brings values.
pub(crate) struct Caller<'a> {
    pub(crate) waker: &'a Waker,
    /// The call within which they are submitted.
    pub(crate) parent: Option<BatchId>,
    /// The time, where it matters.
    pub(crate) now: Option<u64>,
    pub(crate) asker: Asker,
}

/// What there is to do outside of the lock after values have entered.
pub(crate) struct Entered<T, G> {
    pub(crate) starts: Vec<Start>,
    pub(crate) began: Option<BatchId>,
    pub(crate) garbage: Vec<(Option<T>, Option<G>)>,
    /// Spans that a batch has enough of, to be dropped as well.
    pub(crate) askers: Vec<Asker>,
}

impl<T, G> Entered<T, G> {
    pub(crate) const fn new() -> Self {
        Self {
            starts: Vec::new(),
            began: None,
            garbage: Vec::new(),
            askers: Vec::new(),
        }
    }
}

impl<T, O, E, G: Eq + Hash> Values<T, O, E, G> {
    /// Lets values wait that need not go in one call; gives a seat or a failure for each.
    pub(crate) fn enter(
        &mut self,
        arrivals: Vec<Result<Arrival<T, G>, LoadError<E>>>,
        caller: &Caller<'_>,
        parts: &mut Vec<Part<O, E>>,
        entered: &mut Entered<T, G>,
    ) -> Vec<Result<Seat, LoadError<E>>> {
        let seat = |arrival: Result<Arrival<T, G>, _>| {
            let arrival = arrival?;
            let room = arrival.weight;
            self.seat(arrival, (None, room), caller, parts, entered)
        };
        arrivals.into_iter().map(seat).collect()
    }

    /// Lets values wait that go in one call, or refuses all of them.
    pub(crate) fn enter_whole(
        &mut self,
        arrivals: Vec<Result<Arrival<T, G>, LoadError<E>>>,
        caller: &Caller<'_>,
        parts: &mut Vec<Part<O, E>>,
        entered: &mut Entered<T, G>,
    ) -> Vec<Result<Seat, LoadError<E>>> {
        let count = arrivals.len();
        let mut whole = Vec::with_capacity(count);
        let mut failure = None;
        for arrival in arrivals {
            match arrival {
                Ok(arrival) => whole.push(arrival),
                Err(error) => failure = Some(error),
            }
        }
        let weight = whole
            .iter()
            .map(|arrival| arrival.weight)
            .fold(0, usize::saturating_add);
        let mut groups = whole.iter().map(|arrival| arrival.group.as_ref());
        let first = groups.next();
        let is_one_group = groups.all(|group| Some(group) == first);
        let fits = count == 1 || self.queue.fits(weight);
        if failure.is_none() && !(is_one_group && fits && self.queue.has_room(count)) {
            self.queue.stats.rejected += count as u64;
            failure = Some(LoadError::Rejected);
        }
        if let Some(error) = failure {
            let refused = whole.into_iter();
            entered.garbage.extend(
                refused.map(|arrival| (Some(arrival.value), arrival.group.map(|(_, group)| group))),
            );
            return std::iter::repeat_with(|| Err(error.clone()))
                .take(count)
                .collect();
        }
        let seat = |arrival| {
            // The first one finds a batch with room for all.
            let into = parts.first().map(|part| part.batch);
            self.seat(arrival, (into, weight), caller, parts, entered)
        };
        whole.into_iter().map(seat).collect()
    }

    /// Lets a value wait: in the batch that is given, or else in one that has this much room.
    fn seat(
        &mut self,
        arrival: Arrival<T, G>,
        (into, room): (Option<BatchId>, usize),
        caller: &Caller<'_>,
        parts: &mut Vec<Part<O, E>>,
        entered: &mut Entered<T, G>,
    ) -> Result<Seat, LoadError<E>> {
        let refusal = if self.queue.is_closed() {
            Some(LoadError::Closed)
        } else if self.queue.has_room(1) {
            None
        } else {
            self.queue.stats.rejected += 1;
            Some(LoadError::Rejected)
        };
        if let Some(error) = refusal {
            let group = arrival.group.map(|(_, group)| group);
            entered.garbage.push((Some(arrival.value), group));
            return Err(error);
        }
        let lane = match arrival.group {
            None => self.queue.only_lane(),
            Some((hash, group)) => {
                let (lane, garbage) = self.queue.lane_of(hash, group);
                if garbage.is_some() {
                    entered.garbage.push((None, garbage));
                }
                lane
            }
        };
        let id = into.unwrap_or_else(|| self.queue.open(lane, room, Lot::new));
        self.queue.admit(id, arrival.weight);
        self.queue.stats.loads += 1;
        let value = (arrival.value, arrival.weight);
        let seat = self.put(id, value, caller, parts, entered);
        let seat = seat.ok_or(LoadError::Closed)?;
        if seat.slot == 0 {
            entered.began.get_or_insert(id);
        }
        entered.starts.extend(self.queue.start(lane));
        Ok(seat)
    }

    /// Puts a value into a batch, and the batch among the parts of its call.
    fn put(
        &mut self,
        id: BatchId,
        (value, weight): (T, usize),
        caller: &Caller<'_>,
        parts: &mut Vec<Part<O, E>>,
        entered: &mut Entered<T, G>,
    ) -> Option<Seat> {
        let batch = self.queue.batch_mut(id)?;
        let slot = batch.body.slots.len() as u32;
        if let Some(now) = caller.now {
            batch.arrived.get_or_insert(now);
        }
        let known = parts.iter().rposition(|part| part.batch == id);
        batch.body.slots.push(Slot {
            value: Some(value),
            weight,
            waker: known.is_none().then(|| caller.waker.clone()),
        });
        let part = known.unwrap_or(parts.len()) as u32;
        if known.is_none() {
            batch.body.watchers += 1;
            let asker = caller.asker.clone();
            entered.askers.extend(batch.body.askers.add(asker));
            parts.push(Part {
                outbox: Arc::clone(&batch.body.outbox),
                batch: id,
                first: slot,
                parent: caller.parent,
            });
            if let Some(parent) = caller.parent {
                self.queue.nest(id, parent);
            }
        }
        Some(Seat { part, slot })
    }
}

impl<T, O, E, G> Shared<T, O, E, G> {
    /// Finds out about a value whatever must not be found out under the lock.
    pub(crate) fn arrival(&self, value: T) -> Result<Arrival<T, G>, LoadError<E>> {
        let found = catch_unwind(AssertUnwindSafe(|| {
            (self.own.weigh(&value), self.own.group(&value))
        }));
        let panicked = |payload: Box<dyn Any + Send>| LoadError::Panicked(panic_message(&*payload));
        let (weight, group) = found.map_err(panicked)?;
        Ok(Arrival {
            value,
            weight,
            group,
        })
    }
}
