//! The stores of positions, as values of one table: ways to keep how far each consumer got.
//!
//! A strategy is a name, what it promises, and functions that open it and put it to work; a
//! `shift` measures them. To add one, write a file beside the others that implements
//! [`Store`](crate::checkpoints::store::Store), and [`CommitLater`] or [`CommitNow`], and add its value to [`ALL`].

mod forebay;
mod group;
mod json;
mod lmdb;
mod sqlite;

use std::fmt;
use std::path::Path;

pub use self::json::RewrittenJson;
use crate::checkpoints::shift::inspection::{self, Expected, Inspected};
use crate::checkpoints::shift::{self, Done, Duty};
use crate::checkpoints::store::{CommitLater, CommitNow, Fault};
use crate::harness::contestant::Contestant;

/// One way to keep positions.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Keeper {
    /// Its name on the command line and in reports.
    pub name: &'static str,
    /// What it does, in a few words, with the settings that could change a figure.
    pub summary: &'static str,
    /// Whether what it has acknowledged outlasts a loss of power.
    pub durable: bool,
    /// Puts writers to work on it.
    pub(crate) work: fn(&Duty) -> Result<Done, Fault>,
    /// Commits the first position of so many keys.
    pub(crate) fill: fn(&Path, u64) -> Result<(), Fault>,
    /// Opens it anew and looks at what is there.
    pub(crate) inspect: fn(&Path, &Expected) -> Result<Inspected, Fault>,
}

impl Keeper {
    const fn of_tasks<S: CommitLater>(
        name: &'static str,
        summary: &'static str,
        durable: bool,
    ) -> Self {
        Self {
            name,
            summary,
            durable,
            work: shift::tasks::<S>,
            fill: inspection::fill::<S>,
            inspect: inspection::inspect::<S>,
        }
    }

    const fn of_threads<S: CommitNow>(name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            summary,
            durable: true,
            work: shift::threads::<S>,
            fill: inspection::fill::<S>,
            inspect: inspection::inspect::<S>,
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keeper").field(&self.name).finish()
    }
}

impl Contestant for Keeper {
    const ALL: &'static [Self] = ALL;

    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }
}

/// Every strategy, in the order in which reports show them.
pub const ALL: &[Keeper] = &[
    forebay::ASYNC,
    forebay::BLOCKING,
    forebay::INTERVAL,
    forebay::OS,
    json::KEEPER,
    sqlite::SINGLY,
    sqlite::GROUPED,
    lmdb::SINGLY,
    lmdb::GROUPED,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: HashSet<&str> = ALL.iter().map(|keeper| keeper.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
