//! `events`: runs ways to give every event to every subscriber against each other and reports what
//! each cost and lost.
//!
//! * [`fanout`], the table of strategies, and [`delivery`], one run of one of them.
//! * [`follow`], a log and its readers polled by hand, for the benches.

pub mod delivery;
pub mod fanout;
pub mod follow;
mod measure;
mod scenario;
mod settings;

use tokio::runtime::{Builder, Runtime};

use crate::cli::EventsArguments;
use crate::events::measure::Engine;
use crate::events::scenario::Scenario;
use crate::failure::Failure;
use crate::harness::machine;
use crate::harness::run::Findings;
use crate::report::model::{Body, Events};

/// Measures what was asked for.
pub(crate) fn measure(arguments: &EventsArguments) -> Result<Findings, Failure> {
    let scenario = Scenario::new(&arguments.audience, &arguments.writing, arguments.capacity)?;
    let runtime = runtime()?;
    let engine = Engine {
        arguments,
        scenario: &scenario,
        runtime: runtime.handle(),
    };
    let settings = settings::list(arguments, &arguments.contest.chosen());
    let outcome = engine.measure()?;
    Ok(Findings {
        body: Body::Events(Events {
            workload: scenario.describe(),
            points: outcome.points,
        }),
        settings,
        warnings: Vec::new(),
        interrupted: outcome.interrupted,
        // The writer, and those who take events.
        own_threads: 1.0 + f64::from(machine::cores()),
    })
}

/// Builds what subscribers run on; slow ones need its timers.
fn runtime() -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(machine::cores() as usize)
        .enable_time();
    builder.build().map_err(Failure::Runtime)
}
