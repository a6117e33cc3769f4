use crate::error::CheckpointError;
use crate::file::decide::{Answer, Wish};

/// Some changes, all of which are made or none, and what came of them.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) wishes: Vec<Wish>,
    /// Whether it is answered only when what it changes is durable.
    pub(crate) durable: bool,
    pub(crate) result: Option<Result<Vec<Answer>, CheckpointError>>,
    /// Whether the answer holds only if this step's block is written.
    pub(super) depends: bool,
}

impl Job {
    pub(crate) const fn new(wishes: Vec<Wish>, durable: bool) -> Self {
        Self {
            wishes,
            durable,
            result: None,
            depends: false,
        }
    }
}
