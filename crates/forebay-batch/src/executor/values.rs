//! The values that wait and those under way: everything that an executor's lock guards.

mod enter;
mod leave;

use std::hash::Hash;
use std::sync::Arc;
use std::task::Waker;

use forebay_core::LoadError;
use forebay_rt::wake_all;

pub(crate) use self::enter::{Caller, Entered};
use crate::desk::hooks::Hooks;
use crate::desk::{Desk, Work};
use crate::error::ExecuteError;
use crate::executor::outbox::Outbox;
use crate::observe::Askers;
use crate::queue::{BatchId, Beside, Queue, Rules, Start};

/// What the handles, those who wait and the drivers of one executor share.
pub(crate) type Shared<T, O, E, G> = Desk<Values<T, O, E, G>, Hooks<T, G>, E>;

/// What carrying out a value gave.
pub(crate) type Executed<O, E> = Result<O, ExecuteError<E>>;

/// The state of one executor.
pub(crate) struct Values<T, O, E, G> {
    pub(crate) queue: Queue<Lot<T, O, E>, G>,
    /// The number of the last call that brought values.
    tickets: u64,
}

/// The values of one batch.
pub(crate) struct Lot<T, O, E> {
    slots: Vec<Slot<T>>,
    outbox: Arc<Outbox<O, E>>,
    /// How many calls wait for it, each of them for at least one value.
    watchers: usize,
    /// The last call that brought some of the values, and the number of this batch among its parts.
    ticket: (u64, u32),
    /// When each value came, where that matters.
    arrivals: Vec<u64>,
    /// The first slot whose value may still wait.
    first: usize,
    askers: Askers,
}

struct Slot<T> {
    /// `None` once it was sent or withdrawn.
    value: Option<T>,
    weight: usize,
    /// The waker of a call, with the first of its values; left there when the call begins to wait.
    waker: Option<Waker>,
}

/// A batch that a call waits for, and the first of its values there.
pub(crate) struct Part<O, E> {
    outbox: Arc<Outbox<O, E>>,
    batch: BatchId,
    first: u32,
    parent: Option<BatchId>,
    /// The call does not wait for it any more.
    is_left: bool,
}

/// Where the result of a value will be.
#[derive(Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) part: u32,
    pub(crate) slot: u32,
}

/// A batch on its way to the backend.
pub(crate) struct Sealed<T> {
    pub(crate) batch: BatchId,
    pub(crate) values: Vec<T>,
    /// The position of each slot, where values were withdrawn.
    pub(crate) positions: Option<Vec<u32>>,
    /// How many wait for it, when its oldest value came where that is known, and who they are.
    pub(crate) seen: (usize, Option<u64>, Askers),
    pub(crate) beside: Beside,
}

/// What a batch that has landed leaves behind for outside of the lock.
pub(crate) struct Landed<T, O, E, G> {
    lot: Option<Lot<T, O, E>>,
    group: Option<G>,
    drained: Vec<Waker>,
    pub(crate) starts: Vec<Start>,
}

impl<T, O, E, G> Values<T, O, E, G> {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            queue: Queue::new(rules),
            tickets: 0,
        }
    }

    /// Takes a batch for a start, if anything waits; `is_called` unless there was no permit.
    pub(crate) fn seal(&mut self, start: Start, is_called: bool) -> Option<Sealed<T>> {
        let batch = self.queue.seal(start, is_called)?;
        let beside = self.queue.beside(start.lane);
        let sealed = self.queue.batch_mut(batch)?;
        let live = sealed.live();
        let askers = std::mem::take(&mut sealed.body.askers);
        let seen = (sealed.body.watchers, sealed.arrived, askers);
        let slots = &mut sealed.body.slots;
        let mut values = Vec::with_capacity(live);
        let positions = (live < slots.len()).then(|| {
            let before = slots.iter().scan(0, |live, slot| {
                let position = *live;
                *live += u32::from(slot.value.is_some());
                Some(position)
            });
            before.collect()
        });
        values.extend(slots.iter_mut().filter_map(|slot| slot.value.take()));
        Some(Sealed {
            batch,
            values,
            positions,
            seen,
            beside,
        })
    }

    /// Ends a call with its results.
    pub(crate) fn land(
        &mut self,
        start: Start,
        batch: BatchId,
        results: Vec<Executed<O, E>>,
        positions: Option<Vec<u32>>,
    ) -> Landed<T, O, E, G> {
        let (ended, group) = self.queue.finish(start, batch);
        let lot = ended.map(|ended| ended.body);
        if let Some(lot) = &lot {
            lot.outbox.set(results, positions);
        }
        Landed {
            lot,
            group,
            drained: self.queue.drained(),
            starts: self.queue.starts(),
        }
    }
}

impl<O, E> Part<O, E> {
    /// Whether results are still to come.
    pub(crate) fn is_waited_for(&self) -> bool {
        !self.is_left && !self.outbox.is_set()
    }

    pub(crate) const fn is_left(&self) -> bool {
        self.is_left
    }

    /// Takes the result of the value in this slot, if it was carried out.
    pub(crate) fn take(&self, slot: u32) -> Option<Executed<O, E>> {
        self.outbox.take(slot)
    }
}

impl<T, O, E> Lot<T, O, E> {
    fn new() -> Self {
        Self {
            slots: Vec::new(),
            outbox: Arc::new(Outbox::new()),
            watchers: 0,
            ticket: (0, 0),
            arrivals: Vec::new(),
            first: 0,
            askers: Askers::new(),
        }
    }

    /// When the oldest value came that still waits, where that matters.
    fn oldest(&mut self) -> Option<u64> {
        let waits = |slot: &Slot<T>| slot.value.is_some();
        self.first += self.slots.get(self.first..)?.iter().position(waits)?;
        self.arrivals.get(self.first).copied()
    }
}

impl<T, O, E, G> Landed<T, O, E, G> {
    /// Wakes everybody.
    pub(crate) fn wake(self) {
        wake_all(self.drained);
        drop(self.group);
        if let Some(mut lot) = self.lot {
            wake_all(lot.slots.iter_mut().filter_map(|slot| slot.waker.take()));
        }
    }
}

impl<T, O, E, G> Work for Values<T, O, E, G>
where
    T: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    type Body = Lot<T, O, E>;
    type Group = G;
    type Own = Hooks<T, G>;
    type Error = E;

    fn queue(&mut self) -> &mut Queue<Lot<T, O, E>, G> {
        &mut self.queue
    }

    fn take_wakers(lot: &mut Lot<T, O, E>) -> Vec<Waker> {
        let slots = lot.slots.iter_mut();
        slots.filter_map(|slot| slot.waker.take()).collect()
    }

    fn take_waker(lot: &mut Lot<T, O, E>) -> Option<Waker> {
        lot.slots.iter_mut().find_map(|slot| slot.waker.take())
    }

    fn watchers(lot: &Lot<T, O, E>) -> usize {
        lot.watchers
    }

    fn lose_call(desk: &Shared<T, O, E, G>, start: Start, batch: BatchId) {
        let mut landed = {
            let mut values = desk.work();
            let live = values.queue.batch(batch).map_or(0, |batch| batch.live());
            let lost = std::iter::repeat_with(|| Err(ExecuteError::Failed(LoadError::Abandoned)));
            values.queue.stats.lost += 1;
            values.land(start, batch, lost.take(live).collect(), None)
        };
        let starts = std::mem::take(&mut landed.starts);
        landed.wake();
        desk.publish(0, 0);
        desk.spawn_all(starts);
    }
}
