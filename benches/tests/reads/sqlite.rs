use forebay_bench::reads::strategy;

use crate::counts::counts;
use crate::program::{Program, number};

#[test]
fn every_strategy_answers_right_in_both_loops() {
    let program = Program::new("reads");
    for pace in [
        "--clients 1,32",
        "--rate 20000",
        "--workload stampede --clients 16",
    ] {
        let report = program.report(&format!("{pace} --loads 800 --repeat 1 --capacity 200"));
        for strategy in strategy::ALL {
            for counts in counts(&report, 0, strategy.name) {
                assert!(number(counts, "loads") >= 800, "{}", strategy.name);
                assert_eq!(number(counts, "wrong_answers"), 0, "{}", strategy.name);
                assert_eq!(number(counts, "errors"), 0, "{}", strategy.name);
            }
        }
    }
}

#[test]
fn no_two_loads_of_one_key_overlap_behind_singleflight() {
    let program = Program::new("reads");
    let report = program.report("--clients 128 --loads 5000 --keys 50 --repeat 2");
    for round in counts(&report, 0, "singleflight") {
        assert_eq!(number(round, "overlapping_loads"), 0);
    }
}

/// On the model, where it does not depend on who runs when.
#[test]
fn loads_of_one_key_that_overlap_are_seen() {
    let program = Program::new("reads");
    let arguments = "--backend model --clients 128 --loads 5000 --keys 50 --repeat 1";
    let report = program.report(&format!("{arguments} --strategies direct"));
    let round = &counts(&report, 0, "direct")[0];
    assert!(number(round, "overlapping_loads") > 0, "{round}");
}

#[test]
fn the_database_is_gone_afterwards() {
    let program = Program::new("reads");
    let place = program.folder().join("database");
    std::fs::create_dir(&place).unwrap();
    program.report("--loads 100 --clients 2 --repeat 1 --database database");
    assert_eq!(std::fs::read_dir(place).unwrap().count(), 0);
}
