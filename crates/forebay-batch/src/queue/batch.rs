use crate::queue::id::{BatchId, LaneId};
use crate::queue::trigger::Trigger;

/// Units of one lane that reach the backend in one call.
pub(crate) struct Batch<B> {
    /// What the units are.
    pub(crate) body: B,
    pub(super) lane: LaneId,
    /// How many units came, those that were withdrawn among them.
    pub(super) len: usize,
    /// How many units are left.
    pub(super) live: usize,
    pub(super) weight: usize,
    /// Why it need not wait any longer.
    pub(super) released: Option<Trigger>,
    pub(super) is_running: bool,
    /// When its oldest unit came, in nanoseconds of the runtime, where that matters.
    pub(crate) arrived: Option<u64>,
    /// How many of its units are waited for by calls in flight, which may not end before them.
    pub(super) nested: usize,
    /// Those calls, once for each such unit.
    pub(crate) parents: Vec<BatchId>,
}

impl<B> Batch<B> {
    pub(super) const fn new(lane: LaneId, body: B) -> Self {
        Self {
            body,
            lane,
            len: 0,
            live: 0,
            weight: 0,
            released: None,
            is_running: false,
            arrived: None,
            nested: 0,
            parents: Vec::new(),
        }
    }

    /// How many units are left.
    pub(crate) const fn live(&self) -> usize {
        self.live
    }

    pub(crate) const fn lane(&self) -> LaneId {
        self.lane
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.is_running
    }

    /// Whether a unit of this weight may come in. One that is too heavy for any batch is alone.
    ///
    /// Units that were withdrawn keep their places until the batch is sealed, so they count against
    /// twice the maximum: what is cancelled again and again does not grow for ever.
    #[inline]
    pub(super) fn takes(&self, weight: usize, max: usize) -> bool {
        let fits = self.weight.saturating_add(weight) <= max || self.live == 0;
        fits && self.released.is_none() && self.len < max.saturating_mul(2)
    }

    pub(super) const fn is_full(&self, max: usize) -> bool {
        self.weight >= max || self.len >= max.saturating_mul(2)
    }
}
