//! What [`slots`](super::slots) does, without unsafe code and at a multiple of its cost, for tests
//! to compare it with. It shows one event at a time, as events do not lie side by side here.

use std::slice;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};

use forebay_core::Sequence;

use crate::chain::segment::Segment;

pub(crate) struct Slots<T> {
    cells: Box<[OnceLock<T>]>,
    filled: AtomicU16,
    pub(crate) flag: AtomicBool,
}

impl<T> Slots<T> {
    pub(crate) fn new(capacity: u16) -> Self {
        Self {
            cells: (0..capacity).map(|_| OnceLock::new()).collect(),
            filled: AtomicU16::new(0),
            flag: AtomicBool::new(false),
        }
    }

    pub(crate) fn capacity(&self) -> u32 {
        self.cells.len() as u32
    }

    pub(crate) fn filled(&self) -> u32 {
        // Acquire pairs with the Release in `push`.
        u32::from(self.filled.load(Ordering::Acquire))
    }
}

pub(crate) struct Pen<T> {
    segment: Arc<Segment<T>>,
    at: u16,
}

impl<T> Pen<T> {
    pub(crate) fn new(segment: Segment<T>) -> Self {
        Self {
            at: segment.slots.filled() as u16,
            segment: Arc::new(segment),
        }
    }

    pub(crate) const fn segment(&self) -> &Arc<Segment<T>> {
        &self.segment
    }

    pub(crate) fn into_segment(self) -> Arc<Segment<T>> {
        self.segment
    }

    pub(crate) fn at(&self) -> u32 {
        u32::from(self.at)
    }

    pub(crate) fn push(&mut self, sequence: Sequence, event: T) -> Result<(), T> {
        let slots = &self.segment.slots;
        let Some(cell) = slots.cells.get(usize::from(self.at)) else {
            return Err(event);
        };
        cell.set(event)?;
        self.segment.note(self.at(), 1, sequence);
        self.at += 1;
        // Release pairs with the Acquire in `filled`: what is filled was set and noted.
        slots.filled.store(self.at, Ordering::Release);
        Ok(())
    }

    pub(crate) const fn draft(&mut self) -> Draft<'_, T> {
        Draft {
            events: Vec::new(),
            pen: self,
        }
    }
}

pub(crate) struct Draft<'a, T> {
    pen: &'a mut Pen<T>,
    events: Vec<T>,
}

impl<T> Draft<'_, T> {
    pub(crate) fn take_from(&mut self, events: &mut impl Iterator<Item = T>) -> bool {
        let room = self.pen.segment.slots.capacity() - self.pen.at();
        while self.events.len() < room as usize {
            let Some(event) = events.next() else {
                return true;
            };
            self.events.push(event);
        }
        false
    }

    pub(crate) const fn len(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn fill(self, sequence: Sequence) {
        for event in self.events {
            let _ = self.pen.push(sequence, event);
        }
    }
}

pub(crate) struct Reach<T> {
    segment: Option<Arc<Segment<T>>>,
    at: u32,
    end: u32,
}

impl<T> Reach<T> {
    pub(crate) const fn new(segment: Arc<Segment<T>>, at: u32) -> Self {
        Self {
            segment: Some(segment),
            at,
            end: 0,
        }
    }

    pub(crate) const fn segment(&self) -> Option<&Arc<Segment<T>>> {
        self.segment.as_ref()
    }

    pub(crate) const fn at(&self) -> u32 {
        self.at
    }

    pub(crate) const fn ahead(&self) -> u32 {
        self.end.saturating_sub(self.at)
    }

    pub(crate) fn extend(&mut self, end: u32) {
        if let Some(segment) = &self.segment {
            self.end = end.min(segment.slots.filled());
        }
    }

    pub(crate) const fn pass(&mut self, count: u32) {
        self.at += count;
    }

    pub(crate) const fn replace(&mut self, segment: Arc<Segment<T>>) -> Option<Arc<Segment<T>>> {
        self.at = 0;
        self.end = 0;
        self.segment.replace(segment)
    }

    pub(crate) const fn take(&mut self) -> Option<Arc<Segment<T>>> {
        self.end = 0;
        self.segment.take()
    }

    pub(crate) fn next(&mut self) -> Option<(&Segment<T>, u32, &T)> {
        let segment = self.segment.as_ref()?;
        let at = self.at;
        if at >= self.end {
            return None;
        }
        self.at = at + 1;
        let event = segment.slots.cells.get(at as usize)?.get()?;
        Some((segment, at, event))
    }

    pub(crate) fn look(&self, from: u32) -> Option<(&Segment<T>, &[T])> {
        let segment = self.segment.as_ref()?;
        let event = segment.slots.cells.get(from as usize)?.get();
        let events = event
            .filter(|_| from < self.end)
            .map_or(&[][..], slice::from_ref);
        Some((segment, events))
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
