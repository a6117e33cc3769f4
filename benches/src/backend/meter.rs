use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

/// Counts what reaches the backend during one run.
///
/// All orderings are relaxed: each number stands alone, and whoever reads them has joined the
/// tasks that wrote them. Two overlapping calls for one key are seen whatever the ordering, since
/// both change the same number.
#[derive(Debug)]
pub(crate) struct Meter {
    calls: AtomicU64,
    overlapping: AtomicU64,
    /// How many calls are under way for each key.
    under_way: Vec<AtomicU32>,
    /// How long each call took, in the order in which they began; as long as the list is.
    times_ns: Vec<AtomicU64>,
}

impl Meter {
    /// Creates a meter for calls of `keys` keys, which keeps the times of the first `timed` calls.
    pub(crate) fn new(keys: u32, timed: usize) -> Self {
        Self {
            calls: AtomicU64::new(0),
            overlapping: AtomicU64::new(0),
            under_way: (0..keys).map(|_| AtomicU32::new(0)).collect(),
            times_ns: (0..timed).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Counts a call for `key`, which is under way until the guard is dropped.
    pub(crate) fn call(&self, key: u64) -> Call<'_> {
        let at = |index: u64| usize::try_from(index).ok();
        let under_way = at(key).and_then(|key| self.under_way.get(key));
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        if under_way.is_some_and(|calls| calls.fetch_add(1, Ordering::Relaxed) > 0) {
            self.overlapping.fetch_add(1, Ordering::Relaxed);
        }
        let time_ns = at(number).and_then(|number| self.times_ns.get(number));
        Call {
            under_way,
            timed: time_ns.map(|time_ns| (Instant::now(), time_ns)),
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn overlapping(&self) -> u64 {
        self.overlapping.load(Ordering::Relaxed)
    }

    /// Returns how long the calls took, in the order in which they began.
    pub(crate) fn times_ns(&self) -> Vec<u64> {
        let calls = usize::try_from(self.calls()).unwrap_or(usize::MAX);
        let times = self.times_ns.iter().take(calls);
        times.map(|time| time.load(Ordering::Relaxed)).collect()
    }
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    under_way: Option<&'a AtomicU32>,
    timed: Option<(Instant, &'a AtomicU64)>,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some((start, time_ns)) = self.timed {
            let ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            time_ns.store(ns, Ordering::Relaxed);
        }
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
        let meter = Meter::new(2, 3);
        drop(meter.call(0));
        let first = meter.call(0);
        let other = meter.call(1);
        assert_eq!(meter.overlapping(), 0);
        let second = meter.call(0);
        assert_eq!((meter.calls(), meter.overlapping()), (4, 1));
        drop((first, other, second));
        assert_eq!(meter.times_ns().len(), 3);
    }
}
