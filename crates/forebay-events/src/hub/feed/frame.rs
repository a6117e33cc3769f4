use forebay_core::Sequence;

use crate::Entry;

/// What a feed gives next.
///
/// A subscriber that starts without a cursor gets a snapshot piece by piece, then its end, then
/// events. One that resumed gets events at once.
#[derive(Debug)]
#[non_exhaustive]
pub enum Frame<'a, T> {
    /// What the subscriber knows so far is of no use any more: a snapshot follows from its
    /// beginning. Forget everything, the pieces of a snapshot that was not finished included.
    NewSnapshot,

    /// A piece of the snapshot.
    Snapshot(&'a T),

    /// The snapshot is complete and shows everything up to this sequence.
    EndOfSnapshot(Sequence),

    /// A change after the snapshot, or after the cursor.
    Event(Entry<'a, T>),
}

impl<T> Clone for Frame<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Frame<'_, T> {}
