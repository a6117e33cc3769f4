use std::fs;

use forebay_bench::events::fanout;

use crate::program::{Program, number, rounds};

#[test]
fn what_is_counted_stands_apart_from_what_is_measured() {
    let program = Program::new("events");
    let report =
        program.report("--subscribers 1,5 --rate max,500 --events 20 --repeat 1 --strategies mpsc");
    assert_eq!(report["kind"], "events");
    let counted = report["counted"].to_string();
    assert!(!counted.contains("_ns") && !counted.contains("bytes\""));
    let measured = report["measured"].to_string();
    assert!(!measured.contains("delivered") && measured.contains("subscriber_bytes"));
    for point in 0..4 {
        let round = &rounds(&report, "measured", point, "mpsc")[0];
        let timing = &round["publish"];
        assert!(number(timing, "p50_ns") <= number(timing, "max_ns"));
        assert!(number(round, "writer_cpu_ns") <= number(&round["cost"], "cpu_ns"));
        // Each event has a payload of its own.
        assert!(number(&round["cost"], "allocations") >= 20);
    }
}

#[test]
fn an_open_loop_publishes_at_the_times_it_was_told() {
    let program = Program::new("events");
    let report = program
        .report("--subscribers 2 --slow 0 --rate 200 --events 10 --repeat 1 --strategies forebay");
    let round = &rounds(&report, "measured", 0, "forebay")[0];
    // The tenth event is due 50 ms after the start, and nothing makes time go faster.
    assert!(number(&round["fast"], "elapsed_ns") >= 50_000_000);
    assert!(number(&round["publish"], "elapsed_ns") >= 50_000_000);
}

#[test]
fn chosen_strategies_run_once_however_often_they_are_named() {
    let program = Program::new("events");
    let report = program
        .report("--strategies mpsc,forebay,mpsc --subscribers 2 --rate max --events 5 --repeat 1");
    let strategies = &report["counted"]["points"][0]["strategies"];
    let names = strategies.as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|found| found["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["forebay", "mpsc"]);
}

#[test]
fn files_are_written_and_compare_with_each_other() {
    let program = Program::new("events");
    let arguments = "--subscribers 1,3 --rate max --events 20 --repeat 1";
    let output = program.run(arguments);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    for strategy in fanout::ALL {
        assert!(text.contains(strategy.name), "{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(
        notes.starts_with("wrote ") && notes.lines().count() == 1,
        "{notes}"
    );

    let page = fs::read_to_string(program.folder().join("report.html")).unwrap();
    assert!(page.contains("Events to many subscribers") && page.contains("<svg"));
    let file = program.folder().join("report.json");
    let output = Program::new("cmp")
        .command([&file, &file])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("3 subscribers, as fast as possible"),
        "{text}"
    );
    assert!(text.contains("publish-p99"), "{text}");
}
