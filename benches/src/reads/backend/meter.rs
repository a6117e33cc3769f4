use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

/// Counts what reaches the backend during one run.
///
/// Counters are relaxed: each number stands alone, and whoever reads them has the answers of the
/// calls that they count. Two overlapping calls for one key are seen whatever the ordering, since
/// both change the same number.
#[derive(Debug)]
pub(crate) struct Meter {
    calls: AtomicU64,
    keys_asked: AtomicU64,
    overlapping: AtomicU64,
    /// How many calls are under way for each key.
    under_way: Vec<AtomicU32>,
    /// What was seen of each call, in the order in which they began; as many as there is room for.
    seen: Vec<Seen>,
}

/// Room for what is seen of one call.
#[derive(Debug, Default)]
struct Seen {
    keys: AtomicU64,
    ns: AtomicU64,
}

/// How long a call took.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a literal in the examples of what is made of it"
)]
pub struct CallTime {
    /// How many keys it asked for.
    pub keys: u64,
    /// From its beginning to its answer.
    pub ns: u64,
}

impl Meter {
    /// Creates a meter for calls of `keys` keys, which keeps the times of the first `timed` calls.
    pub(crate) fn new(keys: u32, timed: usize) -> Self {
        Self {
            calls: AtomicU64::new(0),
            keys_asked: AtomicU64::new(0),
            overlapping: AtomicU64::new(0),
            under_way: (0..keys).map(|_| AtomicU32::new(0)).collect(),
            seen: (0..timed).map(|_| Seen::default()).collect(),
        }
    }

    /// Counts a call for `keys`, all of which are under way until the guard is dropped.
    pub(crate) fn call<'a>(&'a self, keys: &'a [u64]) -> Call<'a> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        self.keys_asked
            .fetch_add(keys.len() as u64, Ordering::Relaxed);
        let under_way = keys.iter().filter_map(|key| self.under_way(*key));
        let met = under_way.filter(|calls| calls.fetch_add(1, Ordering::Relaxed) > 0);
        self.overlapping
            .fetch_add(met.count() as u64, Ordering::Relaxed);
        let number = usize::try_from(number).ok();
        let seen = number.and_then(|number| self.seen.get(number));
        Call {
            meter: self,
            keys,
            timed: seen.map(|seen| (Instant::now(), seen)),
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn keys_asked(&self) -> u64 {
        self.keys_asked.load(Ordering::Relaxed)
    }

    pub(crate) fn overlapping(&self) -> u64 {
        self.overlapping.load(Ordering::Relaxed)
    }

    /// Returns how long the calls took, in the order in which they began. A call that was not over
    /// when the run was is left out.
    pub(crate) fn call_times(&self) -> Vec<CallTime> {
        let times = self.seen.iter().map(|seen| CallTime {
            // Pairs with the end of the call, which may not have been joined by anybody.
            keys: seen.keys.load(Ordering::Acquire),
            ns: seen.ns.load(Ordering::Relaxed),
        });
        times.filter(|time| time.keys > 0).collect()
    }

    fn under_way(&self, key: u64) -> Option<&AtomicU32> {
        let key = usize::try_from(key).ok()?;
        self.under_way.get(key)
    }
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    meter: &'a Meter,
    keys: &'a [u64],
    timed: Option<(Instant, &'a Seen)>,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some((start, seen)) = self.timed {
            let ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            seen.ns.store(ns, Ordering::Relaxed);
            seen.keys.store(self.keys.len() as u64, Ordering::Release);
        }
        for calls in self
            .keys
            .iter()
            .filter_map(|key| self.meter.under_way(*key))
        {
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
        drop(meter.call(&[0]));
        let first = meter.call(&[0]);
        let other = meter.call(&[1]);
        assert_eq!(meter.overlapping(), 0);
        let second = meter.call(&[0]);
        assert_eq!((meter.calls(), meter.overlapping()), (4, 1));
        drop((first, other, second));
        assert_eq!(meter.call_times().len(), 3);
    }

    #[test]
    fn every_key_of_a_call_is_under_way_as_long_as_the_call() {
        let meter = Meter::new(4, 0);
        let batch = meter.call(&[0, 1, 2]);
        let next = meter.call(&[2, 1, 3]);
        assert_eq!((meter.calls(), meter.keys_asked()), (2, 6));
        assert_eq!(meter.overlapping(), 2, "keys 1 and 2");
        drop(batch);
        drop(meter.call(&[0]));
        assert_eq!(meter.overlapping(), 2);
        drop(meter.call(&[3]));
        assert_eq!(meter.overlapping(), 3);
        drop(next);
    }

    #[test]
    fn times_come_with_the_number_of_keys() {
        let meter = Meter::new(4, 2);
        let unfinished = meter.call(&[0, 1]);
        drop(meter.call(&[2, 3, 0]));
        let keys = |times: Vec<CallTime>| times.iter().map(|time| time.keys).collect::<Vec<_>>();
        assert_eq!(keys(meter.call_times()), [3]);
        drop(unfinished);
        assert_eq!(keys(meter.call_times()), [2, 3]);
    }
}
