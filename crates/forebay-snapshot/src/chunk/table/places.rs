//! Where items are, by their numbers.

use crate::Snapshot;
use crate::chunk::Table;

impl<S: Snapshot> Table<S> {
    pub(crate) const fn snapshot(&self) -> &S {
        &self.snapshot
    }

    /// Returns a place not far before an item, and the number of the item right after that place.
    ///
    /// Between them is less than a segment, so it does not matter how far from the beginning it is.
    pub(crate) fn place_before(&self, item: u64) -> (Option<S::Place>, u64) {
        let begins = |segment: &super::Segment<S::Place>| segment.first_item;
        let after = self
            .segments
            .partition_point(|segment| begins(segment) <= item);
        let segment = after.checked_sub(1).and_then(|at| self.segments.get(at));
        segment.map_or((None, 0), |segment| {
            (segment.place.clone(), begins(segment))
        })
    }
}
