//! What is asked of every contestant.

use crate::table::Table;

/// A question, which one file answers.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The name by which it is asked for.
    pub name: &'static str,
    /// Asks it, in this many rounds where it measures time.
    pub ask: fn(usize) -> Vec<Table>,
}
