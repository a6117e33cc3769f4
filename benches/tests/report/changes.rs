//! Two reports side by side.

use std::fs;

use forebay_bench::cmp::{self, Answer, CmpError, Comparison, Request};
use forebay_bench::report::grid::Style;
use forebay_bench::report::json;
use forebay_bench::report::model::{Clock, Report};
use serde_json::Value;

use crate::{follow, keep, sample};

/// Compares two reports through their files.
fn compare(
    before: &Report,
    after: &Report,
    fail_if: &[&str],
    json: bool,
) -> Result<Answer, CmpError> {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, report: &Report| {
        let path = place.path().join(name);
        fs::write(&path, json::encode(report).unwrap()).unwrap();
        path
    };
    let request = Request {
        before: file("before.json", before),
        after: file("after.json", after),
        fail_if: fail_if.iter().map(|written| written.to_string()).collect(),
        json,
    };
    cmp::run(&request, Style::new(false, None))
}

/// Returns a report, and the same one with one strategy's p99 half as long again.
fn slowed() -> (Report, Report) {
    let before = sample::report(&[1, 64], 3);
    let mut after = before.clone();
    for round in &mut sample::reads(&mut after).points[1].strategies[2].rounds {
        round.timing.p99_ns = round.timing.p99_ns * 3 / 2;
        round.timing.p999_ns *= 2;
        round.timing.max_ns *= 2;
    }
    (before, after)
}

#[test]
fn ratios_are_after_to_before() {
    let (before, after) = slowed();
    let text = compare(&before, &after, &[], false).unwrap().text;
    assert!(
        text.lines()
            .any(|line| line.starts_with("moka") && line.contains("1.50!")),
        "{text}"
    );
    let text = compare(&after, &before, &[], false).unwrap().text;
    assert!(
        text.lines()
            .any(|line| line.starts_with("moka") && line.contains("0.67*")),
        "{text}"
    );
}

#[test]
fn report_equals_itself() {
    let report = sample::report(&[1, 64], 5);
    let answer = compare(&report, &report, &["p99>1x", "throughput<1x"], false).unwrap();
    assert!(answer.failures.is_empty());
    let ratios = answer
        .text
        .split(
            "

",
        )
        .nth(1)
        .unwrap();
    assert!(!ratios.contains(['!', '*']), "{ratios}");
    assert!(
        answer.text.lines().all(|line| line.chars().count() <= 100),
        "{}",
        answer.text
    );
}

#[test]
fn failing_conditions_are_named_with_strategy_and_load() {
    let (before, after) = slowed();
    let conditions = ["p99>1.1x", "p99.9>3x", "calls>1x", "max >= 2"];
    let answer = compare(&before, &after, &conditions, false).unwrap();
    let [first, second] = answer.failures.as_slice() else {
        panic!("{:?}", answer.failures)
    };
    assert!(
        first.starts_with("p99>1.1x fails: moka under 64 clients has p99 "),
        "{first}"
    );
    assert!(first.ends_with(": 1.50x"), "{first}");
    assert!(
        second.starts_with("max>=2x fails: moka under 64 clients"),
        "{second}"
    );
}

#[test]
fn figures_that_appear_from_nothing_fail_every_upper_bound() {
    let before = sample::report(&[1], 1);
    let mut after = before.clone();
    sample::reads(&mut after).points[0].strategies[0]
        .rounds
        .iter_mut()
        .for_each(|round| {
            round.counts.errors = 1;
        });
    let answer = compare(&before, &after, &["errors>1000x"], true).unwrap();
    assert_eq!(answer.failures.len(), 1);
    let layout: Value = serde_json::from_str(&answer.text).unwrap();
    let metrics = layout["strategies"][0]["metrics"].as_array().unwrap();
    let errors = metrics
        .iter()
        .find(|metric| metric["name"] == "errors")
        .unwrap();
    assert!(errors["ratio"].is_null() && errors["improved"] == false);
    assert_eq!(layout["failures"].as_array().map(Vec::len), Some(1));
}

#[test]
fn conditions_on_what_was_not_measured_do_not_pass() {
    let mut report = sample::report(&[1], 1);
    for round in &mut sample::reads(&mut report).points[0].strategies[0].rounds {
        round.cost.cpu_ns = None;
    }
    let refused = compare(&report, &report, &["cpu>2x"], false)
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("cannot judge cpu>2x: no strategy has this figure"),
        "{refused}"
    );
}

