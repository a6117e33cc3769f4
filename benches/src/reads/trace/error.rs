use std::error::Error;
use std::fmt;
use std::io;

/// Why a trace cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TraceError {
    /// The file cannot be opened, or not be read to its end, or its packing is damaged.
    Read(io::Error),
    /// There is not a single read in it.
    Empty,
    /// It has more reads, or more different keys, than the program can number.
    TooLong,
    /// A line is malformed.
    Line {
        /// Which line, from 1.
        line: u64,
        /// What should have been there.
        expected: &'static str,
        /// What was there.
        found: Found,
    },
}

/// What was found in the place of what a trace should hold.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Found {
    /// A line without anything to see in it.
    Blank,
    /// Bytes that are no UTF-8.
    NotText,
    /// A line beyond the bound on its length.
    TooLong,
    /// This text, or its beginning.
    Text(Box<str>),
}

impl Found {
    /// Keeps the beginning of `text`: an error is one line, however long the trace's line was.
    pub(crate) fn text(text: &str) -> Self {
        const CHARS_MAX: usize = 40;
        Self::Text(match text.char_indices().nth(CHARS_MAX) {
            Some((end, _)) => format!("{}...", &text[..end]).into(),
            None => text.into(),
        })
    }
}

impl From<io::Error> for TraceError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot be read: {error}"),
            Self::Empty => f.write_str("holds no read; expected one key per line, or `time,key`"),
            Self::TooLong => write!(f, "holds more than {} reads", u32::MAX),
            Self::Line {
                line,
                expected,
                found,
            } => write!(f, "line {line}: expected {expected}, found {found}"),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("a blank line"),
            Self::NotText => f.write_str("bytes that are no UTF-8"),
            Self::TooLong => f.write_str("a longer one"),
            // Escaped, since a trace may hold anything and an error goes to a terminal.
            Self::Text(text) => write!(f, "`{}`", text.escape_debug()),
        }
    }
}

impl Error for TraceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            _ => None,
        }
    }
}
