//! The figures that strategies of the follow path are compared by.

use crate::report::metric::{Metric, Round};
use crate::report::model::{EventsRound, Timing};
use crate::report::quantity::Quantity;

impl Round for EventsRound {
    fn metrics() -> &'static [&'static Metric<Self>] {
        static ALL: [&Metric<EventsRound>; 22] = [
            &PUBLISH_P50,
            &PUBLISH_P99,
            &PUBLISH_P999,
            &PUBLISH_MAX,
            &WRITER_CPU,
            &THROUGHPUT,
            &P50,
            &P99,
            &P999,
            &MAX,
            &SLOW_P50,
            &SLOW_P99,
            &SLOW_P999,
            &SLOW_MAX,
            &CPU,
            &WAKES,
            &ALLOCATIONS,
            &MEMORY,
            &SUBSCRIBER_MEMORY,
            &LOST,
            &SILENT,
            &WRONG,
        ];
        &ALL
    }

    fn columns() -> &'static [&'static Metric<Self>] {
        static SHOWN: [&Metric<EventsRound>; 8] = [
            &PUBLISH_P50,
            &PUBLISH_P99,
            &WRITER_CPU,
            &THROUGHPUT,
            &P50,
            &P99,
            &MEMORY,
            &LOST,
        ];
        &SHOWN
    }

    /// A strategy that loses events is soon done with the rest.
    fn is_whole(&self) -> bool {
        self.counts.fast.lost == 0 && self.counts.slow.lost == 0
    }
}

/// How long half of the calls that publish take at most.
pub(crate) static PUBLISH_P50: Metric<EventsRound> =
    latency("publish-p50", |round| Some(publish(round).p50_ns as f64));

/// How long all but one in a hundred of them take at most.
pub(crate) static PUBLISH_P99: Metric<EventsRound> =
    latency("publish-p99", |round| Some(publish(round).p99_ns as f64));

/// How long all but one in a thousand of them take at most.
pub(crate) static PUBLISH_P999: Metric<EventsRound> =
    latency("publish-p99.9", |round| Some(publish(round).p999_ns as f64));

/// How long the slowest one takes.
pub(crate) static PUBLISH_MAX: Metric<EventsRound> =
    latency("publish-max", |round| Some(publish(round).max_ns as f64));

/// The writer's processor time for each event.
pub(crate) static WRITER_CPU: Metric<EventsRound> = Metric::lower(
    "writer-cpu",
    "writer CPU",
    Quantity::Nanoseconds,
    EventsRound::writer_cpu_per_event,
);

/// Deliveries in a second.
pub(crate) static THROUGHPUT: Metric<EventsRound> = Metric::higher(
    "throughput",
    "delivered/s",
    Quantity::PerSecond,
    EventsRound::delivered_per_second,
);

/// The median time to a fast subscriber.
pub(crate) static P50: Metric<EventsRound> =
    latency("p50", |round| Some(fast(round)?.p50_ns as f64));

/// The time to a fast subscriber of all but one in a hundred deliveries.
pub(crate) static P99: Metric<EventsRound> =
    latency("p99", |round| Some(fast(round)?.p99_ns as f64));

/// The time to a fast subscriber of all but one in a thousand deliveries.
pub(crate) static P999: Metric<EventsRound> =
    latency("p99.9", |round| Some(fast(round)?.p999_ns as f64));

/// The time that the slowest delivery to a fast subscriber took.
pub(crate) static MAX: Metric<EventsRound> =
    latency("max", |round| Some(fast(round)?.max_ns as f64));

/// The median time to a slow subscriber.
pub(crate) static SLOW_P50: Metric<EventsRound> =
    latency("slow-p50", |round| Some(slow(round)?.p50_ns as f64));

/// The time to a slow subscriber of all but one in a hundred deliveries.
pub(crate) static SLOW_P99: Metric<EventsRound> =
    latency("slow-p99", |round| Some(slow(round)?.p99_ns as f64));

/// The time to a slow subscriber of all but one in a thousand deliveries.
pub(crate) static SLOW_P999: Metric<EventsRound> =
    latency("slow-p99.9", |round| Some(slow(round)?.p999_ns as f64));

/// The time that the slowest delivery to a slow subscriber took.
pub(crate) static SLOW_MAX: Metric<EventsRound> =
    latency("slow-max", |round| Some(slow(round)?.max_ns as f64));

/// Processor time for each delivery.
pub(crate) static CPU: Metric<EventsRound> = Metric::lower(
    "cpu",
    "CPU/delivery",
    Quantity::Nanoseconds,
    EventsRound::cpu_per_delivery,
);

/// How many times a subscriber ran for each delivery.
pub(crate) static WAKES: Metric<EventsRound> = Metric::lower(
    "wakes",
    "wakes/delivery",
    Quantity::Plain,
    EventsRound::wakes_per_delivery,
);

/// Heap allocations for each event.
pub(crate) static ALLOCATIONS: Metric<EventsRound> = Metric::lower(
    "allocations",
    "allocs/event",
    Quantity::Plain,
    EventsRound::allocations_per_event,
);

/// The most memory that was allocated at one time.
pub(crate) static MEMORY: Metric<EventsRound> =
    Metric::lower("memory", "peak memory", Quantity::Bytes, |round| {
        let cost = &round.figures.cost;
        cost.peak_memory_bytes.map(|bytes| bytes as f64)
    });

/// What each subscription takes before the first event.
pub(crate) static SUBSCRIBER_MEMORY: Metric<EventsRound> = Metric::lower(
    "subscriber-memory",
    "per subscriber",
    Quantity::Bytes,
    |round| round.figures.subscriber_bytes.map(|bytes| bytes as f64),
);

/// The share of deliveries that did not come about.
pub(crate) static LOST: Metric<EventsRound> =
    Metric::lower("lost", "lost", Quantity::Share, EventsRound::lost);

/// The share of deliveries that did not come about without the subscriber being told.
pub(crate) static SILENT: Metric<EventsRound> = Metric::lower(
    "lost-silently",
    "silently",
    Quantity::Share,
    EventsRound::lost_silently,
);

/// Deliveries that were not what was to come.
pub(crate) static WRONG: Metric<EventsRound> =
    Metric::lower("wrong", "wrong", Quantity::Count, |round| {
        let counts = &round.counts;
        Some(counts.fast.wrong.saturating_add(counts.slow.wrong) as f64)
    });

/// Creates the metric of a latency, whose name says which.
const fn latency(name: &'static str, of: fn(&EventsRound) -> Option<f64>) -> Metric<EventsRound> {
    Metric::lower(name, name, Quantity::Nanoseconds, of)
}

fn publish(round: &EventsRound) -> &Timing {
    &round.figures.publish
}

fn fast(round: &EventsRound) -> Option<&Timing> {
    round.figures.fast.as_ref()
}

fn slow(round: &EventsRound) -> Option<&Timing> {
    round.figures.slow.as_ref()
}
