use forebay_bench::checkpoints::keeper;
use serde_json::Value;

use crate::program::{Program, number, rounds};

/// What keeps a run short.
const SHORT: &str = "--time 4ms --yardstick 1ms --repeat 2 --no-trace";

/// Returns every strategy's rounds at a point, the counted and the measured ones.
fn each(report: &Value, point: usize) -> impl Iterator<Item = (&'static str, &Value, &Value)> {
    keeper::ALL.iter().flat_map(move |keeper| {
        let counted = rounds(report, "counted", point, keeper.name);
        let measured = rounds(report, "measured", point, keeper.name);
        counted
            .iter()
            .zip(measured)
            .map(|(counted, measured)| (keeper.name, counted, measured))
    })
}

#[test]
fn every_strategy_commits_at_every_point() {
    let program = Program::new("checkpoints");
    let report = program.report(&format!(
        "{SHORT} --writers 1,5 --keys 1,7 --processes 0 --updates 0"
    ));
    assert_eq!(report["counted"]["points"].as_array().unwrap().len(), 4);
    for point in 0..4 {
        assert_eq!(each(&report, point).count(), 2 * keeper::ALL.len());
        for (name, counted, measured) in each(&report, point) {
            assert!(number(counted, "commits") > 0, "{name}: {counted}");
            assert!(
                measured["yardstick_before"].as_f64().unwrap() > 0.0,
                "{name}"
            );
            assert!(
                measured["yardstick_after"].as_f64().unwrap() > 0.0,
                "{name}"
            );
            let timing = &measured["commit"];
            assert!(
                number(timing, "p50_ns") <= number(timing, "p99_ns"),
                "{name}"
            );
        }
    }
}

#[test]
fn several_processes_write_to_one_store_and_each_says_what_it_did() {
    let program = Program::new("checkpoints");
    let report = program.report(&format!(
        "{SHORT} --writers 1 --keys 1 --processes 1,3 --updates 0"
    ));
    // One process, then one and three with 1 writer each, then both with 16.
    let points = report["counted"]["points"].as_array().unwrap();
    let processes = points
        .iter()
        .map(|point| number(&point["offered"]["commits"], "processes"));
    assert_eq!(processes.collect::<Vec<_>>(), [1, 1, 3, 1, 3]);
    for (name, counted, measured) in each(&report, 2) {
        let shares = measured["processes"].as_array().unwrap();
        assert_eq!(shares.len(), 3, "{name}");
        let commits: u64 = shares.iter().map(|share| number(share, "commits")).sum();
        assert_eq!(commits, number(counted, "commits"), "{name}");
    }
}

#[test]
fn stores_grow_by_as_many_updates_as_there_is_time_for() {
    let program = Program::new("checkpoints");
    let report = program.report(&format!(
        "{SHORT} --writers 1 --keys 1 --processes 0 --updates 400 --updates-time 40ms"
    ));
    for (name, counted, measured) in each(&report, 1) {
        let commits = number(counted, "commits");
        assert!(commits > 0 && commits <= 400, "{name}: {counted}");
        assert!(number(measured, "file_bytes") > 0, "{name}: {measured}");
    }
}

#[test]
fn durable_strategies_say_that_they_are() {
    let program = Program::new("checkpoints");
    let report = program.report(&format!(
        "{SHORT} --writers 1 --keys 1 --processes 0 --updates 0"
    ));
    for (name, counted, _) in each(&report, 0) {
        let keeper = keeper::ALL.iter().find(|keeper| keeper.name == name);
        let durable = keeper.unwrap().durable;
        assert_eq!(counted["durable"], durable, "{name}");
        let (batches, syncs) = (counted["batches"].as_u64(), counted["syncs"].as_u64());
        if let Some((batches, syncs)) = batches.zip(syncs).filter(|_| durable) {
            assert!(syncs >= batches, "{name}: {counted}");
        }
    }
}
