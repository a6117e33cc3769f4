//! Any report survives its file, and any file is survived.

use forebay_bench::cmp::Comparison;
use forebay_bench::report::grid::Style;
use forebay_bench::report::model::{
    Audience, Body, Calls, CdfStep, Checkpoints, CheckpointsCounts, CheckpointsFigures,
    CheckpointsRound, Clock, Cost, Events, EventsCounts, EventsFigures, EventsRound, Offered,
    Point, ProcessShare, Reads, ReadsCounts, ReadsRound, Report, StrategyRounds, Timing,
};
use forebay_bench::report::{html, json, markdown, table};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use crate::sample;

fn counts() -> impl Strategy<Value = ReadsCounts> {
    let ends = (any::<u64>(), any::<u64>(), any::<u64>());
    (ends, any::<[u64; 4]>(), option::of(any::<u64>())).prop_map(|(ends, rest, predicted_calls)| {
        let (loads, errors, wrong_answers) = ends;
        ReadsCounts {
            loads,
            backend_calls: rest[0],
            keys_asked: rest[1],
            errors: errors.min(loads),
            overlapping_loads: rest[2],
            wrong_answers: wrong_answers.min(loads),
            ideal_calls: rest[3],
            predicted_calls,
        }
    })
}

fn timing() -> impl Strategy<Value = Timing> {
    let steps = btree_set(any::<u64>(), 0..20).prop_flat_map(|latencies| {
        let loads = btree_set(1..u64::MAX, latencies.len());
        (Just(latencies), loads)
    });
    (any::<u64>(), any::<[u64; 4]>(), steps).prop_map(|(elapsed_ns, mut quantiles, steps)| {
        quantiles.sort_unstable();
        let [p50_ns, p99_ns, p999_ns, max_ns] = quantiles;
        let cdf = steps
            .0
            .into_iter()
            .zip(steps.1)
            .map(|(ns, count)| CdfStep { ns, count });
        Timing {
            elapsed_ns,
            p50_ns,
            p99_ns,
            p999_ns,
            max_ns,
            cdf: cdf.collect(),
        }
    })
}

fn cost() -> impl Strategy<Value = Cost> {
    (
        any::<u64>(),
        option::of(any::<u64>()),
        option::of(any::<u64>()),
        option::of(0..99_u64),
    )
        .prop_map(|(wall_ns, cpu_ns, allocations, peak_memory_bytes)| Cost {
            wall_ns,
            cpu_ns,
            allocations,
            peak_memory_bytes,
        })
}

fn audience() -> impl Strategy<Value = Audience> {
    any::<[u64; 6]>().prop_map(
        |[subscribers, delivered, lost, announced, wakes, wrong]| Audience {
            subscribers,
            delivered,
            lost,
            announced: announced.min(lost),
            wakes,
            wrong: wrong.min(delivered),
        },
    )
}

fn events_round() -> impl Strategy<Value = EventsRound> {
    let counts = (any::<u64>(), audience(), audience());
    let timings = (timing(), option::of(timing()), option::of(timing()));
    let own = (option::of(any::<u64>()), option::of(any::<u64>()));
    (counts, timings, own, cost()).prop_map(|(counts, timings, own, cost)| EventsRound {
        counts: EventsCounts {
            published: counts.0,
            fast: counts.1,
            slow: counts.2,
        },
        figures: EventsFigures {
            publish: timings.0,
            fast: timings.1,
            slow: timings.2,
            writer_cpu_ns: own.0,
            subscriber_bytes: own.1,
            cost,
        },
    })
}

fn checkpoints_round() -> impl Strategy<Value = CheckpointsRound> {
    let calls = option::of(any::<[u64; 6]>());
    let counts = (any::<bool>(), any::<u64>(), option::of(any::<u64>()), calls);
    let rates = (
        0.0..1e300_f64,
        0.0..1e300_f64,
        0.0..1e300_f64,
        0.0..1e300_f64,
    );
    let processes = vec(any::<[u64; 3]>(), 0..4);
    let own = (option::of(any::<u64>()), any::<[u64; 3]>());
    (counts, timing(), rates, processes, own).prop_map(
        |((durable, commits, batches, calls), commit, rates, processes, (cpu_ns, rest))| {
            let calls = calls.map(|[commits, writes, bytes, zeros, syncs, names]| Calls {
                commits,
                writes,
                bytes,
                zeros,
                syncs,
                names,
            });
            let share = |[commits, p50_ns, p99_ns]: [u64; 3]| ProcessShare {
                commits,
                p50_ns,
                p99_ns,
            };
            CheckpointsRound {
                counts: CheckpointsCounts {
                    durable,
                    commits,
                    batches,
                    syncs: batches,
                    calls,
                },
                figures: CheckpointsFigures {
                    commit,
                    yardstick_before: rates.0,
                    yardstick_after: rates.1,
                    processes: processes.into_iter().map(share).collect(),
                    open_ns: rest[0],
                    load_ns: rates.2,
                    fresh_ns: rates.3,
                    cpu_ns,
                    file_bytes: rest[1],
                    extra_files: rest[2],
                },
            }
        },
    )
}

