use std::task::Waker;

use crate::policy::Dispatch;
use crate::queue::Queue;
use crate::queue::batch::Batch;
use crate::queue::id::{BatchId, LaneId};
use crate::queue::lane::Lane;
use crate::queue::trigger::Trigger;

/// The right to one call in flight for a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) lane: LaneId,
    pub(crate) trigger: Trigger,
    /// How many units had come to the lane by then.
    pub(crate) arrived: u64,
    /// What tells it from all others of the queue; never 0.
    pub(crate) number: u64,
}

impl Start {
    /// Whether more could come that should go along.
    pub(crate) const fn gathers(self) -> bool {
        !matches!(self.trigger, Trigger::Nested | Trigger::Full)
    }

    /// Whether it is beyond the bound on calls, because a call in flight waits for it.
    pub(crate) fn is_nested(self) -> bool {
        self.trigger == Trigger::Nested
    }
}

/// What others may do when a batch was sealed, once the lock is free.
#[derive(Default)]
#[must_use]
pub(crate) struct Beside {
    pub(crate) starts: Vec<Start>,
    /// A driver whose units a call beyond the bound has taken.
    pub(crate) surplus: Option<Waker>,
}

impl<B, G> Queue<B, G> {
    /// Notes that a call in flight waits for a unit of this batch, which therefore may not wait for
    /// that call to end.
    pub(crate) fn nest(&mut self, id: BatchId, parent: BatchId) {
        let Some(batch) = self.batches.get_mut(id as usize) else {
            return;
        };
        batch.parents.push(parent);
        if !batch.is_running {
            batch.nested += 1;
            if let Some(lane) = self.lanes.get_mut(batch.lane as usize) {
                lane.nested += 1;
            }
        }
    }

    /// Undoes one [`nest`](Queue::nest), because nobody waits for the unit any more.
    pub(crate) fn unnest(&mut self, id: BatchId, parent: BatchId) {
        let Some(batch) = self.batches.get_mut(id as usize) else {
            return;
        };
        let Some(position) = batch.parents.iter().position(|known| *known == parent) else {
            return;
        };
        batch.parents.swap_remove(position);
        if !batch.is_running {
            batch.nested -= 1;
            if let Some(lane) = self.lanes.get_mut(batch.lane as usize) {
                lane.nested -= 1;
            }
        }
    }

    /// Whether the call `waiting` waits, directly or through others, for itself once it waits for
    /// `awaited`.
    pub(crate) fn is_cycle(&self, waiting: BatchId, awaited: BatchId) -> bool {
        let mut seen = Vec::new();
        let mut next = vec![waiting];
        while let Some(id) = next.pop() {
            if id == awaited {
                return true;
            }
            if !seen.contains(&id) {
                seen.push(id);
                let parents = self.batch(id).map(|batch| batch.parents.iter().copied());
                next.extend(parents.into_iter().flatten());
            }
        }
        false
    }

    /// A start for a lane that something was just put into, if there may be one.
    #[inline]
    pub(crate) fn start(&mut self, lane: LaneId) -> Option<Start> {
        let found = self.lane(lane)?;
        if found.nested == 0 && found.queue.len() <= found.starting {
            // What came goes along with what is about to start.
            return None;
        }
        self.start_more(lane)
    }

    fn start_more(&mut self, lane: LaneId) -> Option<Start> {
        let nested = self.start_nested(lane);
        nested.or_else(|| {
            self.consider(lane);
            self.next()
        })
    }

    /// A start beyond the bound, for what calls in flight wait for, unless one is on its way.
    fn start_nested(&mut self, lane: LaneId) -> Option<Start> {
        let found = self.lane_mut(lane)?;
        if found.nested == 0 || std::mem::replace(&mut found.nested_starting, true) {
            return None;
        }
        self.begin(lane, Trigger::Nested)
    }

    /// What others may do now that a batch of this lane was sealed.
    pub(crate) fn beside(&mut self, lane: LaneId) -> Beside {
        // What calls in flight wait for may stand in the next batch as well.
        let nested = self.start_nested(lane);
        let starts = nested.into_iter().chain(self.next()).collect();
        let surplus = self.lane_mut(lane).and_then(Lane::surplus_driver);
        Beside { starts, surplus }
    }

    /// The next start of any lane, if there may be one.
    pub(crate) fn next(&mut self) -> Option<Start> {
        while self.calls < self.rules.calls_max {
            let lane = self.turn.pop_front()?;
            if let Some(found) = self.lane_mut(lane) {
                found.in_turn = false;
            }
            let Some(trigger) = self.wants(lane) else {
                continue;
            };
            self.calls += 1;
            let start = self.begin(lane, trigger);
            self.consider(lane);
            return start;
        }
        None
    }

    fn begin(&mut self, lane: LaneId, trigger: Trigger) -> Option<Start> {
        self.started += 1;
        let number = self.started;
        let found = self.lane_mut(lane)?;
        found.starting += 1;
        Some(Start {
            lane,
            trigger,
            arrived: found.arrived,
            number,
        })
    }

    /// Whether there are more starts in a lane than batches for them; if not, `driver` is woken when
    /// there are. Gives what is to be dropped outside of the lock.
    pub(crate) fn is_surplus(
        &mut self,
        lane: LaneId,
        place: &mut Option<usize>,
        driver: &Waker,
    ) -> (bool, Option<Waker>) {
        let Some(lane) = self.lane_mut(lane) else {
            return (true, None);
        };
        if lane.starting > lane.queue.len() {
            return (true, None);
        }
        let place = *place.get_or_insert_with(|| lane.drivers.insert(None));
        let garbage = lane.drivers[place].replace(driver.clone());
        (false, garbage)
    }

