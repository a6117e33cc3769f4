use std::sync::Arc;
use std::sync::atomic::Ordering;

use forebay_core::Sequence;
use forebay_rt::sync::{Mutex, OnceLock, lock};

use crate::chain::sequences::Sequences;
use crate::chain::slots::Slots;

/// The most events in one segment, and so the most that a reader who stands still keeps alive
/// besides those it has not read.
#[cfg(not(forebay_loom))]
const CAPACITY_MAX: u32 = 512;
/// The fewest, so that a quiet log is small.
#[cfg(not(forebay_loom))]
const CAPACITY_MIN: u32 = 8;
#[cfg(forebay_loom)]
const CAPACITY_MAX: u32 = 2;
#[cfg(forebay_loom)]
const CAPACITY_MIN: u32 = 1;

/// A stretch of events, and the way to those after it.
///
/// Whoever holds a segment can reach all that come after it, so a reader keeps alive what it has
/// not read, and nothing else does.
pub(crate) struct Segment<T> {
    /// How many events the chain has before this segment.
    pub(crate) base: u64,
    /// The sequence of the first event.
    pub(crate) first: Sequence,
    pub(crate) slots: Slots<T>,
    /// Made for the first event that does not come right after the one before it. Logs that count
    /// single events in steps of one never need it.
    sequences: OnceLock<Box<Sequences>>,
    /// Touched once by the writer, once by each reader, and once more where the segment is cut off
    /// from those after it.
    next: Mutex<Option<Arc<Self>>>,
}

impl<T> Segment<T> {
    /// Where a chain begins: it has no slots, so that whoever only waits keeps next to nothing.
    pub(crate) fn root() -> Self {
        Self::with_capacity(0, Sequence::ZERO, 0)
    }

    /// The segment after this one, whose first event has this sequence.
    pub(crate) fn successor(&self, first: Sequence) -> Self {
        let capacity = (self.slots.capacity() * 2).clamp(CAPACITY_MIN, CAPACITY_MAX);
        Self::with_capacity(self.end(), first, capacity)
    }

    fn with_capacity(base: u64, first: Sequence, capacity: u32) -> Self {
        Self {
            base,
            first,
            slots: Slots::new(capacity as u16),
            sequences: OnceLock::new(),
            next: Mutex::new(None),
        }
    }

    /// How many events the chain has up to the last slot of this segment.
    #[inline]
    pub(crate) fn end(&self) -> u64 {
        self.base + u64::from(self.slots.capacity())
    }

    pub(crate) fn next(&self) -> Option<Arc<Self>> {
        lock(&self.next).clone()
    }

    /// Leads to `next`; `continued` if its first event belongs to the last append of this segment.
    pub(crate) fn link(&self, next: Arc<Self>, continued: bool) {
        // Relaxed: read only by those who saw the last slot published, which comes after this.
        self.slots.flag.store(continued, Ordering::Relaxed);
        *lock(&self.next) = Some(next);
    }

    /// Cuts the way to what comes after.
    pub(crate) fn sever(&self) -> Option<Arc<Self>> {
        lock(&self.next).take()
    }

    /// Takes what comes after out of a segment that is nobody's any more.
    pub(crate) fn take_next(&self) -> Option<Arc<Self>> {
        lock(&self.next).take()
    }

    /// Notes the sequence of `count` events that are to be put into the slots from `at` on.
    pub(crate) fn note(&self, at: u32, count: u32, sequence: Sequence) {
        let capacity = self.slots.capacity();
        let dense = || Box::new(Sequences::dense(self.first, capacity));
        let sequences = self.sequences.get_or_init(dense);
        sequences.note(at, count, sequence, capacity);
    }

    /// Returns the sequence of a filled slot.
    #[inline]
    pub(crate) fn sequence(&self, at: u32) -> Sequence {
        match self.sequences.get() {
            None => Sequence::new(self.first.get().wrapping_add(u64::from(at))),
            Some(sequences) => sequences.get(at),
        }
    }

    /// Returns whether the event in slot `at`, which is published, is the last of its append.
    ///
    /// An append is published as a whole. So an event after which nothing is filled is the last,
    /// and what follows from a later append has another sequence.
    pub(crate) fn is_last(&self, at: u32) -> bool {
        let after = at + 1;
        if after < self.slots.filled() {
            self.sequence(after) != self.sequence(at)
        } else if after == self.slots.capacity() {
            // Relaxed: see `link`.
            !self.slots.flag.load(Ordering::Relaxed)
        } else {
            true
        }
    }

    /// Returns the first of the slots below `end` whose sequence is greater; `end` if none is.
    pub(crate) fn first_after(&self, sequence: Sequence, end: u32) -> u32 {
        let (mut low, mut high) = (0, end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.sequence(middle) <= sequence {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Returns the last sequence that is complete before slot `at`; `inherited` is the last one
    /// that was complete before this segment.
    pub(crate) fn complete_before(&self, at: u32, inherited: Sequence) -> Sequence {
        let Some(last) = at.checked_sub(1) else {
            return inherited;
        };
        let sequence = self.sequence(last);
        if self.is_last(last) {
            return sequence;
        }
        let before = Sequence::new(sequence.get().saturating_sub(1));
        match self.first_after(before, last) {
            0 => inherited,
            begin => self.sequence(begin - 1),
        }
    }
}
