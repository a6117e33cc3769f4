//! `reads`: runs the read strategies against each other and reports what each cost.
//!
//! * [`strategy`], the table of strategies, and [`trial`], one run of one of them.
//! * [`backend`], databases and the model, and [`row`], what they hold.
//! * [`plan`], keys and times: from a [`workload`], or from recorded reads, a [`trace`].
//! * [`simulation`], what strategies would do on the model.
//! * [`crowd`], [`hand`] and [`layers`], singleflight, the batcher and both polled by hand, for the
//!   benches.

pub mod backend;
pub mod crowd;
pub mod hand;
pub mod layers;
mod measure;
pub mod plan;
pub mod row;
mod scenario;
mod settings;
pub mod simulation;
pub mod strategy;
pub mod trace;
pub mod trial;
pub mod workload;

use std::env;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::cli::{BackendName, ReadsArguments};
use crate::failure::Failure;
use crate::harness::machine;
use crate::harness::run::Findings;
use crate::reads::backend::{Postgres, Schema, Source, Sqlite};
use crate::reads::measure::Engine;
use crate::reads::scenario::Scenario;
use crate::report::model::{Body, Clock, Reads};

/// The default database has this many rows, however few of them are asked for: a table that fits
/// into a few pages is no table.
const ROWS_MIN: u32 = 100_000;

/// Measures what was asked for.
pub(crate) fn measure(arguments: &ReadsArguments) -> Result<Findings, Failure> {
    let scenario = Scenario::new(&arguments.load, arguments.seed)?;
    let runtime = runtime(arguments)?;
    let (database, _schema) = database(arguments, &scenario, runtime.handle())?;
    let settings = settings::list(arguments, &scenario, database.as_ref());
    let engine = Engine {
        arguments,
        scenario: &scenario,
        database,
        runtime: runtime.handle(),
    };
    let mut warnings = Vec::new();
    let outcome = engine.measure(&mut warnings)?;
    let (backend, clock) = match arguments.backend {
        BackendName::Sqlite => ("sqlite", Clock::Wall),
        BackendName::Postgres => ("postgres", Clock::Wall),
        BackendName::Model => ("model", Clock::Virtual),
    };
    Ok(Findings {
        body: Body::Reads(Reads {
            backend: backend.into(),
            workload: scenario.describe(),
            clock,
            points: outcome.points,
        }),
        settings,
        warnings,
        interrupted: outcome.interrupted,
        own_threads: own_threads(arguments),
    })
}

fn runtime(arguments: &ReadsArguments) -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(machine::cores() as usize);
    // Only a server's connections need more than tasks.
    if arguments.backend == BackendName::Postgres {
        builder.enable_all();
    }
    builder.build().map_err(Failure::Runtime)
}

/// Returns how many threads this program itself keeps busy, or makes others keep busy: no reason
/// to warn.
fn own_threads(arguments: &ReadsArguments) -> f64 {
    match arguments.backend {
        BackendName::Model => 1.0,
        BackendName::Sqlite | BackendName::Postgres => {
            f64::from(machine::cores() + arguments.database.connections)
        }
    }
}

/// Makes the database, where it is what strategies read from. What is made on a server goes with
/// the schema that is returned beside it.
fn database(
    arguments: &ReadsArguments,
    scenario: &Scenario,
    runtime: &Handle,
) -> Result<(Option<Source>, Option<Schema>), Failure> {
    let rows = scenario.keys().max(ROWS_MIN);
    let connections = arguments.database.connections as usize;
    match (arguments.backend, &arguments.database.postgres_url) {
        (BackendName::Model, _) => Ok((None, None)),
        (BackendName::Postgres, Some(server)) => {
            let made = Postgres::create(server, rows, connections, runtime);
            let (server, schema) = made.map_err(Failure::Server)?;
            Ok((Some(Source::Postgres(Arc::new(server))), Some(schema)))
        }
        (BackendName::Sqlite | BackendName::Postgres, _) => {
            let folder = arguments.database.folder.clone();
            let folder = folder.unwrap_or_else(env::temp_dir);
            match Sqlite::create(&folder, rows, connections) {
                Ok(database) => Ok((Some(Source::Sqlite(Arc::new(database))), None)),
                Err(source) => Err(Failure::Database { folder, source }),
            }
        }
    }
}
