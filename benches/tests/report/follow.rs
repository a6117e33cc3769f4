//! Made-up reports on events, from formulas as well.

use forebay_bench::report::cdf;
use forebay_bench::report::model::{
    Audience, Body, Cost, Events, EventsCounts, EventsFigures, EventsRound, Offered, Point, Report,
    StrategyRounds, Timing,
};

use crate::sample;

/// Returns a report of the first strategies for some numbers of subscribers at two paces, three
/// rounds each.
pub(crate) fn report(subscribers: &[u64], strategies: usize) -> Report {
    let points = [None, Some(100.0)].into_iter().flat_map(|per_second| {
        let offered = subscribers
            .iter()
            .map(move |&count| Offered::Subscribers { count, per_second });
        offered.map(|offered| point(offered, strategies))
    });
    let mut report = sample::report(&[], 0);
    report.body = Body::Events(Events {
        workload: "1000 events of 64 bytes, bounds of 1024 events, 10 % slow, pausing 5ms".into(),
        points: points.collect(),
    });
    report
}

/// Returns the body of a report on events.
pub(crate) fn events(report: &mut Report) -> &mut Events {
    match &mut report.body {
        Body::Events(events) => events,
        _ => panic!("the report is on events"),
    }
}

/// Each strategy: name, nanoseconds of a publish by itself and for each subscriber, how many of a
/// thousand events a slow subscriber loses, and whether it is told.
const STRATEGIES: [(&str, u64, u64, u64, bool); 4] = [
    ("forebay", 20, 0, 0, false),
    ("broadcast", 40, 120, 300, true),
    ("mpsc", 30, 250, 0, false),
    ("watch", 100, 110, 900, false),
];

fn point(offered: Offered, strategies: usize) -> Point<EventsRound> {
    let Offered::Subscribers { count, per_second } = offered else {
        panic!("events are for subscribers");
    };
    let strategies = STRATEGIES[..strategies].iter().map(|&strategy| {
        let rounds = (0..3).map(|index| round(count, per_second.is_some(), strategy, index));
        StrategyRounds {
            name: strategy.0.into(),
            rounds: rounds.collect(),
        }
    });
    Point {
        offered,
        strategies: strategies.collect(),
    }
}

fn round(
    count: u64,
    paced: bool,
    strategy: (&str, u64, u64, u64, bool),
    index: u64,
) -> EventsRound {
    let (_, own_ns, each_ns, lost_per_thousand, is_told) = strategy;
    let (published, slow) = (1_000, count / 10);
    let publish_ns = own_ns + each_ns * count + 3 * index;
    let waiting_ns = if paced {
        90_000
    } else {
        published * publish_ns
    };
    let lost = slow * lost_per_thousand;
    EventsRound {
        counts: EventsCounts {
            published,
            fast: Audience {
                subscribers: count - slow,
                delivered: (count - slow) * published,
                wakes: (count - slow) * if paced { published } else { 40 },
                ..Audience::default()
            },
            slow: Audience {
                subscribers: slow,
                delivered: slow * published - lost,
                lost,
                announced: if is_told { lost } else { 0 },
                wakes: slow * 20,
                wrong: 0,
            },
        },
        figures: EventsFigures {
            publish: timing(publish_ns, published * publish_ns),
            fast: Some(timing(waiting_ns + 50 * count, waiting_ns * 2)),
            slow: (slow > 0).then(|| timing(waiting_ns + 5_000_000, waiting_ns * 3)),
            writer_cpu_ns: Some(published * (publish_ns + 150)),
            subscriber_bytes: Some(48 + own_ns),
            cost: Cost {
                wall_ns: waiting_ns * 3,
                cpu_ns: Some(count * published * (each_ns + own_ns)),
                allocations: Some(published + each_ns * count),
                peak_memory_bytes: Some(60_000 + count * (400 + each_ns)),
            },
        },
    }
}

/// Returns a distribution around a median.
fn timing(median_ns: u64, elapsed_ns: u64) -> Timing {
    let buckets = (0..1_000_u64).map(|step| (median_ns / 2 + median_ns * step / 1_000, 1));
    let buckets: Vec<(u64, u64)> = buckets.collect();
    let at = |place: usize| buckets[place].0;
    Timing {
        elapsed_ns,
        p50_ns: at(500),
        p99_ns: at(990),
        p999_ns: at(999),
        max_ns: at(999),
        cdf: cdf::thin(buckets),
    }
}
