use std::fs;

use serde_json::Value;

use crate::QUESTIONS;
use crate::program::{Program, number, rounds};

#[test]
fn only_what_was_chosen_is_asked() {
    let program = Program::new("all");
    let report = program.report("--quick --only reads,events");
    let questions = each(&report, "question");
    assert_eq!(questions, QUESTIONS[..3]);
    let program = Program::new("all");
    program.refuses(
        "--only luck",
        "allowed are reads, events, catchup, checkpoints",
    );
}

#[test]
fn a_part_is_a_report_that_compares_with_that_of_its_own_command() {
    let program = Program::new("all");
    let report = program.report("--quick --only events");
    assert_eq!(report["kind"], "all");
    let part = &report["parts"][0];
    assert!(part["failure"].is_null());
    let round = &rounds(&part["report"], "counted", 1, "forebay")[0];
    assert_eq!(number(round, "published"), 20);
    let whole = program.file("part.json", part["report"].to_string());
    let command = part["command"].as_str().unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[..2], ["forebay-bench", "events"]);
    let alone = Program::new("events");
    assert!(alone.run(&words[2..].join(" ")).status.success());
    let output = Program::new("cmp")
        .command([whole, alone.folder().join("report.json")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn two_reports_compare_question_by_question() {
    let program = Program::new("all");
    for (only, out) in [("events,reads", "before"), ("events,checkpoints", "after")] {
        let output = program.run(&format!("--quick --quiet --only {only} --out {out}"));
        assert!(output.status.success());
    }
    let (before, after) = ("before/report.json", "after/report.json");
    let cmp = Program::new("cmp");
    let compare = |arguments: &[&str]| {
        let files = [before, after].map(|file| program.folder().join(file));
        cmp.command(files).args(arguments).output().unwrap()
    };
    let output = compare(&[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        text.contains("3 subscribers, as fast as possible"),
        "{text}"
    );
    assert!(text.contains("warning: Positions that outlast a crash: not in the first report"));
    assert!(text.contains("warning: Many callers, one row: not in the second report"));
    let output = compare(&["--fail-if", "publish-p50>0x"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let output = compare(&["--fail-if", "calls>1x"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn what_is_printed_as_json_is_what_is_in_the_file() {
    let program = Program::new("all");
    let output = program.run("--quick --quiet --json --only checkpoints --out there");
    assert!(output.status.success());
    let file = fs::read(program.folder().join("there/report.json")).unwrap();
    assert_eq!(file, output.stdout);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_disk_is_that_of_the_folder() {
    let program = Program::new("all");
    fs::create_dir(program.folder().join("disk")).unwrap();
    let report = program.report("--quick --folder disk --only reads,checkpoints");
    for command in each(&report, "command") {
        let place = ["--database disk", "--folder disk"];
        assert!(place.iter().any(|end| command.ends_with(end)), "{command}");
    }
}

fn each<'a>(report: &'a Value, field: &str) -> Vec<&'a str> {
    let parts = report["parts"].as_array().unwrap().iter();
    parts.map(|part| part[field].as_str().unwrap()).collect()
}
