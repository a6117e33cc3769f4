//! What the program says to whoever started it.

use std::io::{self, Write, stderr, stdout};

use crate::failure::Failure;

/// Prints what was asked for. A reader who closes the pipe early has read enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = stdout().lock();
    let written = output.write_all(text.as_bytes());
    readable(written.and_then(|()| output.flush()))
}

/// Returns the failure of a write, unless nobody reads any more.
pub(crate) fn readable(written: io::Result<()>) -> Result<(), Failure> {
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
