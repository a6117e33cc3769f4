use std::any::Any;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use forebay_core::LoadError;
use forebay_rt::panic_message;

use crate::executor::values::{Lot, Part, Seat, Shared, Slot, Values};
use crate::observe::Asker;
use crate::queue::{BatchId, LaneId, Start};

/// A value that is about to enter, with all that is found out about it outside of the lock.
pub(crate) struct Arrival<T, G> {
    value: T,
    weight: usize,
    group: Option<(u64, G)>,
}

/// Values that are about to enter for one call.
pub(crate) struct Whole<T, G> {
    /// Each with its weight.
    values: Vec<(T, usize)>,
    weight: usize,
    group: Option<(u64, G)>,
}

/// Who brings values.
pub(crate) struct Caller {
    /// The call within which they are submitted.
    pub(crate) parent: Option<BatchId>,
    /// The time, where it matters.
    pub(crate) now: Option<u64>,
    pub(crate) asker: Asker,
}

/// What has become of a call's values when they have entered, and what there is to do outside of the
/// lock.
pub(crate) struct Entered<T, O, E, G> {
    pub(crate) seats: Vec<Result<Seat, LoadError<E>>>,
    pub(crate) parts: Vec<Part<O, E>>,
    pub(crate) starts: Vec<Start>,
    /// What was refused, and spans that a batch has enough of, to be dropped.
    pub(crate) garbage: (Vec<T>, Vec<G>, Vec<Asker>),
    /// The number of this call.
    ticket: u64,
}

impl<T, O, E, G> Entered<T, O, E, G> {
    pub(crate) const fn new() -> Self {
        Self {
            seats: Vec::new(),
            parts: Vec::new(),
            starts: Vec::new(),
            garbage: (Vec::new(), Vec::new(), Vec::new()),
            ticket: 0,
        }
    }

    fn refuse(&mut self, value: T, error: LoadError<E>) {
        self.garbage.0.push(value);
        self.seats.push(Err(error));
    }
}

impl<T, O, E, G: Eq + Hash> Values<T, O, E, G> {
    /// Lets values wait that need not go in one call.
    pub(crate) fn enter(
        &mut self,
        arrivals: Vec<Result<Arrival<T, G>, LoadError<E>>>,
        caller: &Caller,
        entered: &mut Entered<T, O, E, G>,
    ) {
        entered.ticket = self.ticket();
        for arrival in arrivals {
            let Arrival {
                value,
                weight,
                group,
            } = match arrival {
                Ok(arrival) => arrival,
                Err(error) => {
                    entered.seats.push(Err(error));
                    continue;
                }
            };
            match self.admit(1, true).and_then(|()| self.lane(group, entered)) {
                Ok(lane) => {
                    let id = self.queue.open(lane, weight, |_| Lot::new());
                    self.put(id, (value, weight), caller, entered);
                    entered.starts.extend(self.queue.start(lane));
                }
                Err(error) => entered.refuse(value, error),
            }
        }
    }

    /// Lets values wait that go in one call, or refuses all of them.
    pub(crate) fn enter_whole(
        &mut self,
        whole: Whole<T, G>,
        caller: &Caller,
        entered: &mut Entered<T, O, E, G>,
    ) {
        entered.ticket = self.ticket();
        let Whole {
            values,
            weight,
            group,
        } = whole;
        let fits = values.len() == 1 || self.queue.fits(weight);
        let admitted = self.admit(values.len(), fits);
        match admitted.and_then(|()| self.lane(group, entered)) {
            Ok(lane) => {
                let id = self.queue.open(lane, weight, |_| Lot::new());
                for value in values {
                    self.put(id, value, caller, entered);
                }
                entered.starts.extend(self.queue.start(lane));
            }
            Err(error) => {
                for (value, _) in values {
                    entered.refuse(value, error.clone());
                }
            }
        }
    }

    /// Refuses values that could not even become one call.
    pub(crate) fn refuse_whole(
        &mut self,
        count: usize,
        error: &LoadError<E>,
        entered: &mut Entered<T, O, E, G>,
    ) {
        let fits = !matches!(error, LoadError::Rejected);
        let refused = self.admit(count, fits).err();
        let refused = refused.unwrap_or_else(|| error.clone());
        let refusals = std::iter::repeat_with(|| Err(refused.clone()));
        entered.seats.extend(refusals.take(count));
    }

