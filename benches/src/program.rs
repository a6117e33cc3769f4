//! The program: what was asked is done, and said.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::{self, CmpArguments, Command};
use crate::failure::Failure;
use crate::harness::terminal;
use crate::report::grid::Style;
use crate::{all, checkpoints, cmp, measurement};

/// Runs the program with its arguments, the first of which is its own name, and returns its exit
/// status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match obey(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::note(&format!("error: {failure}"));
            failure.exit_code()
        }
    }
}

fn obey(arguments: &[OsString]) -> Result<(), Failure> {
    let Some(command) = cli::parse(arguments)? else {
        return Ok(());
    };
    match command {
        Command::Measure(asked) => measurement::run(&asked, cli::quoted(arguments)),
        Command::All(asked) => all::run(&asked, cli::quoted(arguments)),
        Command::WriteCheckpoints => checkpoints::write(),
        Command::Cmp(request) => compare(request),
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
    terminal::print(&answer.text)?;
    for failure in &answer.failures {
        terminal::note(failure);
    }
    match answer.failures.len() {
        0 => Ok(()),
        count => Err(Failure::Condition(count)),
    }
}
