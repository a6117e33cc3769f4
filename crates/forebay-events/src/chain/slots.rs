//! Slots that one writer fills while any number of readers look at those already filled.
//!
//! All unsafe code of the crate is in this file. What it stands on:
//!
//! * A [`Pen`] is made of a segment that nobody else can reach and is never copied, so a segment
//!   has one pen at most, and only pens write.
//! * A slot is written once, before `filled` counts it, and is not touched again until the segment
//!   is dropped, which needs it to be nobody's.
//! * A [`Reach`] looks at no slot that `filled` had not counted when it was extended.

use std::cell::UnsafeCell;
use std::mem::{MaybeUninit, needs_drop};
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
#[cfg(not(all(test, forebay_loom)))]
use std::sync::atomic::AtomicU16;
use std::sync::atomic::{AtomicBool, Ordering};

use forebay_core::Sequence;
// Only the models of this file alone look at it: in the others, the word orders what is read.
#[cfg(all(test, forebay_loom))]
use loom::sync::atomic::AtomicU16;

use crate::chain::race::Races;
use crate::chain::segment::Segment;

/// The slots of a segment.
pub(crate) struct Slots<T> {
    /// As many cells as `capacity` says, from a boxed slice of uninitialised events, which have the
    /// layout of such cells.
    cells: NonNull<UnsafeCell<MaybeUninit<T>>>,
    capacity: u16,
    /// How many are filled, from the first on. It is not what readers may see: that is decided by
    /// the chain, for all segments at once.
    filled: AtomicU16,
    /// Room for a flag of the segment's.
    pub(crate) flag: AtomicBool,
    races: Races,
}

// SAFETY: slots own their events and hand them out by shared reference to whoever holds the
// segment, on any thread.
unsafe impl<T: Send + Sync> Sync for Slots<T> {}
// SAFETY: whoever drops the slots drops the events, which may be another thread than the writer's.
unsafe impl<T: Send> Send for Slots<T> {}

impl<T> Slots<T> {
    pub(crate) fn new(capacity: u16) -> Self {
        let cells = Box::<[T]>::new_uninit_slice(usize::from(capacity));
        Self {
            cells: NonNull::from(Box::leak(cells)).cast(),
            capacity,
            filled: AtomicU16::new(0),
            flag: AtomicBool::new(false),
            races: Races::new(capacity),
        }
    }

    #[inline]
    pub(crate) fn capacity(&self) -> u32 {
        u32::from(self.capacity)
    }

    #[inline]
    pub(crate) fn filled(&self) -> u32 {
        // Acquire pairs with the Release of the pen: what is filled can be read.
        u32::from(self.filled.load(Ordering::Acquire))
    }
}

impl<T> Drop for Slots<T> {
    fn drop(&mut self) {
        let capacity = usize::from(self.capacity);
        // Relaxed: nobody else has it any more, and the last `Arc` to go has ordered their writes.
        let filled = usize::from(self.filled.load(Ordering::Relaxed));
        if needs_drop::<T>() {
            let events = ptr::slice_from_raw_parts_mut(self.cells.as_ptr().cast::<T>(), filled);
            let _freed = Freed(self.cells, capacity);
            // SAFETY: the first `filled` slots are initialised, nobody else can reach them, and
            // they are not looked at again. `UnsafeCell` and `MaybeUninit` have `T`'s layout.
            unsafe { ptr::drop_in_place(events) };
        } else {
            drop(Freed(self.cells, capacity));
        }
    }
}

/// Frees the cells, also where dropping an event panics.
struct Freed<T>(NonNull<UnsafeCell<MaybeUninit<T>>>, usize);

impl<T> Drop for Freed<T> {
    fn drop(&mut self) {
        let cells = ptr::slice_from_raw_parts_mut(self.0.cast::<MaybeUninit<T>>().as_ptr(), self.1);
        // SAFETY: they came from a box of that length, and this is the only time it is made again.
        drop(unsafe { Box::from_raw(cells) });
    }
}

