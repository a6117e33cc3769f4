//! The subcommands that measure: each finds something, which is then written down in one way.

use crate::cli::Measurement;
use crate::failure::Failure;
use crate::harness::run::{Findings, Run};
use crate::{catchup, checkpoints, events, reads};

/// Measures what was asked for, and reports it. `command` is the command line, for the report's head.
pub(crate) fn run(measurement: &Measurement, command: String) -> Result<(), Failure> {
    let run = Run::begin(measurement.output(), command)?;
    run.finish(measure(measurement)?)
}

/// Measures what was asked for.
pub(crate) fn measure(measurement: &Measurement) -> Result<Findings, Failure> {
    match measurement {
        Measurement::Reads(arguments) => reads::measure(arguments),
        Measurement::Events(arguments) => events::measure(arguments),
        Measurement::Catchup(arguments) => catchup::measure(arguments),
        Measurement::Checkpoints(arguments) => checkpoints::measure(arguments),
    }
}