#[test]
fn reports_of_other_questions_are_refused() {
    let before = sample::report(&[1], 1);
    let refusal = |change: fn(&mut Report)| {
        let mut after = before.clone();
        change(&mut after);
        Comparison::of(&before, &after).unwrap_err().to_string()
    };
    let said = refusal(|report| sample::reads(report).backend = "model".into());
    assert_eq!(
        said,
        "cannot compare reports of another backend: \"sqlite\" and \"model\""
    );
    let said = refusal(|report| sample::reads(report).workload = "uniform".into());
    assert!(
        said.starts_with("cannot compare reports of another workload: "),
        "{said}"
    );
    let said = refusal(|report| sample::reads(report).clock = Clock::Virtual);
    assert_eq!(
        said,
        "cannot compare reports of another clock: \"wall\" and \"virtual\""
    );
    let said = refusal(|report| sample::reads(report).points.clear());
    assert_eq!(
        said,
        "cannot compare reports that share no strategy under the same load"
    );
}

#[test]
fn reports_on_events_compare_with_each_other_and_with_no_other() {
    let before = follow::report(&[1, 100], 4);
    let mut after = before.clone();
    for round in &mut follow::events(&mut after).points[1].strategies[1].rounds {
        round.figures.publish.p99_ns *= 2;
        round.figures.publish.p999_ns *= 2;
        round.figures.publish.max_ns *= 2;
    }
    let conditions = ["publish-p99>1.5x", "lost>1x", "calls>1x"];
    let answer = compare(&before, &after, &conditions[..2], false).unwrap();
    let [failure] = answer.failures.as_slice() else {
        panic!("{:?}", answer.failures)
    };
    assert!(
        failure.starts_with(
            "publish-p99>1.5x fails: broadcast under 100 subscribers, as fast as possible has"
        ),
        "{failure}"
    );
    assert!(
        answer.text.lines().all(|line| line.chars().count() <= 100),
        "{}",
        answer.text
    );
    let refused = compare(&before, &after, &conditions, false).unwrap_err();
    assert!(refused.to_string().starts_with("cannot judge calls>1x"));
    let refused = Comparison::of(&before, &sample::report(&[1], 1)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cannot compare reports of another kind: \"events\" and \"reads\""
    );
}

#[test]
fn reports_on_stores_compare_with_each_other_and_with_no_other() {
    let before = keep::report(&[1, 16], &[1_000], 3);
    let mut after = before.clone();
    for round in &mut keep::checkpoints(&mut after).points[1].strategies[0].rounds {
        round.figures.yardstick_before *= 2.0;
        round.figures.yardstick_after *= 2.0;
    }
    let conditions = ["yards<0.9x", "throughput<0.9x"];
    let answer = compare(&before, &after, &conditions, false).unwrap();
    // As many commits on a disk that is twice as fast.
    let [failure] = answer.failures.as_slice() else {
        panic!("{:?}", answer.failures)
    };
    assert!(
        failure.starts_with("yards<0.9x fails: forebay under 16 writers, 1,000 keys has"),
        "{failure}"
    );
    let refused = Comparison::of(&before, &follow::report(&[1], 1)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cannot compare reports of another kind: \"checkpoints\" and \"events\""
    );
}

#[test]
fn what_differs_besides_the_figures_is_said() {
    let before = sample::report(&[1, 8], 2);
    let mut after = sample::report(&[8, 64], 3);
    after.header.machine.cores = 2;
    after.header.settings[0].value = "5".into();
    after.header.interrupted = true;
    let text = compare(&before, &after, &[], false).unwrap().text;
    for warning in [
        "another cores: 8, then 2",
        "another repeat: 3, then 5",
        "the second report was interrupted",
        "the first report warns: the machine was busier",
        "fewer than 4 rounds of a strategy: ! and * may be chance",
        "direct under 1 client is not in the second report",
        "moka under 8 clients is not in the first report",
    ] {
        assert!(
            text.contains(&format!("warning: {warning}")),
            "{warning}\n{text}"
        );
    }
}

#[test]
fn names_from_files_cannot_steer_the_terminal() {
    let mut report = sample::report(&[1], 1);
    sample::reads(&mut report).points[0].strategies[0].name = "\x1b[2Jx".into();
    sample::reads(&mut report).workload = "\x1b[2Jx\n".into();
    report.header.warnings = vec!["\x1b[2Jx".into()];
    let answer = compare(&report, &report, &["p99>=1x"], false).unwrap();
    assert!(!answer.text.contains('\x1b'));
    assert!(answer.failures.iter().all(|line| !line.contains('\x1b')));
}
