use forebay_bench::events::delivery::Losses;
use forebay_bench::events::fanout;
use serde_json::Value;

use crate::program::{Program, number, rounds};

/// Returns one figure of all subscribers of a round.
fn sum(round: &Value, name: &str) -> u64 {
    number(&round["fast"], name) + number(&round["slow"], name)
}

/// Checks every strategy's rounds at every point of a report.
fn check(report: &Value, subscribers: &[u64], events: u64) {
    let points = report["counted"]["points"].as_array().unwrap();
    assert_eq!(points.len() % subscribers.len(), 0);
    for point in 0..points.len() {
        let subscribers = subscribers[point % subscribers.len()];
        for strategy in fanout::ALL {
            for round in rounds(report, "counted", point, strategy.name) {
                let place = format!("{}, point {point}: {round}", strategy.name);
                assert_eq!(number(round, "published"), events, "{place}");
                assert_eq!(sum(round, "subscribers"), subscribers, "{place}");
                let (delivered, lost) = (sum(round, "delivered"), sum(round, "lost"));
                assert_eq!(delivered + lost, events * subscribers, "{place}");
                assert_eq!(sum(round, "wrong"), 0, "{place}");
                let announced = sum(round, "announced");
                match strategy.losses {
                    Losses::Never => assert_eq!((lost, announced), (0, 0), "{place}"),
                    Losses::Announced => assert_eq!(announced, lost, "{place}"),
                    Losses::Silent => assert_eq!(announced, 0, "{place}"),
                    _ => panic!("{place}"),
                }
            }
        }
    }
}

#[test]
fn every_delivery_is_accounted_for_in_both_loops() {
    let program = Program::new("events");
    let report = program.report(
        "--subscribers 1,40 --slow 0.25 --pause 1ms --rate max,2000 --events 300 --repeat 2",
    );
    check(&report, &[1, 40], 300);
}

#[test]
fn bounds_that_are_too_small_lose_events_only_where_that_is_allowed() {
    let program = Program::new("events");
    let report =
        program.report("--subscribers 8 --slow 1 --rate max --events 5000 --capacity 4 --repeat 1");
    check(&report, &[8], 5_000);
    // Somebody lost something, or the checks would have had nothing to see.
    let round = &rounds(&report, "counted", 0, "broadcast")[0];
    assert!(sum(round, "lost") > 0, "{round}");
}

#[test]
fn payloads_of_any_size_arrive() {
    let program = Program::new("events");
    for payload in [0, 1, 7, 9, 5_000] {
        let report = program.report(&format!(
            "--subscribers 3 --payload {payload} --rate max --events 50 --repeat 1"
        ));
        check(&report, &[3], 50);
    }
}

#[test]
fn shares_of_slow_subscribers_are_rounded() {
    let program = Program::new("events");
    for (share, slow) in [("0", 0), ("0.24", 2), ("0.25", 3), ("1", 10)] {
        let report = program.report(&format!(
            "--subscribers 10 --slow {share} --pause 1us --rate max --events 10 --repeat 1 \
             --strategies forebay"
        ));
        let round = &rounds(&report, "counted", 0, "forebay")[0];
        assert_eq!(number(&round["slow"], "subscribers"), slow, "{share}");
        assert_eq!(number(&round["fast"], "subscribers"), 10 - slow, "{share}");
        let figures = &rounds(&report, "measured", 0, "forebay")[0];
        assert_eq!(figures["slow"].is_null(), slow == 0, "{share}");
        assert_eq!(figures["fast"].is_null(), slow == 10, "{share}");
    }
}
