use std::collections::VecDeque;
use std::task::Waker;

use slab::Slab;

use crate::queue::id::BatchId;

/// What waits and runs for one group.
pub(super) struct Lane<G> {
    /// The group and its hash.
    group: Option<(u64, G)>,
    /// The batches that wait, the oldest first. Only the last one takes units in.
    pub(super) queue: VecDeque<BatchId>,
    pub(super) waiting: usize,
    pub(super) running: usize,
    pub(super) calls: usize,
    /// Starts that have not sealed a batch yet.
    pub(super) starting: usize,
    /// Waiting units that a call in flight waits for.
    pub(super) nested: usize,
    /// Whether a start beyond the bound is on its way for those.
    pub(super) nested_starting: bool,
    /// How many units have ever come.
    pub(super) arrived: u64,
    pub(super) in_turn: bool,
    /// Drivers that wait to be allowed to seal.
    pub(super) drivers: Slab<Option<Waker>>,
}

impl<G> Lane<G> {
    pub(super) const fn new(group: Option<(u64, G)>) -> Self {
        Self {
            group,
            queue: VecDeque::new(),
            waiting: 0,
            running: 0,
            calls: 0,
            starting: 0,
            nested: 0,
            nested_starting: false,
            arrived: 0,
            in_turn: false,
            drivers: Slab::new(),
        }
    }

    pub(super) const fn group(&self) -> Option<&(u64, G)> {
        self.group.as_ref()
    }

    pub(super) fn into_group(self) -> Option<G> {
        self.group.map(|(_, group)| group)
    }

    #[inline]
    pub(super) fn last(&self) -> Option<BatchId> {
        self.queue.back().copied()
    }

    /// The oldest batch that no start will take.
    pub(super) fn unclaimed(&self) -> Option<BatchId> {
        self.queue.get(self.starting).copied()
    }

    /// Whether nothing of the group is left.
    pub(super) fn is_over(&self) -> bool {
        self.queue.is_empty() && self.calls == 0 && self.starting == 0
    }

    /// A driver to wake where there are more starts than batches.
    pub(super) fn surplus_driver(&mut self) -> Option<Waker> {
        if self.starting > self.queue.len() {
            self.drivers
                .iter_mut()
                .find_map(|(_, driver)| driver.take())
        } else {
            None
        }
    }
}
