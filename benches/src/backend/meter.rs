use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Counts what reaches the backend during one run.
///
/// All orderings are relaxed: each number stands alone, and whoever reads them has joined the
/// tasks that wrote them. Two overlapping calls for one key are seen whatever the ordering, since
/// both change the same number.
#[derive(Debug)]
pub(crate) struct Meter {
    calls: AtomicU64,
    overlapping: AtomicU64,
    served: AtomicU64,
    served_ns: AtomicU64,
    /// How many calls are under way for each key.
    under_way: Vec<AtomicU32>,
}

impl Meter {
    pub(crate) fn new(keys: u32) -> Self {
        Self {
            calls: AtomicU64::new(0),
            overlapping: AtomicU64::new(0),
            served: AtomicU64::new(0),
            served_ns: AtomicU64::new(0),
            under_way: (0..keys).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Counts a call for `key`, which is under way until the guard is dropped.
    pub(crate) fn call(&self, key: u64) -> Call<'_> {
        let under_way = usize::try_from(key).ok();
        let under_way = under_way.and_then(|key| self.under_way.get(key));
        self.calls.fetch_add(1, Ordering::Relaxed);
        if under_way.is_some_and(|calls| calls.fetch_add(1, Ordering::Relaxed) > 0) {
            self.overlapping.fetch_add(1, Ordering::Relaxed);
        }
        Call { under_way }
    }

    /// Adds the time that the backend worked on one call, waiting for its turn excluded.
    pub(crate) fn served(&self, time: Duration) {
        self.served.fetch_add(1, Ordering::Relaxed);
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.served_ns.fetch_add(ns, Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn overlapping(&self) -> u64 {
        self.overlapping.load(Ordering::Relaxed)
    }

    /// Returns how long the backend worked on a call on average, where it was measured.
    pub(crate) fn served_ns_mean(&self) -> Option<u64> {
        let calls = self.served.load(Ordering::Relaxed);
        self.served_ns.load(Ordering::Relaxed).checked_div(calls)
    }
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    under_way: Option<&'a AtomicU32>,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(calls) = self.under_way {
            calls.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_for_one_key_at_one_time_overlap() {
        let meter = Meter::new(2);
        drop(meter.call(0));
        let first = meter.call(0);
        let other = meter.call(1);
        assert_eq!(meter.overlapping(), 0);
        let second = meter.call(0);
        assert_eq!((meter.calls(), meter.overlapping()), (4, 1));
        drop((first, other, second));
    }
}
