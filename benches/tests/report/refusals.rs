//! What a report may not hold, and what is said about it.

use forebay_bench::report::json;
use forebay_bench::report::model::{
    CdfStep, CheckpointsRound, EventsRound, Offered, Point, ProcessShare, Report,
};
use serde_json::{Value, json};

use crate::{follow, keep, sample};

/// Returns what is said about a report that was changed.
fn refusal(change: impl FnOnce(&mut Report)) -> String {
    let mut report = sample::report(&[1, 8], 2);
    change(&mut report);
    json::encode(&report).unwrap_err().line()
}

/// Returns what is said about a file that was changed.
fn refusal_of_file(change: impl FnOnce(&mut Value)) -> String {
    let bytes = json::encode(&sample::report(&[1], 1)).unwrap();
    let mut layout: Value = serde_json::from_slice(&bytes).unwrap();
    change(&mut layout);
    json::parse(layout.to_string().as_bytes())
        .unwrap_err()
        .line()
}

#[test]
fn factors_must_be_finite_and_above_zero() {
    for factor in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
        for offered in [Offered::PerSecond(factor), Offered::Speed(factor)] {
            let said = refusal(|report| sample::reads(report).points[1].offered = offered);
            assert_eq!(
                said,
                "expected a finite number above 0 at points[1].offered"
            );
        }
    }
    let said = refusal(|report| sample::reads(report).points[0].offered = Offered::Clients(0));
    assert_eq!(
        said,
        "expected at least 1 client at points[0].offered.clients"
    );
}

#[test]
fn names_are_there_and_unique() {
    let said = refusal(|report| sample::reads(report).points[0].strategies[1].name = " ".into());
    assert_eq!(said, "expected a name at points[0].strategies[1].name");
    let said = refusal(|report| {
        sample::reads(report).points[0].strategies[1].name = "direct".into();
    });
    assert_eq!(
        said,
        "expected each strategy once at points[0].strategies[1].name"
    );
    let said = refusal(|report| sample::reads(report).points[1].offered = Offered::Clients(1));
    assert_eq!(said, "expected each offered load once at points[1].offered");
}

#[test]
fn percentiles_and_distributions_rise() {
    let change_first = |change: fn(&mut Vec<CdfStep>)| {
        refusal(|report| {
            change(
                &mut sample::reads(report).points[0].strategies[0].rounds[0]
                    .timing
                    .cdf,
            );
        })
    };
    let place = "points[0].strategies[0].rounds[0].timing.cdf";
    assert_eq!(
        change_first(|cdf| cdf.reverse()),
        format!("expected steps that rise at {place}")
    );
    let said = change_first(|cdf| cdf[0].count = 0);
    assert_eq!(
        said,
        format!("expected steps that hold something at {place}")
    );
    let said = refusal(|report| {
        sample::reads(report).points[0].strategies[0].rounds[0]
            .timing
            .p50_ns = u64::MAX;
    });
    assert!(
        said.starts_with("expected p50 <= p99 <= p99.9 <= max at points[0]"),
        "{said}"
    );
}

#[test]
fn events_are_for_subscribers_and_reads_are_not() {
    let subscribers = |count, per_second| Offered::Subscribers { count, per_second };
    let events = |change: fn(&mut Point<EventsRound>)| {
        let mut report = follow::report(&[10], 2);
        change(&mut follow::events(&mut report).points[1]);
        json::encode(&report).unwrap_err().line()
    };
    let said = refusal(|report| sample::reads(report).points[0].offered = subscribers(1, None));
    assert_eq!(said, "expected clients or a rate at points[0].offered");
    let said = events(|point| point.offered = Offered::Clients(1));
    assert_eq!(
        said,
        "expected a number of subscribers at points[1].offered"
    );
    let nobody = Offered::Subscribers {
        count: 0,
        per_second: None,
    };
    let mut report = follow::report(&[10], 2);
    follow::events(&mut report).points[1].offered = nobody;
    let said = json::encode(&report).unwrap_err().line();
    assert_eq!(said, "expected at least 1 subscriber at points[1].offered");
    let mut report = follow::report(&[10], 2);
    follow::events(&mut report).points[1].offered = subscribers(3, Some(f64::NAN));
    let said = json::encode(&report).unwrap_err().line();
    assert_eq!(
        said,
        "expected a finite number above 0 at points[1].offered"
    );
    let place = "points[1].strategies[0].rounds[0]";
    let said = events(|point| point.strategies[0].rounds[0].counts.slow.announced = 1_000_000);
    assert_eq!(
        said,
        format!("expected no more announced losses than losses at {place}.slow.announced")
    );
    let said = events(|point| point.strategies[0].rounds[0].counts.fast.wrong = 1_000_000);
    assert_eq!(
        said,
        format!("expected no more wrong deliveries than deliveries at {place}.fast.wrong")
    );
    let said = events(|point| point.strategies[0].rounds[0].figures.publish.p50_ns = u64::MAX);
    assert_eq!(
        said,
        format!("expected p50 <= p99 <= p99.9 <= max at {place}.publish")
    );
}

