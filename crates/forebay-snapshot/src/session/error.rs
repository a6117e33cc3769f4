use std::error::Error;
use std::fmt;

use crate::PieceError;
use crate::session::spool::SpoolError;

/// Why a session ended without a state.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// It was told to stop.
    Cancelled,
    /// It took longer than it may. What was verified is still in the spool.
    Deadline,
    /// The state was not installed, twice.
    Install,
    /// The snapshot is what its root says, and cannot be used: it is larger than this session may
    /// fetch, or of another kind.
    Content(PieceError),
    /// The spool did not keep a chunk.
    Spool(SpoolError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "session was cancelled",
            Self::Deadline => "deadline has passed",
            Self::Install => "state was not installed",
            Self::Content(_) => "snapshot cannot be used",
            Self::Spool(_) => "spool did not keep a chunk",
        })
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Content(error) => Some(error),
            Self::Spool(error) => Some(error),
            Self::Cancelled | Self::Deadline | Self::Install => None,
        }
    }
}
