//! How a call ends that gives no value.

/// A call that gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure;

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the call gave no value")
    }
}

impl std::error::Error for Failure {}
