//! Items by their numbers, for hosts that send items and not pieces.

use std::fmt::Debug;
use std::ops::Range;
use std::time::Instant;

use crate::provider::{Provider, later};
use crate::{Absence, Anchor, Hash, Snapshot};

/// Items of a snapshot, at least one.
#[derive(Debug)]
pub(crate) struct ItemRange<S: Snapshot> {
    pub(crate) snapshot: S,
    /// What to iterate after.
    pub(crate) place: Option<S::Place>,
    /// How many items to leave out there.
    pub(crate) skipped: u64,
    /// Which items these are.
    pub(crate) items: Range<u64>,
}

impl<S: Snapshot, P: Clone + Debug + Ord> Provider<S, P> {
    /// Finds items for a follower, which counts as fetching then, as if it had been sent a piece.
    pub(crate) fn open_range(
        &mut self,
        now: Instant,
        from: &P,
        anchor: Anchor,
        root: Hash,
        items: Range<u64>,
    ) -> Result<ItemRange<S>, Absence> {
        let now = self.advance(now);
        if !self.membership.is_other(from) {
            return Err(Absence::NotMember);
        }
        let retry_after = self.config.retry_after;
        let (_, table) = self.find_table(now, anchor, root)?;
        let len = table.index().items();
        if items.start >= items.end || items.start == len {
            return Err(Absence::Empty);
        }
        if items.start > len {
            return Err(Absence::OutOfRange { len });
        }
        let (place, number) = table.place_before(items.start);
        let range = ItemRange {
            snapshot: table.snapshot().clone(),
            place,
            skipped: items.start.saturating_sub(number),
            items: items.start..items.end.min(len),
        };
        if !self.has_room_for_follower(now, from) {
            return Err(Absence::Busy { retry_after });
        }
        self.lease(now, from, anchor);
        self.serves = self.serves.saturating_add(1);
        let until = later(now, self.config.ttl);
        if let Some(slot) = self.slots.get_mut(&anchor) {
            slot.revive(until);
            slot.served = self.serves;
        }
        Ok(range)
    }
}
