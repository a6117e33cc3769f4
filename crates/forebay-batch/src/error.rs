use std::error::Error;
use std::fmt;

/// Settings that make no sense.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A maximum of zero would let nothing through.
    ZeroMax,
    /// A time of zero would let everything fail.
    ZeroTimeout,
    /// There is nothing to run calls on: give a runtime, turn the feature `tokio` on, or let the
    /// callers carry out the calls.
    RuntimeMissing,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZeroMax => "a maximum of zero would let nothing through",
            Self::ZeroTimeout => "a time of zero would let everything fail",
            Self::RuntimeMissing => "there is no runtime to run calls on",
        })
    }
}

impl Error for ConfigError {}