    /// Whether so many values may wait, if they fit at all.
    fn admit(&mut self, count: usize, fits: bool) -> Result<(), LoadError<E>> {
        if self.queue.is_closed() {
            Err(LoadError::Closed)
        } else if fits && self.queue.has_room(count) {
            Ok(())
        } else {
            self.queue.stats.rejected += count as u64;
            Err(LoadError::Rejected)
        }
    }

    /// The lane of a group; its own code that panics fails its own values.
    fn lane(
        &mut self,
        group: Option<(u64, G)>,
        entered: &mut Entered<T, O, E, G>,
    ) -> Result<LaneId, LoadError<E>> {
        let Some((hash, group)) = group else {
            return Ok(self.queue.only_lane());
        };
        let found = catch_unwind(AssertUnwindSafe(|| self.queue.lane_of(hash, group)));
        let (lane, garbage) = found.map_err(panicked)?;
        entered.garbage.1.extend(garbage);
        Ok(lane)
    }

    /// Puts a value into a batch, and the batch among the parts of its call.
    fn put(
        &mut self,
        id: BatchId,
        (value, weight): (T, usize),
        caller: &Caller,
        entered: &mut Entered<T, O, E, G>,
    ) {
        self.queue.admit(id, weight);
        self.queue.stats.loads += 1;
        let Some(batch) = self.queue.batch_mut(id) else {
            return entered.refuse(value, LoadError::Closed);
        };
        let lot = &mut batch.body;
        let slot = lot.slots.len() as u32;
        if let Some(now) = caller.now {
            lot.arrivals.push(now);
            batch.arrived.get_or_insert(now);
        }
        lot.slots.push(Slot {
            value: Some(value),
            weight,
            waker: None,
        });
        let is_new = lot.ticket.0 != entered.ticket;
        if is_new {
            lot.ticket = (entered.ticket, entered.parts.len() as u32);
            lot.watchers += 1;
            let asker = lot.askers.add(caller.asker.clone());
            entered.garbage.2.extend(asker);
            entered.parts.push(Part {
                outbox: Arc::clone(&lot.outbox),
                batch: id,
                first: slot,
                parent: caller.parent,
                is_left: false,
            });
        }
        let part = lot.ticket.1;
        entered.seats.push(Ok(Seat { part, slot }));
        if let Some(parent) = caller.parent.filter(|_| is_new) {
            self.queue.nest(id, parent);
        }
    }

    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }
}

/// Finding out about values whatever must not be found out under the lock.
impl<T, O, E, G> Shared<T, O, E, G> {
    pub(crate) fn arrival(&self, value: T) -> Result<Arrival<T, G>, LoadError<E>> {
        let found = catch_unwind(AssertUnwindSafe(|| {
            (self.own.weigh(&value), self.own.group(&value))
        }));
        let (weight, group) = found.map_err(panicked)?;
        Ok(Arrival {
            value,
            weight,
            group,
        })
    }

    /// The values of one call, unless they are of more than one group.
    pub(crate) fn whole(&self, values: Vec<T>) -> Result<Whole<T, G>, LoadError<E>>
    where
        G: Eq,
    {
        let mut whole = Whole {
            values: Vec::with_capacity(values.len()),
            weight: 0,
            group: None,
        };
        for value in values {
            let arrival = self.arrival(value)?;
            whole.weight = whole.weight.saturating_add(arrival.weight);
            if whole.values.is_empty() {
                whole.group = arrival.group;
            } else {
                let is_same = || whole.group == arrival.group;
                if !catch_unwind(AssertUnwindSafe(is_same)).map_err(panicked)? {
                    return Err(LoadError::Rejected);
                }
            }
            whole.values.push((arrival.value, arrival.weight));
        }
        Ok(whole)
    }
}

fn panicked<E>(payload: Box<dyn Any + Send>) -> LoadError<E> {
    LoadError::Panicked(panic_message(&*payload))
}
