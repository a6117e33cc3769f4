//! What happened to each load of a run: its latency, and whether its answer was right.

use forebay_core::LoadResult;

use crate::harness::latencies::Latencies;
use crate::harness::shards::Shards;
use crate::reads::backend::BackendError;
use crate::reads::row::{Row, is_row_of};
use crate::report::model::Timing;

/// Collects the ends of a run's loads. Recording allocates nothing, so it does not show in what is
/// counted.
#[derive(Debug)]
pub(crate) struct Recorder(Shards<Tally>);

/// The loads that ended, so far or on one thread.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    latencies: Latencies,
    pub(crate) errors: u64,
    pub(crate) wrong_answers: u64,
    /// The first key whose answer was wrong.
    pub(crate) wrong_key: Option<u64>,
    /// What the first failed load said.
    pub(crate) error: Option<forebay_core::LoadError<BackendError>>,
}

impl Recorder {
    pub(crate) fn new(threads: usize) -> Self {
        Self(Shards::new(threads))
    }

    /// Records a load of `key` that ended at `end_ns` and should have begun at `start_ns`.
    pub(crate) fn record(
        &self,
        key: u64,
        start_ns: u64,
        end_ns: u64,
        result: LoadResult<Row, BackendError>,
    ) {
        let mut tally = self.0.own();
        tally.latencies.record(start_ns, end_ns);
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
        let mut total = Tally::default();
        self.0.each(|tally| total.add(tally));
        total
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.latencies.add(&other.latencies);
        self.errors += other.errors;
        self.wrong_answers += other.wrong_answers;
        self.wrong_key = self.wrong_key.or(other.wrong_key);
        self.error = self.error.take().or_else(|| other.error.clone());
    }

    /// Returns how many loads ended.
    pub(crate) fn loads(&self) -> u64 {
        self.latencies.count()
    }

    /// Returns the latencies as a report keeps them.
    pub(crate) fn timing(&self) -> Timing {
        self.latencies.timing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::row::row;

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
