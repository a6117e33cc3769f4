//! Made-up reports on stores of positions, from formulas as well.

use forebay_bench::report::cdf;
use forebay_bench::report::model::{
    Body, Calls, Checkpoints, CheckpointsCounts, CheckpointsFigures, CheckpointsRound, Offered,
    Point, ProcessShare, Report, StrategyRounds, Timing,
};

use crate::sample;

/// Returns a report of the first strategies with every number of writers and keys, with two
/// processes, and with a store that grows; three rounds each.
pub(crate) fn report(writers: &[u64], keys: &[u64], strategies: usize) -> Report {
    let at = |writers, keys, processes, updates| Offered::Commits {
        writers,
        keys,
        processes,
        updates,
    };
    let mut offered = Vec::new();
    for &keys in keys {
        offered.extend(writers.iter().map(|&writers| at(writers, keys, 1, None)));
    }
    offered.push(at(1, 1_000, 2, None));
    offered.push(at(256, 1_000, 1, Some(1_000_000)));
    let mut report = sample::report(&[], 0);
    report.body = Body::Checkpoints(Checkpoints {
        workload: "each writer one commit after the other, for 80ms".into(),
        points: offered
            .into_iter()
            .map(|at| point(at, strategies))
            .collect(),
    });
    report
}

/// Returns the body of a report on stores of positions.
pub(crate) fn checkpoints(report: &mut Report) -> &mut Checkpoints {
    match &mut report.body {
        Body::Checkpoints(checkpoints) => checkpoints,
        _ => panic!("the report is on stores of positions"),
    }
}

/// Each strategy: name, whether it is durable, nanoseconds of a sync and of a commit besides,
/// nanoseconds more for each key, and how many commits may share a sync.
const STRATEGIES: [(&str, bool, u64, u64, u64, u64); 4] = [
    ("forebay", true, 60_000, 1_500, 0, 256),
    ("forebay-os", false, 0, 1_500, 0, 256),
    ("json", true, 240_000, 9_000, 800, 1),
    ("lmdb-group", true, 130_000, 6_000, 0, 256),
];

fn point(offered: Offered, strategies: usize) -> Point<CheckpointsRound> {
    let strategies = STRATEGIES[..strategies].iter().map(|&strategy| {
        let rounds = (0..3).map(|index| round(offered, strategy, index));
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
    offered: Offered,
    (_, durable, sync_ns, own_ns, key_ns, together): (&str, bool, u64, u64, u64, u64),
    index: u64,
) -> CheckpointsRound {
    let Offered::Commits {
        writers,
        keys,
        processes,
        updates,
    } = offered
    else {
        panic!("positions are committed");
    };
    let batch = together.min(writers);
    let batch_ns = (sync_ns + own_ns * batch + key_ns * keys) * (20 + index) / 20;
    let batches = (80_000_000 / batch_ns).max(1);
    let commits = updates.unwrap_or(u64::MAX).min(batches * batch);
    let waits = writers.div_ceil(batch) * processes;
    let p50_ns = batch_ns * waits;
    let buckets = (0..8).map(|step| (p50_ns / 4 * (step + 1), commits / 8 + 1));
    let share = |process| ProcessShare {
        commits: commits / processes - process * commits / 50,
        p50_ns,
        p99_ns: p50_ns * (2 + process),
    };
    CheckpointsRound {
        counts: CheckpointsCounts {
            durable,
            commits,
            batches: (together > 1).then_some(batches),
            syncs: (together > 1).then_some(if durable { batches } else { 0 }),
            calls: (index == 0 && keys == 1_000 && processes == 1 && updates.is_none()).then(
                || Calls {
                    commits,
                    writes: batches,
                    bytes: 56 * commits + 65_536,
                    zeros: 65_536,
                    syncs: if durable { batches } else { 0 },
                    names: if together > 1 { 0 } else { 8 * batches },
                },
            ),
        },
        figures: CheckpointsFigures {
            commit: Timing {
                elapsed_ns: batch_ns * batches,
                p50_ns,
                p99_ns: p50_ns * 2,
                p999_ns: p50_ns * 3,
                max_ns: p50_ns * 4,
                cdf: cdf::thin(buckets),
            },
            yardstick_before: 16_000.0,
            yardstick_after: 16_000.0 + 100.0 * index as f64,
            processes: (0..processes).map(share).collect(),
            open_ns: 300_000 + key_ns * keys + 50 * keys,
            load_ns: 20.0 + own_ns as f64 / 100.0,
            fresh_ns: 300.0 + (key_ns * keys) as f64,
            cpu_ns: Some(commits * own_ns),
            file_bytes: 100 * keys + 65_536,
            extra_files: 1,
        },
    }
}
