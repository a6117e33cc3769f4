//! How long operations took.

use hdrhistogram::Histogram;

use crate::report::cdf;
use crate::report::model::Timing;

/// The longest latency that is told apart; a longer one is counted as this.
const LATENCY_NS_MAX: u64 = 3_600_000_000_000;

/// Histograms keep this many decimal digits of a latency.
const DIGITS: u8 = 3;

/// How long operations took, and when the last one ended. Recording allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    histogram: Histogram<u64>,
    end_ns: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LATENCY_NS_MAX, DIGITS);
        Self {
            histogram: histogram.expect("the bounds are valid constants"),
            end_ns: 0,
        }
    }
}

impl Latencies {
    /// Records an operation that should have begun at `start_ns` and ended at `end_ns`.
    pub(crate) fn record(&mut self, start_ns: u64, end_ns: u64) {
        self.end_ns = self.end_ns.max(end_ns);
        self.histogram
            .saturating_record(end_ns.saturating_sub(start_ns));
    }

    /// Records that so many operations took so long.
    pub(crate) fn record_many(&mut self, ns: u64, count: u64) {
        self.histogram.saturating_record_n(ns, count);
    }

    /// Takes the end for one that is not earlier than this.
    pub(crate) fn end_at(&mut self, end_ns: u64) {
        self.end_ns = self.end_ns.max(end_ns);
    }

    /// Returns how long operations took, and how many took so long.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let recorded = self.histogram.iter_recorded();
        recorded.map(|step| (step.value_iterated_to(), step.count_since_last_iteration()))
    }

    /// Returns when the last one ended.
    pub(crate) fn end_ns(&self) -> u64 {
        self.end_ns
    }

    /// Adds what another one recorded.
    pub(crate) fn add(&mut self, other: &Self) {
        // Both have the same bounds, so nothing is out of range.
        let _ = self.histogram.add(&other.histogram);
        self.end_ns = self.end_ns.max(other.end_ns);
    }

    /// Returns how many operations were recorded.
    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Returns them as a report keeps them.
    pub(crate) fn timing(&self) -> Timing {
        let at = |quantile| self.histogram.value_at_quantile(quantile);
        Timing {
            elapsed_ns: self.end_ns,
            p50_ns: at(0.5),
            p99_ns: at(0.99),
            p999_ns: at(0.999),
            max_ns: self.histogram.max(),
            cdf: cdf::thin(self.buckets()),
        }
    }
}