/// The right to fill a segment.
pub(crate) struct Pen<T> {
    segment: Arc<Segment<T>>,
    /// What `filled` says; nobody else changes it.
    at: u16,
    /// The sequence of the next event, if it comes right after that of the one before and no event
    /// of the segment needed its sequence to be noted; otherwise none that an event can have.
    dense: u64,
}

impl<T> Pen<T> {
    pub(crate) fn new(segment: Segment<T>) -> Self {
        let at = segment.slots.filled.load(Ordering::Relaxed);
        Self {
            dense: segment.first.get(),
            segment: Arc::new(segment),
            at,
        }
    }

    pub(crate) const fn segment(&self) -> &Arc<Segment<T>> {
        &self.segment
    }

    pub(crate) fn into_segment(self) -> Arc<Segment<T>> {
        self.segment
    }

    /// How many slots are filled.
    #[inline]
    pub(crate) fn at(&self) -> u32 {
        u32::from(self.at)
    }

    /// Fills the next slot, or gives the event back where all are filled.
    #[inline(always)]
    pub(crate) fn push(&mut self, sequence: Sequence, event: T) -> Result<(), T> {
        let slots = &self.segment.slots;
        if self.at == slots.capacity {
            return Err(event);
        }
        if sequence.get() == self.dense {
            self.dense = self.dense.wrapping_add(1);
        } else {
            self.segment.note(self.at(), 1, sequence);
            self.dense = NOT_DENSE;
        }
        slots.races.write(self.at);
        // SAFETY: the slot is one of the segment's and not filled yet, so no reader looks at it,
        // and `&mut self` is the only pen.
        unsafe { (*slots.cells.add(usize::from(self.at)).as_ref().get()).write(event) };
        self.at += 1;
        // Release: whoever learns that the slot is filled also sees the event in it.
        slots.filled.store(self.at, Ordering::Release);
        Ok(())
    }

    /// Begins an append of many events, of which none is filled before all are there.
    pub(crate) const fn draft(&mut self) -> Draft<'_, T> {
        Draft {
            to: self.at,
            pen: self,
        }
    }
}

/// Before the first event there is no sequence for it to come right after.
const NOT_DENSE: u64 = 0;

/// Events that are in their slots and not filled yet; dropping it drops them.
pub(crate) struct Draft<'a, T> {
    pen: &'a mut Pen<T>,
    to: u16,
}

impl<T> Draft<'_, T> {
    /// Takes events until there are no more or no slot is left; returns whether there are no more.
    #[inline]
    pub(crate) fn take_from(&mut self, events: &mut impl Iterator<Item = T>) -> bool {
        let slots = &self.pen.segment.slots;
        let (cells, capacity) = (slots.cells, slots.capacity);
        let mut written = Written {
            to: self.to,
            of: &mut self.to,
        };
        while written.to < capacity {
            let Some(event) = events.next() else {
                return true;
            };
            slots.races.write(written.to);
            // SAFETY: as in `Pen::push`. The draft holds the only pen.
            unsafe { (*cells.add(usize::from(written.to)).as_ref().get()).write(event) };
            written.to += 1;
        }
        false
    }

    /// How many events it has.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.to - self.pen.at)
    }

    /// Fills the slots; all events have this sequence.
    #[inline]
    pub(crate) fn fill(self, sequence: Sequence) {
        let count = self.len() as u32;
        if count > 0 {
            let pen = &mut *self.pen;
            if count > 1 || sequence.get() != pen.dense {
                pen.segment.note(pen.at(), count, sequence);
                pen.dense = NOT_DENSE;
            } else {
                pen.dense = pen.dense.wrapping_add(1);
            }
            pen.at = self.to;
            // Release: as in `Pen::push`.
            pen.segment.slots.filled.store(pen.at, Ordering::Release);
        }
    }
}

/// Counts what was written in a register, and tells the draft when it is done or the iterator panics.
struct Written<'a> {
    to: u16,
    of: &'a mut u16,
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        *self.of = self.to;
    }
}