fn round() -> impl Strategy<Value = ReadsRound> {
    (counts(), timing(), cost()).prop_map(|(counts, timing, cost)| ReadsRound {
        counts,
        timing,
        cost,
    })
}

fn offered() -> impl Strategy<Value = Offered> {
    prop_oneof![
        (1..u64::MAX).prop_map(Offered::Clients),
        (1e-300..1e300_f64).prop_map(Offered::PerSecond),
        (1e-3..1e3_f64).prop_map(Offered::Speed),
    ]
}

fn subscribers() -> impl Strategy<Value = Offered> {
    let rate = option::of(1e-300..1e300_f64);
    (1..u64::MAX, rate).prop_map(|(count, per_second)| Offered::Subscribers { count, per_second })
}

fn commits() -> impl Strategy<Value = Offered> {
    let counts = (
        1..2_000_u64,
        1..2_000_u64,
        1..3_u64,
        option::of(1..u64::MAX),
    );
    counts.prop_map(|(writers, keys, processes, updates)| Offered::Commits {
        writers,
        keys,
        processes,
        updates,
    })
}

fn points<R: Clone + std::fmt::Debug>(
    offered: impl Strategy<Value = Offered>,
    round: impl Strategy<Value = R> + Clone,
) -> impl Strategy<Value = Vec<Point<R>>> {
    let strategies = btree_set("[^ ].{0,12}", 0..4).prop_flat_map(move |names| {
        let names: Vec<String> = names.into_iter().collect();
        (vec(vec(round.clone(), 0..3), names.len()), Just(names))
    });
    let point = (offered, strategies).prop_map(|(offered, (rounds, names))| {
        let strategies = names.into_iter().zip(rounds);
        let strategies = strategies.map(|(name, rounds)| StrategyRounds { name, rounds });
        Point {
            offered,
            strategies: strategies.filter(|it| !it.name.trim().is_empty()).collect(),
        }
    });
    vec(point, 0..4).prop_map(|mut points| {
        let mut seen = Vec::new();
        points.retain(|point| {
            let fresh = !seen.contains(&point.offered);
            seen.push(point.offered);
            fresh
        });
        points
    })
}

fn body() -> impl Strategy<Value = Body> {
    let clock = prop_oneof![Just(Clock::Wall), Just(Clock::Virtual)];
    let reads = ("\\PC*", ".*", clock, points(offered(), round().boxed()));
    let reads = reads.prop_map(|(backend, workload, clock, points)| {
        Body::Reads(Reads {
            backend,
            workload,
            clock,
            points,
        })
    });
    let events = (".*", points(subscribers(), events_round().boxed()));
    let events = events.prop_map(|(workload, points)| Body::Events(Events { workload, points }));
    let checkpoints = (".*", points(commits(), checkpoints_round().boxed()));
    let checkpoints = checkpoints
        .prop_map(|(workload, points)| Body::Checkpoints(Checkpoints { workload, points }));
    prop_oneof![reads, events, checkpoints]
}

fn report() -> impl Strategy<Value = Report> {
    (body(), ".*", any::<bool>()).prop_map(|(body, warning, interrupted)| {
        let mut header = sample::report(&[], 0).header;
        header.interrupted = interrupted;
        header.warnings.push(warning);
        Report { header, body }
    })
}

/// Shows a report in every way that there is.
fn show(report: &Report) {
    let _ = table::render(report, Style::new(true, None));
    let _ = markdown::render(report);
    let _ = html::render(report);
    if let Ok(comparison) = Comparison::of(report, report) {
        let _ = comparison.text(Style::new(false, None));
        let _ = comparison.json(&[]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reports_are_read_back_as_they_were(report in report()) {
        let bytes = json::encode(&report).unwrap();
        prop_assert_eq!(json::parse(&bytes).unwrap(), report);
    }

    #[test]
    fn every_valid_report_can_be_shown(report in report()) {
        prop_assert!(report.validate().is_ok());
        show(&report);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = json::parse(&bytes);
    }

    #[test]
    fn no_damage_makes_the_parser_or_a_format_panic(
        report in report(),
        at in any::<prop::sample::Index>(),
        with in "[0-9eE.{}\\[\\]\",n-]{0,4}",
        len in 0_usize..6,
    ) {
        let mut bytes = json::encode(&report).unwrap();
        let from = at.index(bytes.len());
        let to = (from + len).min(bytes.len());
        bytes.splice(from..to, with.into_bytes());
        if let Ok(damaged) = json::parse(&bytes) {
            show(&damaged);
        }
    }
}

#[test]
fn counted_section_of_virtual_time_does_not_depend_on_the_machine() {
    let mut here = sample::report(&[8], 3);
    sample::reads(&mut here).clock = Clock::Virtual;
    let mut there = here.clone();
    there.header = sample::report(&[], 0).header;
    there.header.machine.cpu = "another".into();
    for strategy in &mut sample::reads(&mut there).points[0].strategies {
        for round in &mut strategy.rounds {
            round.cost = Cost::default();
        }
    }
    let counted = |report: &Report| {
        let bytes = json::encode(report).unwrap();
        let layout: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        layout["counted"].to_string()
    };
    assert_eq!(counted(&here), counted(&there));
    assert!(counted(&here).contains("p99_ns") && !counted(&here).contains("wall_ns"));
}
