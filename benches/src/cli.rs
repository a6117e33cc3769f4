//! The command line.
//!
//! Bad input ends with exit status 2 and one line on standard error that says what is allowed.

mod all;
mod argument;
mod catchup;
mod checkpoints;
mod contest;
mod events;
mod output;
mod reads;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

pub(crate) use crate::cli::all::AllArguments;
pub(crate) use crate::cli::catchup::{
    CatchupArguments, ChangesArguments, ChangesName, NetworkName,
};
pub(crate) use crate::cli::checkpoints::{CheckpointsArguments, GrowthArguments, WorkArguments};
pub(crate) use crate::cli::events::{AudienceArguments, EventsArguments, WritingArguments};
pub(crate) use crate::cli::output::OutputArguments;
pub(crate) use crate::cli::reads::{
    BackendName, LoadArguments, ModelArguments, ReadsArguments, WorkloadName,
};
use crate::failure::Failure;
use crate::harness::terminal;

/// Compares strategies: what each would have cost.
#[derive(Debug, Parser)]
#[command(name = "forebay-bench", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What the program is asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Measure(Measurement),
    /// Asks every question at a short setting, in about two minutes, and writes one page.
    All(AllArguments),
    /// Is one of the processes that `checkpoints` starts.
    #[command(hide = true)]
    WriteCheckpoints,
    /// Compares two reports.
    Cmp(CmpArguments),
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Measurement {
    /// Runs the read strategies against each other on one backend and one workload.
    #[command(allow_negative_numbers = true)]
    Reads(Box<ReadsArguments>),
    /// Runs ways to give every event to every subscriber against each other.
    #[command(allow_negative_numbers = true)]
    Events(Box<EventsArguments>),
    /// Runs ways for a replica that fell behind to catch up against each other.
    #[command(allow_negative_numbers = true)]
    Catchup(Box<CatchupArguments>),
    /// Runs ways to keep positions durably against each other.
    #[command(allow_negative_numbers = true)]
    Checkpoints(Box<CheckpointsArguments>),
}

impl Measurement {
    /// Returns what is to come out.
    pub(crate) fn output(&self) -> &OutputArguments {
        match self {
            Self::Reads(arguments) => &arguments.output,
            Self::Events(arguments) => &arguments.output,
            Self::Catchup(arguments) => &arguments.output,
            Self::Checkpoints(arguments) => &arguments.output,
        }
    }

    /// Returns the same, to be changed.
    pub(crate) fn output_mut(&mut self) -> &mut OutputArguments {
        match self {
            Self::Reads(arguments) => &mut arguments.output,
            Self::Events(arguments) => &mut arguments.output,
            Self::Catchup(arguments) => &mut arguments.output,
            Self::Checkpoints(arguments) => &mut arguments.output,
        }
    }
}

/// The arguments of `cmp`.
#[derive(Args, Debug)]
pub(crate) struct CmpArguments {
    /// The report to compare with.
    pub(crate) before: PathBuf,
    /// The report to judge.
    pub(crate) after: PathBuf,
    /// Ends with status 1 where this holds, such as `p99>1.1x`. May be given more than once.
    #[arg(long, value_name = "CONDITION")]
    pub(crate) fail_if: Vec<String>,
    /// Prints JSON rather than a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads a command line, the first argument of which is the program's own name; `None` where it only
/// asked for help or the version, which have been printed.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Option<Command>, Failure> {
    match Arguments::try_parse_from(arguments) {
        Ok(parsed) => Ok(Some(parsed.command)),
        // Printed by the parser, which knows whether the terminal shows colours.
        Err(answer) if is_answer(answer.kind()) => {
            terminal::readable(answer.print()).map(|()| None)
        }
        Err(error) => Err(Failure::Arguments(one_line(&error.to_string()).into())),
    }
}

/// Reads a command line that measures.
pub(crate) fn measurement(arguments: &[OsString]) -> Result<Measurement, Failure> {
    match parse(arguments)? {
        Some(Command::Measure(measurement)) => Ok(measurement),
        _ => Err(Failure::Arguments(
            "expected a subcommand that measures".into(),
        )),
    }
}

/// Returns a command line as a shell reads it back.
pub(crate) fn quoted(arguments: &[OsString]) -> String {
    argument::quoted(arguments)
}

fn is_answer(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

/// Returns what an error of the parser says, without the lines on usage and help that follow.
fn one_line(message: &str) -> String {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let end = message
        .find("\n\nUsage:")
        .or_else(|| message.find("\n\nFor more information"));
    let said = &message[..end.unwrap_or(message.len())];
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}
