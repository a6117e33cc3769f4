//! `checkpoints`: runs ways to keep positions durably against each other and reports what each
//! cost.
//!
//! * [`keeper`], the table of stores of positions; [`store`], what one is; `shift`, writers at work.
//! * [`positions`], stores of positions for the benches.

pub mod keeper;
mod measure;
pub mod positions;
mod realtime;
mod scenario;
mod settings;
mod shift;
pub mod store;
mod trace;
mod writer;
mod yardstick;

use crate::checkpoints::measure::Engine;
use crate::checkpoints::scenario::Scenario;
use crate::cli::CheckpointsArguments;
use crate::failure::Failure;
use crate::harness::machine;
use crate::harness::run::Findings;
use crate::report::model::{Body, Checkpoints};

pub(crate) use crate::checkpoints::writer::run as write;

/// Measures what was asked for.
pub(crate) fn measure(arguments: &CheckpointsArguments) -> Result<Findings, Failure> {
    let scenario = Scenario::new(&arguments.work, &arguments.growth)?;
    let engine = Engine::new(arguments, &scenario)?;
    let mut warnings = Vec::new();
    if !arguments.place.no_trace && !engine.traced {
        warnings.push("strace is not there or not allowed: calls of the system not counted".into());
    }
    if engine.is_in_memory() {
        warnings.push("the folder is in memory, where a sync takes no time: see --folder".into());
    }
    let class = match arguments.place.realtime {
        true => realtime::enter(),
        false => Ok("ordinary"),
    };
    let class = class.unwrap_or_else(|why| {
        warnings.push(format!("no real-time class: {why}"));
        "ordinary"
    });
    let settings = settings::list(arguments, engine.strategies(), class);
    let outcome = engine.measure()?;
    Ok(Findings {
        body: Body::Checkpoints(Checkpoints {
            workload: scenario.describe(),
            points: outcome.points,
        }),
        settings,
        warnings,
        interrupted: outcome.interrupted,
        own_threads: f64::from(machine::cores()),
    })
}
