//! `catchup`: runs ways for a laggard to catch up against each other and reports what each cost.
//!
//! * [`way`], the table of strategies, and `run`, one run of one of them.
//! * [`transfer`], a provider asked by hand, for the benches.
//! * `laggard` and `peer`, who talk in `packet`s about one `log` and its `state`, over a `network`.

mod fault;
mod laggard;
mod log;
mod measure;
pub(crate) mod network;
mod packet;
mod peer;
mod reader;
mod run;
mod scenario;
mod settings;
mod state;
#[cfg(test)]
mod tests;
pub mod transfer;
pub mod way;

use crate::catchup::measure::Engine;
use crate::catchup::scenario::Scenario;
use crate::cli::{CatchupArguments, NetworkName};
use crate::failure::Failure;
use crate::harness::run::Findings;
use crate::report::model::{Body, Catchup, Clock};

pub use crate::catchup::fault::Fault;

/// Measures what was asked for.
pub(crate) fn measure(arguments: &CatchupArguments) -> Result<Findings, Failure> {
    let scenario = Scenario::new(&arguments.changes, arguments.seed)?;
    let engine = Engine {
        arguments,
        scenario: &scenario,
    };
    let settings = settings::list(arguments, &arguments.contest.chosen());
    let outcome = engine.measure()?;
    let network = &arguments.network;
    let (clock, own_threads) = match network.network {
        NetworkName::Model => (Clock::Virtual, 1.0),
        // The laggard, the peers, and those that read for them.
        NetworkName::Tcp => (Clock::Wall, 3.0 * f64::from(network.providers) + 1.0),
    };
    Ok(Findings {
        body: Body::Catchup(Catchup {
            network: network.describe(),
            workload: scenario.describe(),
            clock,
            points: outcome.points,
        }),
        settings,
        warnings: Vec::new(),
        interrupted: outcome.interrupted,
        own_threads,
    })
}
