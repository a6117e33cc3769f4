use crate::chunk::decode_items;
use crate::session::plan::{Part, Plan};
use crate::session::spool::Spool;
use crate::session::stock::Stock;
use crate::{Build, PieceError, Snapshot};

/// The new state, as far as its chunks are there in order.
///
/// Chunks are decoded while others are still under way, so that little is left to do when the last
/// one has come.
pub(crate) struct Assembly<S: Snapshot> {
    builder: S::Builder,
    /// The chunk that comes next.
    next: u64,
    /// Of the chunks before it, those below this one were removed from the spool.
    removed: u64,
}

/// What became of the next chunk.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is part of the state now, with so many items.
    Added(u32),
    /// It is not there yet.
    Missing,
    /// It was there, but the spool has lost it.
    Lost(u64),
}

impl<S: Snapshot> Assembly<S> {
    pub(crate) fn new(items: u64) -> Self {
        Self {
            builder: S::builder(items),
            next: 0,
            removed: 0,
        }
    }

    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    pub(crate) fn step(
        &mut self,
        plan: &Plan,
        stock: &mut Stock<impl Spool>,
    ) -> Result<Step, PieceError> {
        let Some(chunk) = plan.chunk(self.next) else {
            return Ok(Step::Missing);
        };
        if !plan.is_verified(Part::Chunk(self.next)) {
            return Ok(Step::Missing);
        }
        let Some(bytes) = stock.get(&chunk.hash) else {
            return Ok(Step::Lost(self.next));
        };
        decode_items(&bytes, chunk.items, &mut self.builder)?;
        self.next = self.next.saturating_add(1);
        Ok(Step::Added(chunk.items))
    }

    /// Removes a chunk from the spool that is part of the state already. Returns whether there was
    /// one left to look at.
    pub(crate) fn make_room(&mut self, plan: &Plan, stock: &mut Stock<impl Spool>) -> bool {
        if self.removed >= self.next {
            return false;
        }
        if let Some(chunk) = plan.chunk(self.removed) {
            stock.remove(&chunk.hash);
        }
        self.removed = self.removed.saturating_add(1);
        true
    }

    pub(crate) fn finish(self) -> Result<S, PieceError> {
        self.builder.finish().map_err(|_| PieceError::Items)
    }
}
