//! `reads`: runs the read strategies against each other and reports what each cost.

mod measure;
mod scenario;
mod settings;

use std::env;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::runtime::{Builder, Runtime};

use crate::backend::{Source, Sqlite};
use crate::cli::{self, BackendName, ReadsArguments};
use crate::failure::Failure;
use crate::interrupt;
use crate::machine;
use crate::reads::measure::{Engine, Outcome};
use crate::reads::scenario::Scenario;
use crate::report::grid::Style;
use crate::report::model::{Body, Clock, Header, Reads, Report};
use crate::report::output::Folder;
use crate::report::{clock, json, table};

/// The default database has this many rows, however few of them are asked for: a table that fits
/// into a few pages is no table.
const ROWS_MIN: u32 = 100_000;

/// Runs the subcommand. `command` is the command line, for the report's head.
pub(crate) fn run(arguments: &ReadsArguments, command: String) -> Result<(), Failure> {
    let scenario = Scenario::new(&arguments.load, arguments.seed)?;
    let folder = Folder::open(&arguments.output.out)?;
    let started_at = clock::utc(SystemTime::now());
    let mut warnings: Vec<String> = machine::busy_warning(0.0).into_iter().collect();
    if env!("FOREBAY_PROFILE") == "debug" {
        warnings.push("built without optimisation; build with --release".into());
    }
    interrupt::listen();

    let runtime = runtime()?;
    let engine = Engine {
        arguments,
        scenario: &scenario,
        database: database(arguments, &scenario)?,
        runtime: runtime.handle(),
    };
    let outcome = engine.measure()?;
    if outcome.is_empty() {
        return Err(Failure::Interrupted);
    }
    if warnings.is_empty() {
        warnings.extend(machine::busy_warning(own_threads(arguments)));
    }
    warnings.extend(outcome.warnings.iter().cloned());

    let header = Header {
        command,
        commit: env!("FOREBAY_COMMIT").into(),
        toolchain: format!(
            "{} ({})",
            env!("FOREBAY_TOOLCHAIN"),
            env!("FOREBAY_PROFILE")
        ),
        machine: machine::describe(),
        started_at,
        interrupted: outcome.interrupted,
        warnings,
        settings: settings::list(arguments, &scenario),
    };
    present(arguments, &scenario, header, outcome, &folder)
}

/// Writes the files, then prints.
fn present(
    arguments: &ReadsArguments,
    scenario: &Scenario,
    header: Header,
    outcome: Outcome,
    folder: &Folder,
) -> Result<(), Failure> {
    let interrupted = outcome.interrupted;
    let (backend, clock) = match arguments.backend {
        BackendName::Sqlite => ("sqlite", Clock::Wall),
        BackendName::Model => ("model", Clock::Virtual),
    };
    let reads = Reads {
        backend: backend.into(),
        workload: scenario.describe(),
        clock,
        points: outcome.points,
    };
    let report = Report {
        header,
        body: Body::Reads(reads),
    };
    let files = folder.write(&report)?;
    if arguments.output.json {
        cli::print(&String::from_utf8_lossy(&json::encode(&report)?))?;
    } else {
        cli::print(&table::render(&report, Style::of_stdout()))?;
    }
    if !arguments.output.quiet {
        let names: Vec<String> = files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        cli::note(&format!("wrote {}", names.join(", ")));
    }
    if interrupted {
        Err(Failure::Interrupted)
    } else {
        Ok(())
    }
}

fn runtime() -> Result<Runtime, Failure> {
    let workers = machine::cores() as usize;
    let built = Builder::new_multi_thread().worker_threads(workers).build();
    built.map_err(Failure::Runtime)
}

/// Returns how many threads this program itself keeps busy: no reason to warn.
fn own_threads(arguments: &ReadsArguments) -> f64 {
    match arguments.backend {
        BackendName::Model => 1.0,
        BackendName::Sqlite => f64::from(machine::cores() + arguments.sqlite.connections),
    }
}

/// Makes the database, where it is what strategies read from.
fn database(arguments: &ReadsArguments, scenario: &Scenario) -> Result<Option<Source>, Failure> {
    if arguments.backend == BackendName::Model {
        return Ok(None);
    }
    let folder = arguments
        .sqlite
        .database
        .clone()
        .unwrap_or_else(env::temp_dir);
    let rows = scenario.keys().max(ROWS_MIN);
    let connections = arguments.sqlite.connections as usize;
    match Sqlite::create(&folder, rows, connections) {
        Ok(database) => Ok(Some(Source::Sqlite(Arc::new(database)))),
        Err(source) => Err(Failure::Database { folder, source }),
    }
}