    /// Forgets a driver that [`is_surplus`](Queue::is_surplus) has noted.
    pub(crate) fn unpark(&mut self, lane: LaneId, place: Option<usize>) -> Option<Waker> {
        self.lane_mut(lane)?.drivers.try_remove(place?)?
    }

    /// How many units have ever come to a lane, and whether its oldest batch is full.
    pub(crate) fn progress(&self, lane: LaneId) -> (u64, bool) {
        let Some(lane) = self.lane(lane) else {
            return (0, true);
        };
        let front = lane.queue.front().and_then(|id| self.batch(*id));
        let full = front.is_none_or(|batch| batch.is_full(self.rules.batch_max));
        (lane.arrived, full || lane.queue.len() > 1)
    }

    /// Takes the oldest batch of the lane for the call of this start, if it `is_called` and has not
    /// failed before that.
    pub(crate) fn seal(&mut self, start: Start, is_called: bool) -> Option<BatchId> {
        let lane = self.lanes.get_mut(start.lane as usize)?;
        if start.is_nested() && lane.nested == 0 {
            // No call in flight waits any more, so nothing may go beyond the bound.
            return None;
        }
        let id = lane.queue.pop_front()?;
        lane.starting -= 1;
        lane.calls += 1;
        if start.is_nested() {
            lane.nested_starting = false;
        }
        let batch = self.batches.get_mut(id as usize)?;
        batch.is_running = true;
        lane.waiting -= batch.live;
        lane.running += batch.live;
        lane.nested -= batch.nested;
        let live = batch.live;
        self.waiting -= live;
        self.running += live;
        if is_called {
            self.stats.calls += 1;
            self.stats.keys += live as u64;
            self.stats.batch_max = self.stats.batch_max.max(live as u64);
        }
        self.consider(start.lane);
        Some(id)
    }

    /// Gives a start back that has sealed nothing.
    pub(crate) fn release(&mut self, start: Start) -> Option<G> {
        if let Some(lane) = self.lane_mut(start.lane) {
            lane.starting -= 1;
            if start.is_nested() {
                lane.nested_starting = false;
            }
        }
        self.end(start)
    }

    /// Ends a call and gives its batch.
    pub(crate) fn finish(&mut self, start: Start, id: BatchId) -> (Option<Batch<B>>, Option<G>) {
        let batch = self.batches.try_remove(id as usize);
        if let Some(batch) = &batch {
            self.running -= batch.live;
            if let Some(lane) = self.lanes.get_mut(batch.lane as usize) {
                lane.calls -= 1;
                lane.running -= batch.live;
            }
            if !self.batches.is_empty() {
                self.forget_parent(id);
            }
        }
        let group = self.end(start);
        (batch, group)
    }

    /// Puts a lane where starts come from, if it wants one.
    #[inline]
    pub(super) fn consider(&mut self, lane: LaneId) {
        if self.wants(lane).is_some()
            && let Some(found) = self.lanes.get_mut(lane as usize)
            && !std::mem::replace(&mut found.in_turn, true)
        {
            self.turn.push_back(lane);
        }
    }

    fn end(&mut self, start: Start) -> Option<G> {
        if !start.is_nested() {
            self.calls -= 1;
        }
        self.consider(start.lane);
        self.settle();
        self.forget_lane(start.lane)
    }

    /// Its place may be taken by another batch, whose units nobody's parent waits for.
    fn forget_parent(&mut self, id: BatchId) {
        for (_, batch) in &mut self.batches {
            let before = batch.parents.len();
            batch.parents.retain(|parent| *parent != id);
            let gone = before - batch.parents.len();
            if gone > 0 && !batch.is_running {
                batch.nested -= gone;
                if let Some(lane) = self.lanes.get_mut(batch.lane as usize) {
                    lane.nested -= gone;
                }
            }
        }
    }

    /// Why a lane wants one more call, leaving aside whether one may start.
    #[inline]
    fn wants(&self, id: LaneId) -> Option<Trigger> {
        let lane = self.lane(id)?;
        let batch = self.batch(lane.unclaimed()?)?;
        if let Some(trigger) = batch.released {
            return Some(trigger);
        }
        let manual = self.rules.dispatch == Dispatch::Manual;
        let is_last = lane.queue.len() == lane.starting + 1;
        if !manual && (batch.is_full(self.rules.batch_max) || !is_last) {
            return Some(Trigger::Full);
        }
        if lane.starting > 0 {
            return None;
        }
        self.wants_partial(lane)
    }

    /// Why a lane wants a call for a batch that could still grow.
    #[inline]
    fn wants_partial(&self, lane: &Lane<G>) -> Option<Trigger> {
        let is_idle = lane.calls == 0;
        match self.rules.dispatch {
            Dispatch::Natural | Dispatch::MinSize(_) if is_idle => Some(Trigger::Idle),
            Dispatch::Natural => {
                let paced = lane.waiting.saturating_mul(self.rules.calls_max)
                    >= lane.waiting + lane.running;
                paced.then_some(Trigger::Paced)
            }
            Dispatch::MinSize(size) => (lane.waiting >= size).then_some(Trigger::Size),
            Dispatch::Window(_) | Dispatch::Manual => None,
        }
    }
}
