//! What every subcommand that measures does before and after it.

use std::time::SystemTime;

use crate::cli::OutputArguments;
use crate::failure::Failure;
use crate::harness::interrupt;
use crate::harness::machine;
use crate::harness::terminal;
use crate::report::grid::Style;
use crate::report::model::{Body, Header, Report, Setting};
use crate::report::output::Folder;
use crate::report::{clock, json, table};

/// A subcommand under way.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    output: &'a OutputArguments,
    command: String,
    folder: Folder,
    start: Start,
}

/// The moment at which measuring began.
#[derive(Debug)]
pub(crate) struct Start {
    at: String,
    warnings: Vec<String>,
}

/// What a subcommand found.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) body: Body,
    /// Everything that was configured and could change a figure, defaults included.
    pub(crate) settings: Vec<Setting>,
    /// What a reader should know before trusting the figures.
    pub(crate) warnings: Vec<String>,
    pub(crate) interrupted: bool,
    /// How many threads the program itself kept busy, or made others keep busy: no reason to warn.
    pub(crate) own_threads: f64,
}

impl<'a> Run<'a> {
    /// Sees to it that the report can be written, and listens for interrupts. `command` is the
    /// command line, for the report's head.
    pub(crate) fn begin(output: &'a OutputArguments, command: String) -> Result<Self, Failure> {
        let folder = Folder::open(&output.out)?;
        let mut start = Start::now(0.0);
        if env!("FOREBAY_PROFILE") == "debug" {
            let warning = "built without optimisation; build with --release";
            start.warnings.push(warning.into());
        }
        interrupt::listen();
        Ok(Self {
            output,
            command,
            folder,
            start,
        })
    }

    /// Writes the files, then prints.
    pub(crate) fn finish(self, findings: Findings) -> Result<(), Failure> {
        let (output, interrupted) = (self.output, findings.interrupted);
        let report = self.start.report(self.command, findings);
        let files = self.folder.write(&report)?;
        if output.json {
            terminal::print(&String::from_utf8_lossy(&json::encode(&report)?))?;
        } else {
            terminal::print(&table::render(&report, Style::of_stdout()))?;
        }
        if !output.quiet {
            let names = files.iter().map(|file| file.display().to_string());
            let names: Vec<String> = names.collect();
            terminal::note(&format!("wrote {}", names.join(", ")));
        }
        if interrupted {
            Err(Failure::Interrupted)
        } else {
            Ok(())
        }
    }
}

impl Start {
    /// Notes that measuring begins. `own_threads` is how many threads the program has kept busy until
    /// now.
    pub(crate) fn now(own_threads: f64) -> Self {
        Self {
            at: clock::utc(SystemTime::now()),
            warnings: machine::busy_warning(own_threads).into_iter().collect(),
        }
    }

    /// Returns the report of what was found since then by a command.
    pub(crate) fn report(self, command: String, findings: Findings) -> Report {
        let mut warnings = self.warnings;
        if warnings.is_empty() {
            warnings.extend(machine::busy_warning(findings.own_threads));
        }
        warnings.extend(findings.warnings);
        let (toolchain, profile) = (env!("FOREBAY_TOOLCHAIN"), env!("FOREBAY_PROFILE"));
        Report {
            header: Header {
                command,
                commit: env!("FOREBAY_COMMIT").into(),
                toolchain: format!("{toolchain} ({profile})"),
                machine: machine::describe(),
                started_at: self.at,
                interrupted: findings.interrupted,
                warnings,
                settings: findings.settings,
            },
            body: findings.body,
        }
    }
}

/// Creates a setting.
pub(crate) fn setting(name: &str, value: impl ToString) -> Setting {
    Setting {
        name: name.into(),
        value: value.to_string(),
    }
}