#[test]
fn commits_are_of_writers_and_finite() {
    let stores = |change: fn(&mut Point<CheckpointsRound>)| {
        let mut report = keep::report(&[1], &[1], 2);
        change(&mut keep::checkpoints(&mut report).points[0]);
        json::encode(&report).unwrap_err().line()
    };
    let said = stores(|point| point.offered = Offered::Clients(1));
    assert_eq!(
        said,
        "expected writers, keys and processes at points[0].offered"
    );
    let nobody = |writers, keys, processes, updates| Offered::Commits {
        writers,
        keys,
        processes,
        updates,
    };
    for offered in [
        nobody(0, 1, 1, None),
        nobody(1, 0, 1, None),
        nobody(1, 1, 0, None),
        nobody(1, 1, 1, Some(0)),
    ] {
        let mut report = keep::report(&[1], &[1], 2);
        keep::checkpoints(&mut report).points[0].offered = offered;
        let said = json::encode(&report).unwrap_err().line();
        assert_eq!(said, "expected at least 1 of each at points[0].offered");
    }
    let place = "points[0].strategies[0].rounds[0]";
    let said = stores(|point| point.strategies[0].rounds[0].figures.yardstick_after = f64::NAN);
    assert_eq!(
        said,
        format!("expected finite figures that are not negative at {place}")
    );
    let said = stores(|point| {
        let figures = &mut point.strategies[0].rounds[0].figures;
        figures.processes = vec![ProcessShare::default(); 65];
    });
    assert_eq!(
        said,
        format!("expected at most 64 processes at {place}.processes")
    );
    let said = stores(|point| point.strategies[0].rounds[0].figures.commit.p50_ns = u64::MAX);
    assert_eq!(
        said,
        format!("expected p50 <= p99 <= p99.9 <= max at {place}.commit")
    );
}

#[test]
fn lists_and_texts_are_bounded() {
    let said = refusal(|report| report.header.command = "x".repeat(70_000));
    assert_eq!(said, "expected a text of at most 64 KiB at header.command");
    let said = refusal(|report| report.header.warnings = vec![String::new(); 1_001]);
    assert_eq!(said, "expected at most 1000 warnings at header.warnings");
    let said = refusal(|report| {
        let rounds = &mut sample::reads(report).points[0].strategies[0].rounds;
        *rounds = vec![rounds[0].clone(); 1_001];
    });
    assert_eq!(
        said,
        "expected at most 1000 rounds at points[0].strategies[0]"
    );
}

#[test]
fn other_layouts_are_told_apart() {
    let said = refusal_of_file(|layout| layout["schema"] = json!(4));
    assert_eq!(
        said,
        "expected a report of at most schema 3, found schema 4"
    );
    let said = refusal_of_file(|layout| layout["kind"] = json!("guesses"));
    assert_eq!(
        said,
        "expected a report of a kind that this program makes, found kind \"guesses\""
    );
    let said = refusal_of_file(|layout| layout["header"]["commit"] = json!(7));
    assert!(
        said.contains("invalid type: integer `7`, expected a string"),
        "{said}"
    );
    let said = json::parse(b"").unwrap_err().line();
    assert!(
        said.starts_with("expected the JSON of a report: EOF"),
        "{said}"
    );
}

#[test]
fn sections_have_one_shape() {
    let expected = "expected the points, strategies and rounds of `counted` at measured";
    let said = refusal_of_file(|layout| layout["measured"]["points"] = json!([]));
    assert_eq!(said, expected);
    let said = refusal_of_file(|layout| {
        layout["measured"]["points"][0]["strategies"][0]["name"] = json!("other");
    });
    assert_eq!(said, expected);
    let said = refusal_of_file(|layout| {
        layout["measured"]["points"][0]["offered"] = json!({ "clients": 7 });
    });
    assert_eq!(said, expected);
    let said = refusal_of_file(|layout| layout["counted"]["clock"] = json!("virtual"));
    assert_eq!(
        said,
        "expected a timing in the section of the report's clock at rounds"
    );
}

#[test]
fn numbers_that_are_not_finite_are_not_numbers() {
    let bytes = json::encode(&sample::report(&[1], 1)).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    for number in ["NaN", "Infinity", "1e999", "null", "-1", "0"] {
        let damaged = text.replace("\"clients\": 1", &format!("\"per_second\": {number}"));
        assert_ne!(damaged, text);
        assert!(json::parse(damaged.as_bytes()).is_err(), "{number}");
    }
}

#[test]
fn deep_nesting_is_refused_before_it_fills_the_stack() {
    assert!(json::parse("[".repeat(1_000_000).as_bytes()).is_err());
}
