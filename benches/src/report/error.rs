//! Why a report could not be read or written.

use std::io;
use std::path::PathBuf;

/// Why a report could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or folder could not be used: make it readable or writable, or name another.
    #[error("cannot {action} {path}", path = path.display())]
    File {
        /// What was being done, as a verb that the path follows.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file's content is not a report that this program reads; the source says why.
    #[error("{path} is not a report", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        source: Box<Self>,
    },
    /// The input is longer than any report: it is something else.
    #[error("expected at most {bytes_max} bytes, found more")]
    TooLong {
        /// The longest input that is looked at.
        bytes_max: u64,
    },
    /// The input is not JSON, or a field is missing or has the wrong type.
    #[error("expected the JSON of a report: {0}")]
    Syntax(#[source] serde_json::Error),
    /// The report was written in a later layout: read it with the program that wrote it.
    #[error("expected a report of at most schema {expected}, found schema {found}")]
    Schema {
        /// The schema of the input.
        found: u64,
        /// The latest schema that this program reads.
        expected: u32,
    },
    /// The report answers a question that this program does not know.
    #[error("expected a report of a kind that this program makes, found kind {found:?}")]
    Kind {
        /// The kind that the input names.
        found: String,
    },
    /// A figure or text of the report is outside what a report may hold.
    #[error("expected {expected} at {place}")]
    Invalid {
        /// Which part of the report, outermost first.
        place: String,
        /// What is allowed there.
        expected: &'static str,
    },
}

impl ReportError {
    /// Returns the whole chain of causes in one line, for a program's last words.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::report::json;
    ///
    /// let error = json::parse(b"{\"schema\": 9}").unwrap_err();
    /// assert_eq!(error.line(), "expected a report of at most schema 3, found schema 9");
    /// ```
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::File { source, .. } => format!("{self}: {source}"),
            Self::Content { source, .. } => format!("{self}: {}", source.line()),
            other => other.to_string(),
        }
    }

    /// Returns a function that wraps an operating system's error; for `map_err`.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            action,
            path: path.into(),
            source,
        }
    }
}
