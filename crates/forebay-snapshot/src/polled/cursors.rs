use std::collections::VecDeque;

use crate::{Anchor, Hash};

/// So many readers can go on where they were without looking for the place.
const CURSORS_MAX: usize = 64;

/// Where those who read items in order will go on.
#[derive(Debug)]
pub(crate) struct Cursors<L>(VecDeque<(Spot, L)>);

/// An item of a snapshot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Spot {
    pub(crate) anchor: Anchor,
    pub(crate) root: Hash,
    pub(crate) item: u64,
}

impl<L: Clone> Cursors<L> {
    pub(crate) const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Returns the place right before an item, if somebody has read up to there.
    pub(crate) fn find(&self, spot: Spot) -> Option<L> {
        let mut cursors = self.0.iter().rev();
        let found = cursors.find(|(found, _)| *found == spot);
        found.map(|(_, place)| place.clone())
    }

    /// Remembers the place right before an item, for what was read up to there from another one on.
    pub(crate) fn advance(&mut self, from: u64, to: Spot, place: L) {
        let spot = Spot { item: from, ..to };
        let old = self.0.iter().position(|(old, _)| *old == spot);
        if let Some(old) = old {
            self.0.remove(old);
        } else if self.0.len() >= CURSORS_MAX {
            self.0.pop_front();
        }
        self.0.push_back((to, place));
    }
}
