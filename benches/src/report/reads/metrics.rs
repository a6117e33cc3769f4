//! The figures that read strategies are compared by.

use crate::report::metric::{Metric, Round};
use crate::report::model::ReadsRound;
use crate::report::quantity::Quantity;

impl Round for ReadsRound {
    fn metrics() -> &'static [&'static Metric<Self>] {
        static ALL: [&Metric<ReadsRound>; 14] = [
            &CALLS,
            &KEYS,
            &LOADS_PER_CALL,
            &P50,
            &P99,
            &P999,
            &MAX,
            &THROUGHPUT,
            &CPU,
            &ALLOCATIONS,
            &MEMORY,
            &ERRORS,
            &OVERLAPPING,
            &WRONG,
        ];
        &ALL
    }

    fn columns() -> &'static [&'static Metric<Self>] {
        static SHOWN: [&Metric<ReadsRound>; 9] = [
            &CALLS,
            &P50,
            &P99,
            &P999,
            &MAX,
            &THROUGHPUT,
            &CPU,
            &ALLOCATIONS,
            &MEMORY,
        ];
        &SHOWN
    }
}

/// Calls that reached the backend.
pub(crate) static CALLS: Metric<ReadsRound> =
    Metric::lower("calls", "calls", Quantity::Count, |round| {
        Some(round.counts.backend_calls as f64)
    });

/// Keys in those calls.
pub(crate) static KEYS: Metric<ReadsRound> =
    Metric::lower("keys", "keys", Quantity::Count, |round| {
        Some(round.counts.keys_asked as f64)
    });

/// Loads that one call served.
pub(crate) static LOADS_PER_CALL: Metric<ReadsRound> = Metric::higher(
    "loads-per-call",
    "loads/call",
    Quantity::Plain,
    ReadsRound::loads_per_call,
);

/// Loads that caused no call, as a share. It says in another way what [`CALLS`] says, and its ratio
/// says nothing, so it is shown and never compared.
pub(crate) static SAVED: Metric<ReadsRound> =
    Metric::higher("saved", "saved", Quantity::Share, ReadsRound::calls_saved);

/// The median latency.
pub(crate) static P50: Metric<ReadsRound> =
    Metric::lower("p50", "p50", Quantity::Nanoseconds, |round| {
        Some(round.timing.p50_ns as f64)
    });

/// The latency of all but one in a hundred loads.
pub(crate) static P99: Metric<ReadsRound> =
    Metric::lower("p99", "p99", Quantity::Nanoseconds, |round| {
        Some(round.timing.p99_ns as f64)
    });

/// The latency of all but one in a thousand loads.
pub(crate) static P999: Metric<ReadsRound> =
    Metric::lower("p99.9", "p99.9", Quantity::Nanoseconds, |round| {
        Some(round.timing.p999_ns as f64)
    });

/// The latency of the slowest load.
pub(crate) static MAX: Metric<ReadsRound> =
    Metric::lower("max", "max", Quantity::Nanoseconds, |round| {
        Some(round.timing.max_ns as f64)
    });

/// Finished loads in a second.
pub(crate) static THROUGHPUT: Metric<ReadsRound> = Metric::higher(
    "throughput",
    "loads/s",
    Quantity::PerSecond,
    ReadsRound::loads_per_second,
);

/// Processor time of a round.
pub(crate) static CPU: Metric<ReadsRound> =
    Metric::lower("cpu", "CPU", Quantity::Nanoseconds, |round| {
        round.cost.cpu_ns.map(|ns| ns as f64)
    });

/// Heap allocations for each load.
pub(crate) static ALLOCATIONS: Metric<ReadsRound> = Metric::lower(
    "allocations",
    "allocs/load",
    Quantity::Plain,
    ReadsRound::allocations_per_load,
);

/// The most memory that was allocated at one time.
pub(crate) static MEMORY: Metric<ReadsRound> =
    Metric::lower("memory", "peak memory", Quantity::Bytes, |round| {
        round.cost.peak_memory_bytes.map(|bytes| bytes as f64)
    });

/// Loads that ended in an error.
pub(crate) static ERRORS: Metric<ReadsRound> =
    Metric::lower("errors", "errors", Quantity::Count, |round| {
        Some(round.counts.errors as f64)
    });

/// Keys asked for that another call was already asking for.
pub(crate) static OVERLAPPING: Metric<ReadsRound> =
    Metric::lower("overlapping", "overlaps", Quantity::Count, |round| {
        Some(round.counts.overlapping_loads as f64)
    });

/// Loads with another answer than the backend's.
pub(crate) static WRONG: Metric<ReadsRound> =
    Metric::lower("wrong", "wrong", Quantity::Count, |round| {
        Some(round.counts.wrong_answers as f64)
    });
