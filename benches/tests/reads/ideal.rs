use forebay_bench::reads::backend::{Costs, Shape};
use forebay_bench::reads::plan::{Pace, Plan};
use forebay_bench::reads::simulation::perfect;

use crate::counts::counts;
use crate::program::{Program, number};

/// Loads, calls, keys in them, and when the last answer came.
type Found = (u64, u64, u64, u64);

/// Finds the ideal of a plan where a call costs 100 ns and each of its keys 10.
fn ideal(keys: &[u32], pace: Pace, stop_ns: Option<u64>) -> Found {
    let shape = Shape {
        fixed_ns: 100,
        per_key_ns: 10,
        tail_ns: 0,
        tail_sigma: 0.0,
        in_flight_max: 8,
        error_rate: 0.0,
    };
    let keys = keys.into();
    let plan = Plan {
        keys,
        pace,
        stop_ns,
    };
    let found = perfect(&plan, Costs::new(shape, 1));
    (found.loads, found.calls, found.keys, found.end_ns)
}

fn open(loads: &[(u64, u32)]) -> Found {
    let (times, keys): (Vec<u64>, Vec<u32>) = loads.iter().copied().unzip();
    let times_ns = times.into();
    ideal(&keys, Pace::Open { times_ns }, None)
}

#[test]
fn a_load_that_meets_an_idle_backend_never_waits() {
    assert_eq!(open(&[(0, 1), (200, 2), (400, 1)]), (3, 3, 3, 510));
}

#[test]
fn what_comes_at_one_instant_goes_together() {
    assert_eq!(open(&[(0, 1), (0, 2), (0, 1), (0, 3)]), (4, 1, 3, 130));
    assert_eq!(open(&[(7, 1), (7, 2), (300, 1), (300, 2)]), (4, 2, 4, 420));
}

#[test]
fn what_comes_meanwhile_goes_with_the_answer_or_joins() {
    let loads = [(0, 1), (1, 2), (50, 1), (109, 3), (111, 2), (229, 3)];
    assert_eq!(open(&loads), (6, 2, 3, 230));
}

#[test]
fn a_load_at_the_instant_of_an_answer_comes_after_it() {
    assert_eq!(open(&[(0, 1), (110, 1)]), (2, 2, 2, 220));
    assert_eq!(open(&[(0, 1), (50, 2), (110, 1)]), (3, 2, 3, 230));
}

#[test]
fn clients_of_a_closed_loop_go_in_step() {
    let keys = [1, 2, 2, 3, 3, 3, 4];
    for pace in [Pace::Closed { clients: 3 }, Pace::Bursts { clients: 3 }] {
        assert_eq!(ideal(&keys, pace.clone(), None), (7, 3, 4, 340));
        assert_eq!(ideal(&keys, pace.clone(), Some(120)), (3, 1, 2, 120));
        assert_eq!(ideal(&keys, pace, Some(121)), (6, 2, 3, 230));
    }
}

#[test]
fn nothing_asked_for_needs_no_call() {
    assert_eq!(open(&[]), (0, 0, 0, 0));
}

#[test]
fn whoever_keeps_nothing_makes_at_least_the_calls_of_the_ideal() {
    // Singleflight before a batcher still gives an answer away while those who wait for it are
    // being woken, all at one instant of virtual time.
    check("model", "direct,singleflight,batch");
    check("sqlite", "direct,singleflight,batch,singleflight+batch");
}

fn check(backend: &str, strategies: &str) {
    let program = Program::new("reads");
    let paces = [
        "--clients 1,9,80",
        "--rate 3000,30000",
        "--clients 5 --duration 60ms",
    ];
    for pace in paces {
        let arguments = format!("--backend {backend} {pace} --loads 3000 --skew 1.5 --repeat 2");
        let report = program.report(&format!("{arguments} --strategies {strategies}"));
        for point in 0..report["counted"]["points"].as_array().unwrap().len() {
            for strategy in strategies.split(',') {
                for counts in counts(&report, point, strategy) {
                    let calls = number(counts, "backend_calls");
                    let ideal = number(counts, "ideal_calls");
                    let place = format!("{strategy}: {arguments}: {counts}");
                    assert!(ideal <= calls, "{place}");
                    // On a busy machine, time may be over before the first client begins.
                    assert_eq!(ideal == 0, number(counts, "loads") == 0, "{place}");
                }
            }
        }
    }
}
