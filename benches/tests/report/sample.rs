//! Made-up reports: figures from formulas, so that nothing but the formats decides what comes out.

use forebay_bench::report::cdf;
use forebay_bench::report::model::{
    Body, Clock, Cost, Header, Machine, Offered, Point, Reads, ReadsCounts, ReadsRound, Report,
    Setting, StrategyRounds, Timing,
};

/// Returns a report of the first strategies under some numbers of clients, three rounds each.
pub(crate) fn report(clients: &[u64], strategies: usize) -> Report {
    let points = clients
        .iter()
        .map(|&clients| point(clients, strategies))
        .collect();
    let reads = Reads {
        backend: "sqlite".into(),
        workload: "zipf, skew 0.99, 100,000 keys, 60,000 loads".into(),
        clock: Clock::Wall,
        points,
    };
    Report {
        header: header(),
        body: Body::Reads(reads),
    }
}

/// Returns the body of a report on reads.
pub(crate) fn reads(report: &mut Report) -> &mut Reads {
    match &mut report.body {
        Body::Reads(reads) => reads,
        _ => panic!("the report is on reads"),
    }
}

fn header() -> Header {
    let setting = |name: &str, value: &str| Setting {
        name: name.into(),
        value: value.into(),
    };
    Header {
        command: "compare reads --clients 1,64 --repeat 3 --seed 7".into(),
        commit: "0123456789ab".into(),
        toolchain: "rustc, release".into(),
        machine: Machine {
            cpu: "Example CPU @ 3.00GHz".into(),
            cores: 8,
            memory_bytes: 16 << 30,
            os: "Linux 6.1".into(),
        },
        started_at: "2025-01-31T12:00:00Z".into(),
        interrupted: false,
        warnings: vec!["the machine was busier than its cores: load 9.2 on 8".into()],
        settings: vec![
            setting("repeat", "3"),
            setting("seed", "7"),
            setting("rows", "100000"),
        ],
    }
}

/// Each strategy: name, calls per 1,000 loads, share of loads that find a value in memory,
/// nanoseconds of its own work.
const STRATEGIES: [(&str, u64, f64, u64); 5] = [
    ("direct", 1_000, 0.0, 400),
    ("singleflight", 620, 0.0, 900),
    ("moka", 190, 0.84, 1_500),
    ("quick_cache", 205, 0.83, 1_100),
    ("singleflight + moka", 170, 0.84, 1_900),
];

fn point(clients: u64, strategies: usize) -> Point<ReadsRound> {
    let strategies = STRATEGIES[..strategies]
        .iter()
        .map(|&strategy| StrategyRounds {
            name: strategy.0.into(),
            rounds: (0..3)
                .map(|index| round(clients, strategy, index))
                .collect(),
        });
    Point {
        offered: Offered::Clients(clients),
        strategies: strategies.collect(),
    }
}

fn round(clients: u64, strategy: (&str, u64, f64, u64), index: u64) -> ReadsRound {
    let (_, per_thousand, hits, own_ns) = strategy;
    let loads = 60_000;
    let calls = loads * per_thousand / 1_000 + 13 * index;
    // Four connections serve the calls, and whoever finds none free waits in a queue.
    let queue = 1.0 + clients.saturating_sub(4) as f64 * per_thousand as f64 / 4_000.0;
    let call_ns = 21_000.0 * queue * (1.0 + 0.04 * index as f64);
    let bucket = |step: u32| {
        let share = f64::from(step) / 10_000.0;
        let wait = ((share - hits) / (1.0 - hits)).max(0.0);
        let ns = if share < hits {
            own_ns as f64 * (1.0 + share)
        } else {
            call_ns * (0.6 + 0.5 * wait - 0.17 * (1.000_01 - wait).ln())
        };
        (ns as u64, 6)
    };
    let buckets: Vec<(u64, u64)> = (0..10_000).map(bucket).collect();
    let at = |quantile: usize| buckets[quantile].0;
    let mean_ns = buckets.iter().map(|bucket| bucket.0).sum::<u64>() / 10_000;
    let elapsed_ns = (mean_ns * loads / clients).max(loads * own_ns);
    ReadsRound {
        counts: ReadsCounts {
            loads,
            backend_calls: calls,
            keys_asked: calls,
            errors: 0,
            overlapping_loads: if per_thousand == 1_000 {
                40 * clients
            } else {
                0
            },
            wrong_answers: 0,
            ideal_calls: 9_480,
            predicted_calls: None,
        },
        timing: Timing {
            elapsed_ns,
            p50_ns: at(5_000),
            p99_ns: at(9_900),
            p999_ns: at(9_990),
            max_ns: at(9_999),
            cdf: cdf::thin(buckets),
        },
        cost: Cost {
            wall_ns: elapsed_ns + 1_000,
            cpu_ns: Some(elapsed_ns * 3 / 2 + own_ns * 20_000),
            allocations: Some(loads * 9 * per_thousand / 1_000 + own_ns * 70),
            peak_memory_bytes: Some(600_000 + clients * 9_000 + (hits * 9e6) as u64),
        },
    }
}
