//! Why the program ends without doing what it was asked.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::catchup;
use crate::checkpoints::store;
use crate::cmp::CmpError;
use crate::events::delivery::Fault;
use crate::reads::backend::BackendError;
use crate::reads::trace::TraceError;
use crate::report::error::ReportError;

/// Why the program ends without doing what it was asked. Each displays as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The command line asks for something that there is not; the text says what there is.
    #[error("{0}")]
    Arguments(Box<str>),
    /// The trace cannot be used.
    #[error("{path}: {source}", path = path.display())]
    Trace {
        /// The trace's file.
        path: PathBuf,
        /// What is wrong with it.
        source: TraceError,
    },
    /// The database cannot be made or opened.
    #[error("the database in {folder} cannot be opened: {source}", folder = folder.display())]
    Database {
        /// The folder in which it was to be made.
        folder: PathBuf,
        /// What went wrong.
        source: BackendError,
    },
    /// The server cannot be reached, or the table cannot be made there.
    #[error("the server of --postgres-url cannot be used: {0}")]
    Server(#[source] BackendError),
    /// The system gives no threads.
    #[error("the threads to run on cannot be started: {0}")]
    Runtime(#[source] io::Error),
    /// The report cannot be written.
    #[error("{}", .0.line())]
    Report(#[from] ReportError),
    /// Two reports cannot be compared.
    #[error(transparent)]
    Cmp(#[from] CmpError),
    /// The output cannot be written to.
    #[error("the output cannot be written: {0}")]
    Output(#[source] io::Error),
    /// A strategy answered with something else than the backend holds.
    #[error("{strategy} gave {count} wrong answers, the first for key {key}")]
    WrongAnswers {
        /// The strategy's name.
        strategy: &'static str,
        /// How many answers were wrong.
        count: u64,
        /// The first key whose answer was wrong.
        key: u64,
    },
    /// A strategy left loads without an answer, though nothing was left to wait for.
    #[error("{strategy} answered {answered} of {asked} loads")]
    LoadsLost {
        /// The strategy's name.
        strategy: &'static str,
        /// How many loads were answered.
        answered: u64,
        /// How many there were.
        asked: u64,
    },
    /// A strategy made calls for one key at the same time that promises not to.
    #[error("{strategy} asked for {count} keys while another call for the same key was under way")]
    Overlap {
        /// The strategy's name.
        strategy: &'static str,
        /// How many keys of calls overlapped.
        count: u64,
    },
    /// Loads failed though the backend was not asked to fail.
    #[error("{count} loads of {strategy} failed, the first because {message}")]
    LoadsFailed {
        /// The strategy's name.
        strategy: &'static str,
        /// How many loads failed.
        count: u64,
        /// What the first one said.
        message: Box<str>,
    },
    /// A subscriber got something else than it was to get.
    #[error("{count} deliveries of {strategy} were wrong, the first because {fault}")]
    WrongDeliveries {
        /// The strategy's name.
        strategy: &'static str,
        /// How many deliveries were wrong.
        count: u64,
        /// What was wrong with the first one.
        fault: Fault,
    },
    /// Subscribers vanished before their events ended.
    #[error("{attended} of {subscribers} subscribers of {strategy} went on to the end")]
    SubscribersLost {
        /// The strategy's name.
        strategy: &'static str,
        /// How many were there to the end.
        attended: u64,
        /// How many there were.
        subscribers: u64,
    },
    /// A laggard did not catch up, or not with what its peers have.
    #[error("{strategy} did not catch up: {fault}")]
    NotCaughtUp {
        /// The strategy's name.
        strategy: &'static str,
        /// What went wrong.
        fault: catchup::Fault,
    },
    /// A process that commits positions did not do so.
    #[error("a process that commits positions failed: {0}")]
    Writer(#[source] io::Error),
    /// The folder in which stores are measured cannot be used.
    #[error("stores cannot be measured in {folder}: {source}", folder = folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A store failed, or lost what it had acknowledged.
    #[error("{strategy}: {source}")]
    Store {
        /// The strategy's name.
        strategy: &'static str,
        /// What went wrong.
        source: store::Fault,
    },
    /// One of the questions of `all` has no answer.
    #[error("{part}: {source}")]
    Part {
        /// The question.
        part: &'static str,
        /// Why there is no answer.
        source: Box<Self>,
    },
    /// A condition of `cmp` was not met; what it was has been said.
    #[error("conditions of --fail-if that hold: {0}")]
    Condition(usize),
    /// The run was interrupted; what was measured by then has been shown.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// Returns the program's exit status: 2 for what was asked, 1 for what was found, and the
    /// customary 130 after an interrupt.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status())
    }

    fn status(&self) -> u8 {
        match self {
            Self::Part { source, .. } => source.status(),
            Self::WrongAnswers { .. }
            | Self::LoadsLost { .. }
            | Self::Overlap { .. }
            | Self::LoadsFailed { .. }
            | Self::WrongDeliveries { .. }
            | Self::SubscribersLost { .. }
            | Self::NotCaughtUp { .. }
            | Self::Writer(_)
            | Self::Store { .. }
            | Self::Condition(_) => 1,
            Self::Interrupted => 130,
            _ => 2,
        }
    }
}
