//! Formats are compared with what they were when they were last looked at.

use forebay_bench::reads::strategy;
use forebay_bench::report::grid::Style;
use forebay_bench::report::model::{CdfStep, Clock, Report, StrategyRounds, Timing};
use forebay_bench::report::{json, markdown, table};

use crate::{follow, keep, sample};

#[test]
fn table_is_as_it_was() {
    let text = table::render(&sample::report(&[1, 64], 3), Style::new(false, None));
    assert_eq!(text, include_str!("golden/report.txt"));
}

#[test]
fn table_fits_a_hundred_columns_and_has_no_colour_codes() {
    let text = table::render(&sample::report(&[1, 64], 5), Style::new(false, None));
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    assert!(!text.contains('\x1b'));
}

#[test]
fn strategies_are_told_apart_in_a_hundred_columns() {
    let mut report = sample::report(&[1, 64, 1_024], 2);
    for point in &mut sample::reads(&mut report).points {
        let rounds = point.strategies[1].rounds.clone();
        let all = strategy::ALL.iter().map(|strategy| StrategyRounds {
            name: strategy.name.into(),
            rounds: rounds.clone(),
        });
        point.strategies = all.collect();
    }
    let text = table::render(&report, Style::new(false, None));
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    for grid in text.split("\n\n").filter(|grid| grid.contains("strategy ")) {
        let rows = grid
            .lines()
            .skip_while(|line| !line.starts_with("strategy "));
        let names = rows.map(|row| row.split_once("  ").unwrap().0);
        let mut names: Vec<&str> = names.collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{grid}");
    }
}

#[test]
fn markdown_is_as_it_was() {
    let text = markdown::render(&sample::report(&[1, 64], 3));
    assert_eq!(text, include_str!("golden/report.md"));
}

#[test]
fn sweep_of_events_is_as_it_was() {
    let text = table::render(
        &follow::report(&[1, 100, 10_000], 4),
        Style::new(false, None),
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    assert_eq!(text, include_str!("golden/events-sweep.txt"));
}

#[test]
fn sweep_of_stores_is_as_it_was() {
    let text = table::render(
        &keep::report(&[1, 16, 256], &[1, 1_000, 100_000], 4),
        Style::new(false, None),
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    assert_eq!(text, include_str!("golden/checkpoints.txt"));
}

#[test]
fn markdown_of_stores_is_as_it_was() {
    let text = markdown::render(&keep::report(&[1, 256], &[1_000], 2));
    assert_eq!(text, include_str!("golden/checkpoints.md"));
}

#[test]
fn single_points_of_events_are_as_they_were() {
    let text = table::render(&follow::report(&[100], 4), Style::new(false, None));
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    assert_eq!(text, include_str!("golden/events-points.txt"));
}

#[test]
fn markdown_of_events_is_as_it_was() {
    let text = markdown::render(&follow::report(&[1, 100], 2));
    assert_eq!(text, include_str!("golden/events.md"));
}

#[test]
fn events_are_written_and_read_as_they_were() {
    let golden = include_bytes!("golden/events-schema-3.json");
    let mut report = json::parse(golden).unwrap();
    let written = json::encode(&report).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&written),
        String::from_utf8_lossy(golden)
    );
    let earlier = include_bytes!("golden/events-schema-2.json");
    assert_eq!(json::parse(earlier).unwrap(), report);
    let mut made = follow::report(&[100], 2);
    for report in [&mut made, &mut report] {
        forget_distributions(report);
    }
    assert_eq!(made, report);
}

/// Leaves the first rounds, and what does not depend on which steps are kept.
fn forget_distributions(report: &mut Report) {
    for point in &mut follow::events(report).points {
        for strategy in &mut point.strategies {
            strategy.rounds.truncate(1);
            let figures = &mut strategy.rounds[0].figures;
            let timings = [&mut figures.fast, &mut figures.slow].into_iter().flatten();
            for timing in timings.chain([&mut figures.publish]) {
                timing.cdf.clear();
            }
        }
    }
}

#[test]
fn third_schema_is_written_and_read_as_it_was() {
    let report = small();
    let golden = include_bytes!("golden/schema-3.json");
    let written = json::encode(&report).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&written),
        String::from_utf8_lossy(golden)
    );
    assert_eq!(json::parse(golden).unwrap(), report);
}

#[test]
fn second_schema_is_read_as_it_was() {
    let golden = include_bytes!("golden/schema-2.json");
    assert_eq!(json::parse(golden).unwrap(), small());
}

#[test]
fn first_schema_is_read_as_it_was() {
    let golden = include_bytes!("golden/schema-1.json");
    assert_eq!(json::parse(golden).unwrap(), small());
}

/// Returns a report with something in every field.
fn small() -> Report {
    let mut report = sample::report(&[64], 2);
    let reads = sample::reads(&mut report);
    reads.clock = Clock::Virtual;
    for strategy in &mut reads.points[0].strategies {
        strategy.rounds.truncate(1);
        let round = &mut strategy.rounds[0];
        let calls = round.counts.backend_calls;
        round.counts.predicted_calls = Some(calls);
        round.cost.cpu_ns = None;
        let steps = [(0, 29_000), (1_500_000, 59_999), (u64::MAX, 60_000)];
        round.timing = Timing {
            elapsed_ns: 4_000_000_000,
            p50_ns: 1_500_000,
            p99_ns: 1_500_000,
            p999_ns: 1_500_000,
            max_ns: u64::MAX,
            cdf: steps.map(|(ns, count)| CdfStep { ns, count }).into(),
        };
    }
    report
}
