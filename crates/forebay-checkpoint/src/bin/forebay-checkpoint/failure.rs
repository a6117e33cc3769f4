use std::error::Error;
use std::fmt::Write;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use forebay_checkpoint::{CheckpointError, ImportError};

use crate::output::plain;

/// Why the tool ends without having done what it was asked, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    line: String,
}

/// How the tool may end, with the exit status that says so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// Whoever read the output has closed it, and has read enough.
    Unread = 0,
    No = 1,
    Usage = 2,
    Refused = 3,
    Unusable = 4,
    Failed = 5,
}

impl Failure {
    pub(crate) fn no(line: impl Into<String>) -> Self {
        Self::new(Kind::No, line)
    }

    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::new(Kind::Usage, line)
    }

    pub(crate) fn refused(line: impl Into<String>) -> Self {
        Self::new(Kind::Refused, line)
    }

    pub(crate) fn io(doing: &str, path: &Path, error: io::Error) -> Self {
        Self::new(
            Kind::Failed,
            format!("cannot {doing} {}: {error}", path.display()),
        )
    }

    pub(crate) fn missing(file: &Path) -> Self {
        let line = format!("there is no {}; check the path", file.display());
        Self::new(Kind::Failed, line)
    }

    /// As [`missing`](Self::missing), where the command could begin a file.
    pub(crate) fn not_created(file: &Path) -> Self {
        let file = file.display();
        let line = format!("there is no {file}; check the path, or begin a file with --create");
        Self::new(Kind::Failed, line)
    }

    pub(crate) fn late(file: &Path) -> Self {
        let line = format!(
            "other processes kept the lock of {}; see --lock-timeout",
            file.display()
        );
        Self::new(Kind::Failed, line)
    }

    pub(crate) fn import(from: &Path, error: &ImportError) -> Self {
        let line = format!("cannot import {}: {}", from.display(), chain(error));
        Self::new(Kind::Unusable, line)
    }

    pub(crate) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Kind::Unread, "");
        }
        Self::new(Kind::Failed, format!("cannot write the output: {error}"))
    }

    fn new(kind: Kind, line: impl Into<String>) -> Self {
        let line = line.into();
        Self { kind, line }
    }

    /// What is to be said about it, in one line.
    pub(crate) fn line(&self) -> Option<String> {
        (self.kind != Kind::Unread).then(|| plain(&self.line))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        use CheckpointError as Error;
        let kind = match &error {
            Error::OtherLog { .. } | Error::Fenced { .. } => Kind::Refused,
            Error::EventIdTooLong { .. }
            | Error::LabelTooLong { .. }
            | Error::BatchTooLarge { .. } => Kind::Usage,
            Error::Corrupt { .. }
            | Error::NotAStore { .. }
            | Error::JsonV1 { .. }
            | Error::Import { .. }
            | Error::UnsupportedVersion { .. }
            | Error::KeyFormat { .. }
            | Error::NotAFile { .. } => Kind::Unusable,
            _ => Kind::Failed,
        };
        let mut line = chain(&error);
        if let Some(advice) = advice(&error) {
            line.push_str("; ");
            line.push_str(advice);
        }
        Self::new(kind, line)
    }
}

/// What somebody at a terminal can do, where the error does not say it itself.
fn advice(error: &CheckpointError) -> Option<&'static str> {
    use CheckpointError as Error;
    Some(match error {
        Error::OtherLog { .. } => "use reset to go over to it",
        Error::Corrupt { .. } => "verify says how much, and salvage saves the rest",
        Error::NotAStore { .. } => "check the path, or move it away if it was one",
        Error::JsonV1 { .. } => "import takes it over",
        Error::UnsupportedVersion { .. } | Error::KeyFormat { .. } => "use a newer release",
        Error::LockTimeout { .. } => "see --lock-timeout",
        Error::NotLocal { .. } => "see --allow-remote",
        Error::Replaced { .. } => "mount it anew, and rather the directory that it is in",
        Error::Io { source, .. } => match source.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make room, and do it again"
            }
            _ => return None,
        },
        _ => return None,
    })
}

/// An error and all that caused it.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a text does not fail.
        let _ = write!(line, ": {error}");
        cause = error.source();
    }
    line
}
