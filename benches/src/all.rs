//! `all`: asks every question at a short setting and puts the answers on one page.
//!
//! A question is a line of the table in [`parts`]: the command of a subcommand that measures, which
//! is read and obeyed as if somebody had typed it. So what a part of the page says can be asked
//! again alone.

pub(crate) mod parts;

use crate::all::parts::{PARTS, Question};
use crate::cli::{self, AllArguments};
use crate::failure::Failure;
use crate::harness::run::{Findings, Run, Start};
use crate::harness::terminal;
use crate::measurement;
use crate::report::model::{All, Body, Part};

/// Runs the subcommand. `command` is the command line, for the report's head.
///
/// A part that fails is named on the page, and at the end; the others are asked all the same.
pub(crate) fn run(arguments: &AllArguments, command: String) -> Result<(), Failure> {
    let run = Run::begin(&arguments.output, command)?;
    let only = &arguments.only;
    let is_asked = |part: &&Question| only.is_empty() || only.contains(&part.subcommand());
    let asked: Vec<&Question> = PARTS.iter().filter(is_asked).collect();
    let mut all = Asking {
        arguments,
        parts: Vec::new(),
        failure: None,
        interrupted: false,
        own_threads: 0.0,
    };
    for (index, question) in asked.iter().enumerate() {
        if !arguments.output.quiet {
            let number = index + 1;
            terminal::note(&format!("{number}/{}: {}", asked.len(), question.asked));
        }
        all.ask(question)?;
        if all.interrupted {
            break;
        }
    }
    if all.parts.is_empty() {
        return Err(Failure::Interrupted);
    }
    let finished = run.finish(Findings {
        body: Body::All(All { parts: all.parts }),
        settings: Vec::new(),
        warnings: Vec::new(),
        interrupted: all.interrupted,
        own_threads: all.own_threads,
    });
    match all.failure {
        // What failed is more than that the rest was not waited for.
        Some(failure) => finished.or_else(expected).and(Err(failure)),
        None => finished,
    }
}

/// Passes over an interrupt.
fn expected(failure: Failure) -> Result<(), Failure> {
    match failure {
        Failure::Interrupted => Ok(()),
        other => Err(other),
    }
}

/// What came of the questions so far.
struct Asking<'a> {
    arguments: &'a AllArguments,
    parts: Vec<Part>,
    /// The first part's that failed.
    failure: Option<Failure>,
    interrupted: bool,
    /// How many threads the last part kept busy.
    own_threads: f64,
}

impl Asking<'_> {
    /// Asks one more.
    fn ask(&mut self, question: &Question) -> Result<(), Failure> {
        let arguments = self.arguments;
        let words = question.words(arguments.quick, arguments.folder.as_deref());
        let command = cli::quoted(&words);
        let mut measurement = cli::measurement(&words)?;
        measurement.output_mut().quiet = arguments.output.quiet;
        let start = Start::now(self.own_threads);
        let result = match measurement::measure(&measurement) {
            Ok(findings) => {
                self.own_threads = findings.own_threads;
                self.interrupted = findings.interrupted;
                Ok(start.report(command.clone(), findings))
            }
            Err(Failure::Interrupted) => {
                self.interrupted = true;
                return Ok(());
            }
            Err(failure) => Err(self.failed(question, failure)),
        };
        self.parts.push(Part {
            question: question.asked.to_owned(),
            command,
            result,
        });
        Ok(())
    }

    /// Keeps why a part failed, and returns it as a report says it.
    fn failed(&mut self, question: &Question, failure: Failure) -> String {
        let said = failure.to_string();
        let failure = Failure::Part {
            part: question.asked,
            source: Box::new(failure),
        };
        match self.failure {
            None => self.failure = Some(failure),
            Some(_) => terminal::note(&format!("error: {failure}")),
        }
        said
    }
}
