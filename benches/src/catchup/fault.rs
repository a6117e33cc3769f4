use forebay_snapshot::SessionError;
use thiserror::Error;

/// Why a laggard did not catch up, or not with what it was to have.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// A peer sent what nobody can read.
    #[error("a peer sent what cannot be read")]
    Malformed,
    /// An entry of the log came that does not follow on the one before.
    #[error("entry {came} of the log came after entry {applied}")]
    Gap {
        /// The last entry that was applied.
        applied: u64,
        /// The entry that came.
        came: u64,
    },
    /// It has another state than its peers, at the same entry of the log.
    #[error("its state differs from that of its peers at entry {sequence}")]
    WrongState {
        /// The entry.
        sequence: u64,
    },
    /// The session ended without a state.
    #[error("the session ended: {0}")]
    Session(#[source] SessionError),
    /// A peer or the laggard waits, and nothing is ever going to happen.
    #[error("nothing was left to wait for")]
    Stuck,
    /// It did not catch up in a time in which anybody does.
    #[error("it had not caught up after {seconds} s")]
    Late {
        /// How long that is.
        seconds: u64,
    },
    /// A connection failed.
    #[error("a connection failed: {0}")]
    Connection(#[source] std::io::Error),
}
