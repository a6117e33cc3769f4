use std::mem::needs_drop;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use forebay_core::Sequence;
use forebay_rt::Runtime;
use forebay_rt::sync::AtomicU64;

use crate::chain::segment::Segment;
use crate::observe::Observer;
use crate::pump::{Backlog, Pump};

/// What chains have in common that let go of segments and wake readers alike.
pub(crate) struct Log<T> {
    pub(crate) pump: Option<Pump>,
    pub(crate) observer: Observer,
    /// What a grace is measured with.
    pub(crate) clock: Option<Arc<dyn Runtime>>,
    /// How many events were dropped.
    freed: AtomicU64,
    /// The first sequence of the oldest segment that somebody can still reach.
    oldest: AtomicU64,
    /// Gives the pump what is too much to free at once. It is a pointer because to do so, `T` must
    /// be `Send`, of which the types that drop segments know nothing.
    defer: fn(&Pump, Buried<T>),
}

impl<T: Send + Sync + 'static> Log<T> {
    pub(crate) fn new(
        pump: Option<Pump>,
        clock: Option<Arc<dyn Runtime>>,
        observer: Observer,
    ) -> Self {
        Self {
            pump,
            observer,
            clock,
            freed: AtomicU64::new(0),
            oldest: AtomicU64::new(0),
            defer: |pump, buried| pump.free(Box::new(buried)),
        }
    }
}

impl<T> Log<T> {
    pub(crate) fn now(&self) -> Option<Duration> {
        self.clock.as_ref().map(|clock| clock.now())
    }

    pub(crate) fn freed(&self) -> u64 {
        // Relaxed: a count, and nothing hangs on it.
        self.freed.load(Ordering::Relaxed)
    }

    pub(crate) fn oldest(&self) -> u64 {
        // Relaxed: as in `freed`.
        self.oldest.load(Ordering::Relaxed)
    }

    /// The first event is about to be published.
    pub(crate) fn begin(&self, first: Sequence) {
        self.oldest.fetch_max(first.get(), Ordering::Relaxed);
    }

    /// Returns a place for segments that are to be let go of.
    pub(crate) fn garbage(self: &Arc<Self>) -> Garbage<T> {
        Garbage {
            log: Arc::clone(self),
            segments: Vec::new(),
        }
    }

    /// Lets go of a segment. If it was the last to hold it, its events are dropped here; those
    /// after it that nobody else holds are the pump's, or if there is none, are dropped here too.
    pub(crate) fn release(self: &Arc<Self>, segment: Arc<Segment<T>>) {
        if let Some(mut buried) = self.bury(segment)
            && !buried.free_one()
        {
            self.leave(buried);
        }
    }

    /// Takes a segment that nobody else holds.
    fn bury(self: &Arc<Self>, segment: Arc<Segment<T>>) -> Option<Buried<T>> {
        let segment = Arc::into_inner(segment)?;
        Some(Buried {
            log: Arc::clone(self),
            next: Some(segment),
        })
    }

    /// Leaves the rest to the pump, or frees it here where there is none.
    fn leave(&self, buried: Buried<T>) {
        match &self.pump {
            Some(pump) => (self.defer)(pump, buried),
            None => drop(buried),
        }
    }
}

/// Segments that are let go of when it is dropped, which is after everything else was done.
pub(crate) struct Garbage<T> {
    log: Arc<Log<T>>,
    pub(crate) segments: Vec<Arc<Segment<T>>>,
}

impl<T> Drop for Garbage<T> {
    fn drop(&mut self) {
        // What an append gives up is most often a segment that all have read, and then it is cheapest
        // here. Where it is more, such as when many readers are cut off, it is too much for one append.
        let buried = self
            .segments
            .drain(..)
            .filter_map(|segment| self.log.bury(segment));
        for (freed, mut buried) in buried.enumerate() {
            if freed >= HERE_MAX || !buried.free_one() {
                self.log.leave(buried);
            }
        }
    }
}

/// So many segments are freed in place.
const HERE_MAX: usize = 2;

/// A segment that nobody holds any more, and those after it of which that is so too.
pub(crate) struct Buried<T> {
    log: Arc<Log<T>>,
    next: Option<Segment<T>>,
}

impl<T> Buried<T> {
    /// Frees one segment; returns whether that was all.
    ///
    /// One after the other: a chain of any length takes no more stack than one of length one.
    fn free_one(&mut self) -> bool {
        let Some(segment) = self.next.take() else {
            return true;
        };
        let filled = u64::from(segment.slots.filled());
        // Relaxed, both: they are looked at, and nothing hangs on them.
        self.log.freed.fetch_add(filled, Ordering::Relaxed);
        if let Some(after) = segment.take_next() {
            self.log
                .oldest
                .fetch_max(after.first.get(), Ordering::Relaxed);
            self.next = Arc::into_inner(after);
        }
        self.next.is_none()
    }
}

/// So many segments are freed at once where dropping their events costs nothing.
const PLAIN_MAX: usize = 16;

impl<T: Send + Sync> Backlog for Buried<T> {
    fn free(&mut self) -> bool {
        let count = if needs_drop::<T>() { 1 } else { PLAIN_MAX };
        (0..count).any(|_| self.free_one())
    }
}

impl<T> Drop for Buried<T> {
    fn drop(&mut self) {
        while !self.free_one() {}
    }
}
