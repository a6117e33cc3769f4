use forebay_bench::catchup::way;
use serde_json::Value;

use crate::program::{Program, number, rounds};

/// Checks every strategy's rounds at every point of a report.
fn check(report: &Value, keys: &[u64], behind: &[u64]) {
    let points = report["counted"]["points"].as_array().unwrap();
    assert_eq!(points.len(), keys.len() * behind.len());
    for (point, offered) in points.iter().enumerate() {
        let (keys, behind) = (keys[point / behind.len()], behind[point % behind.len()]);
        let expected = serde_json::json!({ "behind": { "keys": keys, "changes": behind } });
        assert_eq!(offered["offered"], expected);
        for strategy in way::ALL {
            for round in rounds(report, "counted", point, strategy.name) {
                let counts = &round["counts"];
                let place = format!("{}, {keys} keys, {behind} behind: {round}", strategy.name);
                let (items, entries) = (number(counts, "items"), number(counts, "entries"));
                let kept = number(counts, "entries_kept");
                match strategy.name {
                    "replay" => {
                        assert_eq!(items, 0, "{place}");
                        assert!(entries >= behind && kept >= behind, "{place}");
                    }
                    // Whatever changed meanwhile is in it, and nothing of what was missed.
                    _ => assert_eq!(items, keys, "{place}"),
                }
                let sent = counts["sent_bytes"].as_array().unwrap();
                let many = if strategy.name == "snapshot-many" {
                    3
                } else {
                    1
                };
                assert_eq!(sent.len(), many, "{place}");
                assert!(sum(counts) >= number(counts, "needed_bytes"), "{place}");
                assert!(number(counts, "messages") >= 2, "{place}");
            }
        }
    }
}

/// Returns the bytes that all peers sent.
pub(crate) fn sum(counts: &Value) -> u64 {
    let sent = counts["sent_bytes"].as_array().unwrap().iter();
    sent.map(|bytes| bytes.as_u64().unwrap()).sum()
}

#[test]
fn everybody_catches_up_on_the_model() {
    let program = Program::new("catchup");
    let report = program.report("--keys 1,5000 --behind 1,20000 --repeat 2 --bandwidth 10,5");
    check(&report, &[1, 5_000], &[1, 20_000]);
}

#[test]
fn everybody_catches_up_over_tcp() {
    let program = Program::new("catchup");
    let report = program.report("--network tcp --keys 1,5000 --behind 1,20000 --repeat 2");
    check(&report, &[1, 5_000], &[1, 20_000]);
}

#[test]
fn values_and_changes_of_any_kind_arrive() {
    let program = Program::new("catchup");
    // Where changes come faster than a line is, everybody is done when there are no more of them.
    for value in [0, 1, 300_000] {
        let report = program.report(&format!(
            "--value {value} --keys 7 --behind 9 --changes uniform --repeat 1"
        ));
        check(&report, &[7], &[9]);
    }
}

#[test]
fn what_is_lost_is_sent_again() {
    let program = Program::new("catchup");
    let arguments = "--keys 20000 --behind 100000 --value 100 --repeat 3";
    let whole = program.report(arguments);
    let lossy = program.report(&format!("{arguments} --loss 0.1"));
    check(&lossy, &[20_000], &[100_000]);
    for strategy in ["replay", "snapshot"] {
        let all = |report| {
            let rounds = rounds(report, "counted", 0, strategy).iter();
            rounds.map(|round| sum(&round["counts"])).sum::<u64>()
        };
        assert!(all(&lossy) > all(&whole), "{strategy}");
    }
}

#[test]
fn changes_go_on_while_a_laggard_catches_up() {
    let program = Program::new("catchup");
    let arguments = "--keys 3000 --behind 5000 --bandwidth 1 --repeat 1";
    let busy = program.report(&format!("{arguments} --writes 50000"));
    let idle = program.report(&format!("{arguments} --writes 0"));
    for strategy in way::ALL {
        let appended = |report| {
            let round = &rounds(report, "counted", 0, strategy.name)[0];
            number(&round["counts"], "appended")
        };
        assert!(appended(&busy) > 100, "{}", strategy.name);
        // Only markers.
        assert!(appended(&idle) <= 2, "{}", strategy.name);
    }
}

#[test]
fn who_resumes_gets_little_twice_and_who_restarts_nearly_everything() {
    let program = Program::new("catchup");
    let report = program.report("--keys 20000 --behind 1 --value 500 --writes 0 --repeat 1");
    let extra = |strategy| {
        let counts = &rounds(&report, "counted", 0, strategy)[0]["counts"];
        sum(counts) as f64 / number(counts, "needed_bytes") as f64 - 1.0
    };
    assert!(extra("snapshot") < 0.02, "{}", extra("snapshot"));
    assert!(extra("resume") < 0.12, "{}", extra("resume"));
    assert!(extra("restart") > 0.8, "{}", extra("restart"));
}
