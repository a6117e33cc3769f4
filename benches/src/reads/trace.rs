//! Recorded reads: one key per line, or `time,key`, plain or gzip.
//!
//! A trace says only which reads were the same, so each distinct text becomes a small number and
//! the texts are dropped once the file has been read.
//!
//! # Format
//!
//! * One key per line, any UTF-8 text that is not blank. `LF` and `CR LF` both end a line, and the
//!   last line needs no end.
//! * Or CSV: a time in seconds with up to nine decimals, a comma, and the key, which is the whole
//!   rest of the line. Times never fall. The header line `time,key` may come first.
//! * Either may be packed with gzip, which is seen from its first two bytes.
//!
//! [`Format::Detect`] takes a trace for CSV when its first line is the header, or a number with a
//! comma behind it.

mod error;
mod line;
mod reader;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

pub use crate::reads::trace::error::{Found, TraceError};
use crate::reads::trace::reader::Reader;

/// How the lines of a trace are to be understood.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "both layouts of a line, and the choice between them"
)]
pub enum Format {
    /// CSV where the first line looks like it, else one key per line.
    #[default]
    Detect,
    /// One key per line, commas and all.
    Keys,
    /// `time,key`.
    Timed,
}

/// A recorded sequence of reads.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Trace {
    /// Which key each read was for, in the order of the reads. Keys are numbered in the order in
    /// which they first appear, from 0.
    pub keys: Vec<u32>,
    /// How many different keys there are.
    pub distinct: u32,
    /// When each read came, counted from the first one; `None` where the trace has no times.
    pub times_ns: Option<Vec<u64>>,
}

/// Reads a trace from bytes, which may be packed.
///
/// # Errors
///
/// [`TraceError::Empty`] without a single read, [`TraceError::Line`] for the first line that is
/// malformed, [`TraceError::Read`] where the packing is damaged.
///
/// # Examples
///
/// ```
/// use forebay_bench::reads::trace::{self, Format};
///
/// let trace = trace::parse(b"0.5,apple\n0.75,pear\n2,apple\n", Format::Detect)?;
/// assert_eq!(trace.keys, [0, 1, 0]);
/// assert_eq!(trace.times_ns, Some(vec![0, 250_000_000, 1_500_000_000]));
///
/// let error = trace::parse(b"apple\n\npear\n", Format::Detect).unwrap_err();
/// assert_eq!(error.to_string(), "line 2: expected a key, found a blank line");
/// # Ok::<(), forebay_bench::reads::trace::TraceError>(())
/// ```
pub fn parse(bytes: &[u8], format: Format) -> Result<Trace, TraceError> {
    Reader::new(bytes, format).read()
}

/// Reads a trace from a file, which may be packed, without holding the file in memory.
///
/// # Errors
///
/// As [`parse`]; [`TraceError::Read`] also where the file cannot be opened.
pub fn read(path: &Path, format: Format) -> Result<Trace, TraceError> {
    Reader::new(BufReader::new(File::open(path)?), format).read()
}
