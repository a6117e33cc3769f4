use forebay_bench::catchup::way;
use serde_json::Value;

use crate::answers::sum;
use crate::program::{Program, number, rounds};

fn time(report: &Value, point: usize, strategy: &str) -> u64 {
    number(&rounds(report, "counted", point, strategy)[0], "elapsed_ns")
}

#[test]
fn a_seed_names_one_counted_section() {
    let program = Program::new("catchup");
    let arguments = "--keys 4000 --behind 1000,8000 --value 300 --loss 0.2 --repeat 2 --seed";
    let one = program.report(&format!("{arguments} 7"));
    let same = program.report(&format!("{arguments} 7"));
    assert_eq!(one["counted"], same["counted"]);
    let other = program.report(&format!("{arguments} 8"));
    assert_ne!(one["counted"]["points"], other["counted"]["points"]);
    let two = rounds(&one, "counted", 1, "replay");
    assert_ne!(two[0], two[1], "rounds are no copies of each other");
}

#[test]
fn nobody_is_faster_than_the_lines_and_one_line_is_used_well() {
    let program = Program::new("catchup");
    let report =
        program.report("--keys 40000 --behind 40000 --value 1000 --bandwidth 20 --repeat 1");
    for strategy in way::ALL {
        let round = &rounds(&report, "counted", 0, strategy.name)[0];
        let (time, ideal) = (
            number(round, "elapsed_ns"),
            number(&round["counts"], "ideal_ns"),
        );
        let ratio = time as f64 / ideal as f64;
        let most = match strategy.name {
            "restart" => 2.1,
            "resume" => 1.15,
            _ => 1.1,
        };
        assert!((1.0..most).contains(&ratio), "{}: {ratio}", strategy.name);
    }
}

#[test]
fn replaying_wins_a_short_way_behind_and_loses_a_long_way() {
    let program = Program::new("catchup");
    let report = program.report("--keys 20000 --behind 500,200000 --repeat 1");
    for strategy in ["copy", "snapshot", "snapshot-many", "resume", "restart"] {
        assert!(time(&report, 0, "replay") < time(&report, 0, strategy));
        assert!(time(&report, 1, "replay") > time(&report, 1, strategy));
    }
}

#[test]
fn a_long_line_costs_its_latency_and_a_slow_one_its_bytes() {
    let program = Program::new("catchup");
    let arguments = "--keys 20000 --behind 20000 --writes 0 --repeat 1";
    let near = program.report(&format!("{arguments} --bandwidth 10"));
    let slow = program.report(&format!("{arguments} --bandwidth 5"));
    let far = program.report(&format!("{arguments} --bandwidth 10 --latency 101ms"));
    for strategy in ["replay", "copy", "snapshot"] {
        let near = time(&near, 0, strategy);
        let ratio = time(&slow, 0, strategy) as f64 / near as f64;
        assert!((1.8..=2.0).contains(&ratio), "{strategy}: {ratio}");
        // There and back, at least once.
        assert!(time(&far, 0, strategy) >= near + 200_000_000, "{strategy}");
    }
}

#[test]
fn several_providers_share_the_work_and_a_slow_one_gets_less_of_it() {
    let program = Program::new("catchup");
    let arguments = "--keys 40000 --behind 1 --value 200 --strategies snapshot,snapshot-many";
    let equal = program.report(&format!("{arguments} --repeat 1 --bandwidth 10"));
    assert!(2 * time(&equal, 0, "snapshot-many") < time(&equal, 0, "snapshot"));
    let uneven = program.report(&format!("{arguments} --repeat 1 --bandwidth 10,1,10"));
    let counts = &rounds(&uneven, "counted", 0, "snapshot-many")[0]["counts"];
    let slow = counts["sent_bytes"][1].as_u64().unwrap();
    assert!(5 * slow < sum(counts), "{counts}");
}