impl<T> Drop for Draft<'_, T> {
    fn drop(&mut self) {
        let (from, to) = (usize::from(self.pen.at), usize::from(self.to));
        let cells = self.pen.segment.slots.cells;
        let events = ptr::slice_from_raw_parts_mut(
            // SAFETY: as in `Pen::push`; `from` is within the allocation or at its end.
            unsafe { cells.add(from) }.cast::<T>().as_ptr(),
            to - from,
        );
        // SAFETY: these slots were written by this draft, and none of them is filled.
        unsafe { ptr::drop_in_place(events) };
    }
}

/// What a reader has read of a segment that it keeps alive, and how far it may look.
pub(crate) struct Reach<T> {
    /// `None` once it was let go.
    segment: Option<Arc<Segment<T>>>,
    at: u32,
    /// At most what `filled` said when it was read for this segment.
    end: u32,
}

impl<T> Reach<T> {
    /// Stands before slot `at` and looks at nothing yet.
    pub(crate) const fn new(segment: Arc<Segment<T>>, at: u32) -> Self {
        Self {
            segment: Some(segment),
            at,
            end: 0,
        }
    }

    #[inline]
    pub(crate) const fn segment(&self) -> Option<&Arc<Segment<T>>> {
        self.segment.as_ref()
    }

    #[inline]
    pub(crate) const fn at(&self) -> u32 {
        self.at
    }

    /// How many events it may look at.
    #[inline]
    pub(crate) const fn ahead(&self) -> u32 {
        self.end.saturating_sub(self.at)
    }

    /// May look at the first `end` slots, as far as they are filled.
    #[inline]
    pub(crate) fn extend(&mut self, end: u32) {
        if let Some(segment) = &self.segment {
            self.end = end.min(segment.slots.filled());
        }
    }

    /// Moves past `count` events.
    #[inline]
    pub(crate) const fn pass(&mut self, count: u32) {
        self.at += count;
    }

    /// Stands before the first slot of this segment instead; returns the one before.
    pub(crate) const fn replace(&mut self, segment: Arc<Segment<T>>) -> Option<Arc<Segment<T>>> {
        self.at = 0;
        self.end = 0;
        self.segment.replace(segment)
    }

    /// Lets the segment go.
    pub(crate) const fn take(&mut self) -> Option<Arc<Segment<T>>> {
        self.end = 0;
        self.segment.take()
    }

    /// Moves past the next event it may look at; returns that with its slot and segment.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<(&Segment<T>, u32, &T)> {
        let segment = self.segment.as_ref()?;
        let at = self.at;
        if at >= self.end {
            return None;
        }
        self.at = at + 1;
        let slots = &segment.slots;
        slots.races.read(at, at + 1);
        // SAFETY: as in `look`, for one slot below `end`.
        let event = unsafe { slots.cells.cast::<T>().add(at as usize).as_ref() };
        Some((segment, at, event))
    }

    /// Returns the segment and the events from slot `from` on that it may look at: some of them at
    /// least, if there are any.
    #[inline]
    pub(crate) fn look(&self, from: u32) -> Option<(&Segment<T>, &[T])> {
        let segment = self.segment.as_ref()?;
        let length = self.end.checked_sub(from)?;
        let slots = &segment.slots;
        slots.races.read(from, self.end);
        // SAFETY: the slots up to `end` are filled (Acquire in `filled` pairs with the pen's
        // Release), nobody writes to them again, and the segment lives as long as this borrow.
        let events = unsafe {
            slice::from_raw_parts(
                slots.cells.as_ptr().cast::<T>().add(from as usize),
                length as usize,
            )
        };
        Some((segment.deref(), events))
    }
}

impl<T> Clone for Reach<T> {
    fn clone(&self) -> Self {
        Self {
            segment: self.segment.clone(),
            at: self.at,
            end: self.end,
        }
    }
}

#[cfg(all(test, forebay_loom))]
mod model;
