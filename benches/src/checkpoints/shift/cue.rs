//! What a process at work and the one that started it say to each other, and to whoever counts its
//! calls of the system.

use std::fs;
use std::io::{self, BufRead, Write};

/// What a process says once its store is open.
pub(crate) const READY: &str = "ready";

/// What it waits for then.
pub(crate) const START: &str = "start";

/// A moment that can be told from the outside: a file is asked for that does not exist.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    /// Writers begin.
    Start,
    /// All have ended.
    End,
}

impl Mark {
    /// Returns the name of the file.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Start => "/forebay-bench-start",
            Self::End => "/forebay-bench-end",
        }
    }
}

/// Says that the store is open, and waits until writers are to begin.
pub(super) fn wait_for_start() -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{READY}")?;
    output.flush()?;
    drop(output);
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    if line.trim_end() != START {
        return Err(io::Error::other("nobody wants this process any more"));
    }
    mark(Mark::Start);
    Ok(())
}

/// Makes a moment known.
pub(super) fn mark(mark: Mark) {
    // It is the question that counts.
    let _ = fs::metadata(mark.file());
}
