//! Which batches wait, which are under way, and which may start: pure bookkeeping, without locks,
//! clocks or code of the user.
//!
//! Work of one group waits in one *lane*, cut into batches that never exceed the maximum. A
//! *start* is the right to one call in flight: it is taken by a driver for a lane, not for a batch,
//! so that the batch can grow until the very moment it is sealed.

mod batch;
mod drains;
mod id;
mod lane;
mod rules;
mod start;
mod trigger;

use std::collections::VecDeque;
use std::hash::Hash;
use std::task::Waker;

use hashbrown::HashTable;
use slab::Slab;

pub(crate) use self::batch::Batch;
pub(crate) use self::id::{BatchId, LaneId};
pub(crate) use self::rules::Rules;
pub(crate) use self::start::{Beside, Start};
pub(crate) use self::trigger::Trigger;

use self::lane::Lane;
use crate::stats::Stats;

/// How many batches, and how many lanes, there is room for when nothing waits.
const ROOM: usize = 64;

/// Batches of `B`, kept apart by groups `G`.
pub(crate) struct Queue<B, G> {
    rules: Rules,
    batches: Slab<Batch<B>>,
    lanes: Slab<Lane<G>>,
    /// The lanes of groups, by hash; without groups there is one lane, which is not in it.
    groups: HashTable<(u64, LaneId)>,
    /// The lanes that want a call as soon as one may start, each once.
    turn: VecDeque<LaneId>,
    calls: usize,
    /// How many starts there have been.
    started: u64,
    waiting: usize,
    running: usize,
    closed: bool,
    /// Who waits for everything to have ended.
    drains: Slab<Option<Waker>>,
    pub(crate) stats: Stats,
    /// What metrics have shown of them.
    #[cfg(feature = "metrics")]
    published: Stats,
}

