use crate::counts::counts;
use crate::program::{Program, number};

/// Workloads and backends in which many things happen at one instant, or hardly anything does.
const SHAPES: [&str; 9] = [
    "",
    "--tail 0s --clients 3,64",
    "--tail 0s --fixed 0s --per-key 0s --clients 4",
    "--in-flight 1 --clients 32 --skew 2",
    "--error-rate 0.3 --clients 1,50",
    "--workload uniform --keys 20 --clients 7",
    "--workload stampede --clients 1,40",
    "--workload page --clients 1,40",
    "--workload scan --keys 9 --clients 5",
];

#[test]
fn one_seed_gives_one_report() {
    let program = Program::new("reads");
    let arguments =
        "--backend model --loads 1000 --capacity 100 --repeat 2 --clients 4,40 --seed 9";
    let first = program.report(arguments);
    let second = program.report(arguments);
    assert_eq!(first["counted"].to_string(), second["counted"].to_string());
    let timed = first["counted"].to_string().contains("p99_ns");
    assert!(timed, "virtual time is counted, not measured");

    let other = program.report(&arguments.replace("--seed 9", "--seed 10"));
    assert_ne!(first["counted"], other["counted"]);
}

#[test]
fn strategies_make_the_calls_of_the_simulation_in_a_closed_loop() {
    for (seed, shape) in SHAPES.into_iter().enumerate() {
        check(&format!("--loads 2000 --seed {seed} {shape}"));
    }
}

#[test]
fn strategies_make_the_calls_of_the_simulation_in_an_open_loop() {
    for seed in 0..4 {
        check(&format!("--rate 500,40000 --loads 3000 --seed {seed}"));
        check(&format!(
            "--rate 20000 --loads 3000 --tail 0s --in-flight 2 --seed {seed}"
        ));
    }
}

#[test]
fn strategies_make_the_calls_of_the_simulation_on_a_trace() {
    let program = Program::new("reads");
    // Several reads at one instant, and some at the very instant of an answer.
    let lines: String = (0..600)
        .map(|read| {
            format!(
                "{}.{:03},{}\n",
                read / 200,
                read / 2 % 100,
                read * read % 17
            )
        })
        .collect();
    program.file("trace.csv", lines);
    for arguments in [
        "--fixed 1ms --tail 0s --per-key 0s",
        "--speed 20",
        "--clients 6",
    ] {
        check_in(&program, &format!("--trace trace.csv {arguments}"));
    }
}

#[test]
fn strategies_make_the_calls_of_the_simulation_where_batches_are_full() {
    for shape in [
        // A batch that held one key less would make one more of them.
        "--workload scan --clients 3000",
        "--clients 9000 --in-flight 2",
        "--clients 2500 --fixed 0s --tail 10ms",
        "--workload scan --rate 3000000",
        "--rate 1500000 --in-flight 1 --keys 2000",
    ] {
        check(&format!("--loads 12000 --skew 0.5 {shape}"));
    }
}

#[test]
fn a_closed_loop_stops_when_its_time_is_over() {
    let program = Program::new("reads");
    let report = program.report("--backend model --clients 2 --duration 50ms --strategies direct");
    for counts in counts(&report, 0, "direct") {
        let loads = number(counts, "loads");
        assert!(
            (30..=100).contains(&loads),
            "2 clients, 1 ms or more each: {loads}"
        );
    }
    check("--clients 5 --duration 200ms");
}

#[test]
fn errors_are_counted_and_shared() {
    let program = Program::new("reads");
    let report = program.report("--backend model --error-rate 1 --loads 200 --clients 50 --keys 1");
    for counts in counts(&report, 0, "singleflight") {
        assert_eq!(number(counts, "errors"), 200);
        assert!(number(counts, "backend_calls") <= 10);
    }
}

fn check(arguments: &str) {
    check_in(&Program::new("reads"), arguments);
}

/// Runs the strategies that have a simulation and checks every round of every point against it.
fn check_in(program: &Program, arguments: &str) {
    let only = "--backend model --strategies direct,singleflight,batch --repeat 2";
    let report = program.report(&format!("{only} {arguments}"));
    let points = report["counted"]["points"].as_array().unwrap().len();
    for point in 0..points {
        for strategy in ["singleflight", "batch"] {
            for counts in counts(&report, point, strategy) {
                let place = format!("{strategy}: {arguments}, point {point}");
                let calls = number(counts, "backend_calls");
                assert_eq!(calls, number(counts, "predicted_calls"), "{place}");
                assert_eq!(number(counts, "overlapping_loads"), 0, "{place}");
            }
        }
    }
    // The number of keys is checked by the program itself.
    let warnings = report["header"]["warnings"].as_array().unwrap();
    let differs = |text: &&serde_json::Value| text.to_string().contains("the simulation");
    assert!(!warnings.iter().any(|text| differs(&text)), "{warnings:?}");
}
