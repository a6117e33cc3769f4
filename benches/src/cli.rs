//! The command line.
//!
//! Bad input ends with exit status 2 and one line on standard error that says what is allowed.

mod argument;
mod reads;

use std::ffi::OsString;
use std::io::{self, Write, stderr, stdout};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

pub(crate) use crate::cli::reads::{
    BackendName, LoadArguments, ModelArguments, ReadsArguments, WorkloadName,
};
use crate::cmp;
use crate::failure::Failure;
use crate::report::grid::Style;

/// Compares the strategies of the read path: what each would have cost.
#[derive(Debug, Parser)]
#[command(name = "forebay-bench", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the read strategies against each other on one backend and one workload.
    #[command(allow_negative_numbers = true)]
    Reads(Box<ReadsArguments>),
    /// Compares two reports.
    Cmp(CmpArguments),
}

#[derive(Args, Debug)]
struct CmpArguments {
    /// The report to compare with.
    before: std::path::PathBuf,
    /// The report to judge.
    after: std::path::PathBuf,
    /// Ends with status 1 where this holds, such as `p99>1.1x`. May be given more than once.
    #[arg(long, value_name = "CONDITION")]
    fail_if: Vec<String>,
    /// Prints JSON rather than a table.
    #[arg(long)]
    json: bool,
}

/// Runs the program with its arguments, the first of which is its own name, and returns its exit
/// status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let result = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => match parsed.command {
            Command::Reads(reads) => crate::reads::run(&reads, argument::quoted(&arguments)),
            Command::Cmp(request) => compare(request),
        },
        // Printed by the parser, which knows whether the terminal shows colours.
        Err(answer) if is_answer(answer.kind()) => readable(answer.print()),
        Err(error) => Err(Failure::Arguments(one_line(&error.to_string()).into())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If nobody reads standard error, the exit status still tells.
            let _ = writeln!(stderr(), "error: {failure}");
            failure.exit_code()
        }
    }
}

fn compare(arguments: CmpArguments) -> Result<(), Failure> {
    let request = cmp::Request {
        before: arguments.before,
        after: arguments.after,
        fail_if: arguments.fail_if,
        json: arguments.json,
    };
    let answer = cmp::run(&request, Style::of_stdout())?;
    print(&answer.text)?;
    for failure in &answer.failures {
        note(failure);
    }
    match answer.failures.len() {
        0 => Ok(()),
        count => Err(Failure::Condition(count)),
    }
}

/// Prints what was asked for. A reader who closes the pipe early has read enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = stdout().lock();
    let written = output.write_all(text.as_bytes());
    readable(written.and_then(|()| output.flush()))
}

fn readable(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// Prints something beside what was asked for.
pub(crate) fn note(text: &str) {
    // A note that nobody reads is no reason to fail.
    let _ = writeln!(stderr(), "{text}");
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
