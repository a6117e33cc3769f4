//! The figures that ways to catch up are compared by.

use crate::report::metric::{Metric, Round};
use crate::report::model::CatchupRound;
use crate::report::quantity::Quantity;

impl Round for CatchupRound {
    fn metrics() -> &'static [&'static Metric<Self>] {
        static ALL: [&Metric<CatchupRound>; 14] = [
            &TIME,
            &TIMES_IDEAL,
            &BYTES,
            &BUSIEST,
            &EXTRA,
            &MESSAGES,
            &DECODED,
            &KEPT,
            &WALL,
            &CPU,
            &PROVIDERS_CPU,
            &SLICE,
            &ALLOCATIONS,
            &MEMORY,
        ];
        &ALL
    }

    fn columns() -> &'static [&'static Metric<Self>] {
        static SHOWN: [&Metric<CatchupRound>; 7] = [
            &TIME,
            &BYTES,
            &BUSIEST,
            &EXTRA,
            &CPU,
            &PROVIDERS_CPU,
            &MEMORY,
        ];
        &SHOWN
    }
}

/// The time until the laggard has everything.
pub(crate) static TIME: Metric<CatchupRound> =
    Metric::lower("time", "caught up", Quantity::Nanoseconds, |round| {
        Some(round.elapsed_ns as f64)
    });

/// How many times the least possible that is.
pub(crate) static TIMES_IDEAL: Metric<CatchupRound> = Metric::lower(
    "times-ideal",
    "× ideal",
    Quantity::Plain,
    CatchupRound::times_ideal,
);

/// What all peers sent.
pub(crate) static BYTES: Metric<CatchupRound> =
    bytes("bytes", "sent", |round| Some(round.sent() as f64));

/// What the peer sent that sent most.
pub(crate) static BUSIEST: Metric<CatchupRound> = bytes("busiest", "by busiest", |round| {
    Some(round.sent_by_busiest() as f64)
});

/// What was sent beyond what is needed.
pub(crate) static EXTRA: Metric<CatchupRound> =
    Metric::lower("extra", "extra", Quantity::Share, CatchupRound::extra);

/// Messages either way.
pub(crate) static MESSAGES: Metric<CatchupRound> = count("messages", "messages", |round| {
    Some(round.counts.messages as f64)
});

/// What the laggard decoded.
pub(crate) static DECODED: Metric<CatchupRound> =
    count("decoded", "decoded", |round| Some(round.decoded() as f64));

/// Entries of the log that were kept for the laggard.
pub(crate) static KEPT: Metric<CatchupRound> = count("kept", "log kept", |round| {
    Some(round.counts.entries_kept as f64)
});

/// The time that the machine took.
pub(crate) static WALL: Metric<CatchupRound> = time("wall", "wall", |round| {
    Some(round.figures.cost.wall_ns as f64)
});

/// Processor time of all that takes part.
pub(crate) static CPU: Metric<CatchupRound> = time("cpu", "CPU", |round| {
    round.figures.cost.cpu_ns.map(|ns| ns as f64)
});

/// Processor time of the peers.
pub(crate) static PROVIDERS_CPU: Metric<CatchupRound> =
    time("providers-cpu", "peers' CPU", |round| {
        Some(round.figures.providers_cpu_ns as f64)
    });

/// The longest that a peer listens to nobody.
pub(crate) static SLICE: Metric<CatchupRound> = time("slice", "peer's slice", |round| {
    Some(round.figures.provider_slice_ns as f64)
});

/// Heap allocations.
pub(crate) static ALLOCATIONS: Metric<CatchupRound> = count("allocations", "allocs", |round| {
    round.figures.cost.allocations.map(|count| count as f64)
});

/// The most memory that was allocated at one time.
pub(crate) static MEMORY: Metric<CatchupRound> = bytes("memory", "peak memory", |round| {
    let peak = round.figures.cost.peak_memory_bytes;
    peak.map(|bytes| bytes as f64)
});

type Of = fn(&CatchupRound) -> Option<f64>;

const fn time(name: &'static str, title: &'static str, of: Of) -> Metric<CatchupRound> {
    Metric::lower(name, title, Quantity::Nanoseconds, of)
}

const fn bytes(name: &'static str, title: &'static str, of: Of) -> Metric<CatchupRound> {
    Metric::lower(name, title, Quantity::Bytes, of)
}

const fn count(name: &'static str, title: &'static str, of: Of) -> Metric<CatchupRound> {
    Metric::lower(name, title, Quantity::Count, of)
}
