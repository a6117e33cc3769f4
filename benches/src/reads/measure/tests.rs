//! That a strategy which does not keep what it must fails the run, whatever its figures.

use clap::Parser;
use forebay_core::{Load, LoadError, LoadResult};
use tokio::runtime::Runtime;

use super::*;
use crate::reads::backend::BackendError;
use crate::reads::row::Row;
use crate::report::model::Offered;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    reads: ReadsArguments,
}

/// Never answers.
struct Sleeper;

impl Load<u64> for Sleeper {
    type Value = Row;
    type Error = BackendError;

    async fn load(&self, _: &u64) -> LoadResult<Row, BackendError> {
        std::future::pending().await
    }
}

/// Answers with what the backend has for another key, or with an error.
struct Liar {
    backend: Backend,
    lie: fn(u64) -> Option<u64>,
}

impl Load<u64> for Liar {
    type Value = Row;
    type Error = BackendError;

    async fn load(&self, key: &u64) -> LoadResult<Row, BackendError> {
        match (self.lie)(*key) {
            Some(key) => self.backend.load(&key).await,
            None => Err(LoadError::Abandoned),
        }
    }
}

fn failure(measure: fn(&Trial<'_>) -> Measured, never_overlaps: bool) -> String {
    let line = "reads --backend model --clients 16 --keys 4 --loads 100 --repeat 1 --quiet";
    let arguments = Line::parse_from(line.split(' ')).reads;
    let scenario = Scenario::new(&arguments.load, arguments.seed).unwrap();
    let runtime = Runtime::new().unwrap();
    let engine = Engine {
        arguments: &arguments,
        scenario: &scenario,
        database: None,
        runtime: runtime.handle(),
    };
    let strategy = Strategy {
        name: "liar",
        summary: "",
        keeps_answers: false,
        never_overlaps,
        simulation: None,
        measure,
    };
    let plan = scenario.plan(Offered::Clients(16), 0);
    let found = engine.run(&plan, 0, strategy);
    let result = engine.check(strategy, &plan, &found);
    result.map_or_else(|failure| failure.to_string(), |()| "nothing".into())
}

fn lie(trial: &Trial<'_>, lie: fn(u64) -> Option<u64>) -> Measured {
    trial.measure(|backend| Liar { backend, lie })
}

#[test]
fn the_truth_passes() {
    assert_eq!(failure(|trial| lie(trial, Some), false), "nothing");
}

#[test]
fn a_wrong_row_fails_the_run() {
    let said = failure(|trial| lie(trial, |key| Some(key % 2)), false);
    assert!(said.starts_with("liar gave ") && said.contains(" wrong answers, the first for key "));
}

#[test]
fn a_missing_row_fails_the_run() {
    let said = failure(|trial| lie(trial, |key| Some(key + 1_000)), false);
    assert!(said.starts_with("liar gave 100 wrong answers"), "{said}");
}

#[test]
fn an_error_that_nobody_asked_for_fails_the_run() {
    let said = failure(|trial| lie(trial, |_| None), false);
    assert!(said.starts_with("100 loads of liar failed"), "{said}");
}

#[test]
fn loads_without_an_answer_fail_the_run() {
    let said = failure(|trial| trial.measure(|_| Sleeper), false);
    assert_eq!(said, "liar answered 0 of 100 loads");
}

#[test]
fn overlapping_loads_fail_a_strategy_that_promises_none() {
    let said = failure(|trial| lie(trial, Some), true);
    assert!(
        said.ends_with("while another call for the same key was under way"),
        "{said}"
    );
}
