//! An allocator that counts, so that reports can say what a strategy costs in memory.
//!
//! The program installs it; a library that is tested or benchmarked does not pay for it.

#![allow(
    unsafe_code,
    reason = "an allocator cannot be written without; it only passes calls on"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

/// The system's allocator with counters.
///
/// All orderings are relaxed: the counters guard nothing, and they are read while the tasks whose
/// allocations matter are at rest.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CountingAllocator;

impl CountingAllocator {
    /// Creates the allocator; its counters are the process's.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static BYTES_PEAK: AtomicU64 = AtomicU64::new(0);

/// Memory use from one moment on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    allocations: u64,
    bytes: u64,
}

impl Memory {
    /// Begins to watch, and takes the bytes that are allocated now as the floor.
    pub(crate) fn watch() -> Self {
        let bytes = BYTES.load(Ordering::Relaxed);
        BYTES_PEAK.store(bytes, Ordering::Relaxed);
        Self {
            allocations: ALLOCATIONS.load(Ordering::Relaxed),
            bytes,
        }
    }

    /// Goes on as if no more had been allocated at once than is now.
    pub(crate) fn forget_peak(&self) {
        BYTES_PEAK.store(BYTES.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Returns the allocations since then; `None` where the counting allocator is not installed.
    pub(crate) fn allocations(&self) -> Option<u64> {
        let now = ALLOCATIONS.load(Ordering::Relaxed);
        (now != 0).then(|| now - self.allocations)
    }

    /// Returns the bytes that are allocated now; `None` where the counting allocator is not installed.
    pub(crate) fn bytes(&self) -> Option<u64> {
        let now = BYTES.load(Ordering::Relaxed);
        (ALLOCATIONS.load(Ordering::Relaxed) != 0).then_some(now)
    }

    /// Returns the most bytes that were allocated at once since then, above what there was.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        let peak = BYTES_PEAK.load(Ordering::Relaxed);
        (peak != 0).then(|| peak.saturating_sub(self.bytes))
    }
}

fn count(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    add(bytes);
}

fn add(bytes: usize) {
    let bytes = bytes as u64;
    let now = BYTES
        .fetch_add(bytes, Ordering::Relaxed)
        .wrapping_add(bytes);
    // Most allocations are below the peak, and reading it does not take it from other cores.
    if now > BYTES_PEAK.load(Ordering::Relaxed) {
        BYTES_PEAK.fetch_max(now, Ordering::Relaxed);
    }
}

fn remove(bytes: usize) {
    BYTES.fetch_sub(bytes as u64, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator with the caller's own arguments, and
// its answer is returned unchanged; counting neither allocates nor panics.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps `alloc`'s contract, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps `alloc_zeroed`'s contract, which is the system's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        remove(layout.size());
        // SAFETY: the pointer came from the system's allocator, as everything here does.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        remove(layout.size());
        // SAFETY: the pointer came from the system's allocator, as everything here does.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
