//! What threads collect without being in each other's way.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One collection for each thread.
#[derive(Debug)]
pub(crate) struct Shards<T>(Box<[Mutex<T>]>);

impl<T: Default> Shards<T> {
    /// Creates empty collections for so many threads. More may use them, but share one then.
    pub(crate) fn new(threads: usize) -> Self {
        Self((0..threads.max(1)).map(|_| Mutex::default()).collect())
    }
}

impl<T> Shards<T> {
    /// Returns the collection of the thread that asks.
    pub(crate) fn own(&self) -> MutexGuard<'_, T> {
        lock(&self.0[thread_number() % self.0.len()])
    }

    /// Shows all collections, one after the other.
    pub(crate) fn each(&self, mut show: impl FnMut(&T)) {
        for shard in &self.0 {
            show(&lock(shard));
        }
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns a small number that is this thread's own.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    NUMBER.with(|number| {
        number.get().unwrap_or_else(|| {
            let next = NEXT.fetch_add(1, Ordering::Relaxed);
            number.set(Some(next));
            next
        })
    })
}
