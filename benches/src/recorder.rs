//! What happened to each load of a run: its latency, and whether its answer was right.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use forebay_core::LoadResult;
use hdrhistogram::Histogram;

use crate::backend::BackendError;
use crate::report::cdf;
use crate::report::model::Timing;
use crate::row::{Row, is_row_of};

/// The longest latency that is told apart; a longer one is counted as this.
const LATENCY_NS_MAX: u64 = 3_600_000_000_000;

/// Histograms keep this many decimal digits of a latency.
const DIGITS: u8 = 3;

/// Collects the ends of a run's loads. Recording allocates nothing, so it does not show in what is
/// counted, and threads keep out of each other's way.
#[derive(Debug)]
pub(crate) struct Recorder {
    shards: Box<[Mutex<Tally>]>,
}

/// The loads that ended, so far or on one thread.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    latencies: Histogram<u64>,
    end_ns: u64,
    pub(crate) errors: u64,
    pub(crate) wrong_answers: u64,
    /// The first key whose answer was wrong.
    pub(crate) wrong_key: Option<u64>,
    /// What the first failed load said.
    pub(crate) error: Option<forebay_core::LoadError<BackendError>>,
}

impl Recorder {
    pub(crate) fn new(threads: usize) -> Self {
        let shards = (0..threads.max(1)).map(|_| Mutex::new(Tally::new()));
        Self {
            shards: shards.collect(),
        }
    }

    /// Records a load of `key` that ended at `end_ns` and should have begun at `start_ns`.
    pub(crate) fn record(
        &self,
        key: u64,
        start_ns: u64,
        end_ns: u64,
        result: LoadResult<Row, BackendError>,
    ) {
        let shard = &self.shards[thread_number() % self.shards.len()];
        let mut tally = shard.lock().unwrap_or_else(PoisonError::into_inner);
        tally.end_ns = tally.end_ns.max(end_ns);
        let latency_ns = end_ns.saturating_sub(start_ns);
        tally.latencies.saturating_record(latency_ns);
        match result {
            Ok(Some(row)) if is_row_of(row.as_slice(), key) => {}
            Ok(_) => {
                tally.wrong_answers += 1;
                tally.wrong_key.get_or_insert(key);
            }
            Err(error) => {
                tally.errors += 1;
                tally.error.get_or_insert(error);
            }
        }
    }

    /// Returns everything that was recorded, of all threads together.
    pub(crate) fn total(&self) -> Tally {
        let mut total = Tally::new();
        for shard in &self.shards {
            total.add(&shard.lock().unwrap_or_else(PoisonError::into_inner));
        }
        total
    }
}

impl Tally {
    fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, LATENCY_NS_MAX, DIGITS);
        Self {
            latencies: latencies.expect("the bounds are valid constants"),
            end_ns: 0,
            errors: 0,
            wrong_answers: 0,
            wrong_key: None,
            error: None,
        }
    }

    fn add(&mut self, other: &Self) {
        // Both have the same bounds, so nothing is out of range.
        let _ = self.latencies.add(&other.latencies);
        self.end_ns = self.end_ns.max(other.end_ns);
        self.errors += other.errors;
        self.wrong_answers += other.wrong_answers;
        self.wrong_key = self.wrong_key.or(other.wrong_key);
        self.error = self.error.take().or_else(|| other.error.clone());
    }

    /// Returns how many loads ended.
    pub(crate) fn loads(&self) -> u64 {
        self.latencies.len()
    }

    /// Returns the latencies as a report keeps them.
    pub(crate) fn timing(&self) -> Timing {
        let at = |quantile| self.latencies.value_at_quantile(quantile);
        let buckets = self.latencies.iter_recorded();
        let buckets =
            buckets.map(|step| (step.value_iterated_to(), step.count_since_last_iteration()));
        Timing {
            elapsed_ns: self.end_ns,
            p50_ns: at(0.5),
            p99_ns: at(0.99),
            p999_ns: at(0.999),
            max_ns: self.latencies.max(),
            cdf: cdf::thin(buckets),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::row;

    #[test]
    fn wrong_and_missing_answers_are_told_from_right_ones() {
        let recorder = Recorder::new(2);
        recorder.record(1, 0, 10, Ok(Some(row(1))));
        recorder.record(2, 0, 20, Ok(Some(row(1))));
        recorder.record(3, 5, 30, Ok(None));
        recorder.record(4, 5, 40, Err(BackendError::Modelled.into()));
        let total = recorder.total();
        assert_eq!(
            (total.loads(), total.wrong_answers, total.errors),
            (4, 2, 1)
        );
        assert_eq!(total.wrong_key, Some(2));
        assert_eq!(total.timing().elapsed_ns, 40);
        assert_eq!(total.timing().max_ns, 35);
    }
}