impl<B, G> Queue<B, G> {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            batches: Slab::new(),
            lanes: Slab::new(),
            groups: HashTable::new(),
            turn: VecDeque::new(),
            calls: 0,
            started: 0,
            waiting: 0,
            running: 0,
            closed: false,
            drains: Slab::new(),
            stats: Stats::default(),
            #[cfg(feature = "metrics")]
            published: Stats::default(),
        }
    }

    /// What has been done, and what waits and runs.
    pub(crate) const fn stats(&self) -> Stats {
        Stats {
            waiting: self.waiting,
            running: self.running,
            ..self.stats
        }
    }

    /// What metrics have shown so far, and what they show from now on.
    #[cfg(feature = "metrics")]
    pub(crate) const fn unpublished(&mut self, hits: u64) -> (Stats, Stats) {
        let now = Stats { hits, ..self.stats };
        (std::mem::replace(&mut self.published, now), now)
    }

    /// How many units wait.
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many units are in calls.
    pub(crate) const fn running(&self) -> usize {
        self.running
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether nothing waits and nothing runs.
    pub(crate) fn is_idle(&self) -> bool {
        self.batches.is_empty()
    }

    /// Whether one call can take this much.
    pub(crate) const fn fits(&self, weight: usize) -> bool {
        weight <= self.rules.batch_max
    }

    /// Whether there is room for `more` units.
    pub(crate) const fn has_room(&self, more: usize) -> bool {
        self.waiting.saturating_add(more) <= self.rules.waiting_max
    }

    #[inline]
    pub(crate) fn batch(&self, id: BatchId) -> Option<&Batch<B>> {
        self.batches.get(id as usize)
    }

    #[inline]
    pub(crate) fn batch_mut(&mut self, id: BatchId) -> Option<&mut Batch<B>> {
        self.batches.get_mut(id as usize)
    }

    pub(crate) fn batches_mut(&mut self) -> impl Iterator<Item = &mut Batch<B>> {
        self.batches.iter_mut().map(|(_, batch)| batch)
    }

    /// All calls that may start now.
    pub(crate) fn starts(&mut self) -> Vec<Start> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// When the oldest unit of a batch came that still waits, where that matters.
    pub(crate) fn waiting_since(&self, batch: BatchId) -> Option<u64> {
        let batch = self.batch(batch)?;
        if batch.is_running {
            None
        } else {
            batch.arrived
        }
    }

    /// Whether a driver will see to a batch: it has one, or one that is busy goes on to it. With a
    /// policy that waits for somebody else, that one has to be there.
    pub(crate) fn is_attended(&self, id: BatchId) -> bool {
        let Some(batch) = self.batch(id) else {
            return true;
        };
        let is_busy = |lane: &Lane<G>| lane.calls > 0 || lane.starting > 0;
        let is_driven =
            self.calls >= self.rules.calls_max || self.lane(batch.lane).is_some_and(is_busy);
        let waits_for_timer = self.rules.window().is_some() && batch.released.is_none();
        batch.is_running || (is_driven && !waits_for_timer)
    }

    /// The batches that no driver will see to.
    pub(crate) fn unattended(&self) -> Vec<BatchId> {
        let batches = self.batches.iter().map(|(id, _)| id as BatchId);
        batches.filter(|id| !self.is_attended(*id)).collect()
    }

    /// The batches whose calls are in flight.
    pub(crate) fn running_batches(&self) -> Vec<BatchId> {
        let running = self.batches.iter().filter(|(_, batch)| batch.is_running);
        running.map(|(id, _)| id as BatchId).collect()
    }

    /// The lane of everything where there are no groups.
    #[inline]
    pub(crate) fn only_lane(&mut self) -> LaneId {
        if self.lanes.is_empty() {
            self.lanes.insert(Lane::new(None));
        }
        0
    }

    /// The lane of `group`; gives the group back where the lane has it already, to be dropped
    /// outside of the lock.
    pub(crate) fn lane_of(&mut self, hash: u64, group: G) -> (LaneId, Option<G>)
    where
        G: Eq + Hash,
    {
        let lanes = &self.lanes;
        let is_it = |(_, lane): &(u64, LaneId)| {
            let known = lanes.get(*lane as usize).and_then(Lane::group);
            known.is_some_and(|known| known.1 == group)
        };
        if let Some((_, lane)) = self.groups.find(hash, is_it) {
            return (*lane, Some(group));
        }
        let lane = self.lanes.insert(Lane::new(Some((hash, group)))) as LaneId;
        self.groups
            .insert_unique(hash, (hash, lane), |(hash, _)| *hash);
        (lane, None)
    }

    /// The batch of a lane that takes in `weight` more; `begin` makes a new one where none does,
    /// and is told how many units the one before it has.
    #[inline]
    pub(crate) fn open(
        &mut self,
        lane: LaneId,
        weight: usize,
        begin: impl FnOnce(usize) -> B,
    ) -> BatchId {
        let last = self.lane(lane).and_then(Lane::last);
        let mut before = 0;
        if let Some(id) = last
            && let Some(last) = self.batch(id)
        {
            if last.takes(weight, self.rules.batch_max) {
                return id;
            }
            before = last.len;
        }
        let id = self.batches.insert(Batch::new(lane, begin(before))) as BatchId;
        if let Some(lane) = self.lane_mut(lane) {
            lane.queue.push_back(id);
        }
        id
    }

    /// Counts one more unit in a batch that [`open`](Queue::open) returned.
    #[inline]
    pub(crate) fn admit(&mut self, id: BatchId, weight: usize) {
        let Some(batch) = self.batches.get_mut(id as usize) else {
            return;
        };
        batch.len += 1;
        batch.live += 1;
        batch.weight = batch.weight.saturating_add(weight);
        self.waiting += 1;
        if let Some(lane) = self.lanes.get_mut(batch.lane as usize) {
            lane.waiting += 1;
            lane.arrived += 1;
        }
    }

    /// Takes a unit out of a batch that still waits; returns the batch when it was the last one.
    pub(crate) fn withdraw(&mut self, id: BatchId, weight: usize) -> Option<Withdrawn<B, G>> {
        let batch = self.batches.get_mut(id as usize)?;
        batch.live -= 1;
        // Where it was too much to be added up, it is less than what is taken away.
        batch.weight = batch.weight.saturating_sub(weight);
        let (lane_id, emptied) = (batch.lane, batch.live == 0);
        self.waiting -= 1;
        let lane = self.lanes.get_mut(lane_id as usize)?;
        lane.waiting -= 1;
        if !emptied {
            return None;
        }
        lane.queue.retain(|queued| *queued != id);
        let driver = lane.surplus_driver();
        let batch = self.batches.remove(id as usize);
        let lane = self.lanes.get_mut(lane_id as usize)?;
        lane.nested -= batch.nested;
        let group = self.forget_lane(lane_id);
        Some(Withdrawn {
            _batch: batch,
            _group: group,
            driver,
        })
    }

    /// Lets everything that waits go as soon as calls may start; returns how much that is.
    pub(crate) fn release_all(&mut self, trigger: Trigger) -> usize {
        for (_, lane) in &mut self.lanes {
            for id in &lane.queue {
                if let Some(batch) = self.batches.get_mut(*id as usize) {
                    batch.released.get_or_insert(trigger);
                }
            }
        }
        let lanes: Vec<_> = self.lanes.iter().map(|(id, _)| id as LaneId).collect();
        lanes.into_iter().for_each(|lane| self.consider(lane));
        self.waiting
    }

    /// Lets batches go whose oldest unit came at `until` or before; returns when the oldest of the
    /// others came.
    pub(crate) fn release_older(&mut self, until: Option<u64>) -> Option<u64> {
        let mut oldest: Option<u64> = None;
        let mut due = Vec::new();
        for (id, lane) in &mut self.lanes {
            for batch in &lane.queue {
                let Some(batch) = self.batches.get_mut(*batch as usize) else {
                    continue;
                };
                if batch.released.is_some() {
                    continue;
                }
                let Some(arrived) = batch.arrived else {
                    continue;
                };
                if until.is_some_and(|until| arrived <= until) {
                    batch.released = Some(Trigger::Window);
                    due.push(id as LaneId);
                } else {
                    oldest = Some(oldest.map_or(arrived, |oldest| arrived.min(oldest)));
                }
            }
        }
        due.into_iter().for_each(|lane| self.consider(lane));
        oldest
    }

    /// Takes in nothing more, and lets what waits go.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.release_all(Trigger::Close);
    }

    #[inline]
    fn lane(&self, id: LaneId) -> Option<&Lane<G>> {
        self.lanes.get(id as usize)
    }

    #[inline]
    fn lane_mut(&mut self, id: LaneId) -> Option<&mut Lane<G>> {
        self.lanes.get_mut(id as usize)
    }

    /// Gives memory back after a burst, once nothing is left of it.
    fn settle(&mut self) {
        if self.batches.is_empty() && self.batches.capacity() > ROOM {
            self.batches = Slab::new();
        }
        if self.lanes.is_empty() && self.lanes.capacity() > ROOM {
            self.lanes = Slab::new();
            self.groups = HashTable::new();
            self.turn = VecDeque::new();
        }
    }

    /// Drops the lane of a group of which nothing is left; gives the group to be dropped outside of
    /// the lock.
    fn forget_lane(&mut self, id: LaneId) -> Option<G> {
        let lane = self.lane(id)?;
        let (hash, _) = lane.group()?;
        let hash = *hash;
        if !lane.is_over() {
            return None;
        }
        let in_turn = lane.in_turn;
        if let Ok(entry) = self.groups.find_entry(hash, |(_, lane)| *lane == id) {
            entry.remove();
        }
        if in_turn {
            self.turn.retain(|lane| *lane != id);
        }
        let group = self.lanes.remove(id as usize).into_group();
        self.settle();
        group
    }
}

/// What a batch that emptied leaves behind, to be dropped outside of the lock.
pub(crate) struct Withdrawn<B, G> {
    _batch: Batch<B>,
    _group: Option<G>,
    /// A driver that has nothing to start any more.
    driver: Option<Waker>,
}

impl<B, G> Withdrawn<B, G> {
    /// The driver to wake.
    pub(crate) const fn take_driver(&mut self) -> Option<Waker> {
        self.driver.take()
    }
}
