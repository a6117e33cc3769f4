//! The stores of positions, as values of one table: ways to keep how far each consumer got.
//!
//! A strategy is a name, what it promises, and functions that open it and put it to work; a
//! `shift` measures them. To add one, write a file beside the others that implements
//! [`Store`], and [`CommitLater`] or [`CommitNow`], and add its value to [`ALL`].

mod fault;
mod forebay;
mod group;
mod json;
mod lmdb;
mod sqlite;

use std::fmt;
use std::path::Path;
use std::time::Instant;

use forebay_core::ResumeKey;

pub use self::fault::Fault;
pub use self::json::RewrittenJson;
use crate::shift::inspection::{self, Expected, Inspected};
use crate::shift::{self, Done, Duty};

/// A store that is open.
pub trait Store: Send + Sync + Sized + 'static {
    /// Opens the store at `path`, which is a file or, where a store needs several, begins their
    /// names.
    ///
    /// # Errors
    ///
    /// What the store says.
    fn open(path: &Path) -> Result<Self, Fault>;

    /// Returns the position under `key` as far as the store knows without asking anybody.
    ///
    /// # Errors
    ///
    /// What the store says.
    fn load(&self, key: &ResumeKey) -> Result<Option<u64>, Fault>;

    /// Returns the position under `key`, whoever stored it.
    ///
    /// # Errors
    ///
    /// What the store says.
    fn load_fresh(&self, key: &ResumeKey) -> Result<Option<u64>, Fault> {
        self.load(key)
    }

    /// Commits many positions, each key at most once, in one step.
    ///
    /// # Errors
    ///
    /// What the store says; then nothing was committed, or it is not known.
    fn commit_many(&self, commits: &[(ResumeKey, u64)]) -> Result<(), Fault>;

    /// Returns what the store itself counted since it was opened, if it does.
    fn counted(&self) -> Counted {
        Counted::default()
    }

    /// Ends the store, in an orderly way.
    ///
    /// # Errors
    ///
    /// What the store says.
    fn close(self) -> Result<(), Fault>;
}

/// A store whose commits are futures; its writers are tasks of one thread.
pub trait CommitLater: Store {
    /// Commits a position that is not lower than the one before it.
    ///
    /// # Errors
    ///
    /// What the store says.
    ///
    /// # Cancel safety
    ///
    /// The commit may happen all the same.
    fn commit(
        &self,
        key: ResumeKey,
        sequence: u64,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// A store whose commits block; its writers are threads.
pub trait CommitNow: Store {
    /// Commits a position, unless its turn comes only after `until`; returns whether it did.
    ///
    /// # Errors
    ///
    /// What the store says.
    fn commit(&self, key: ResumeKey, sequence: u64, until: Instant) -> Result<bool, Fault>;
}

/// What a store counts itself.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "every store fills it in")]
pub struct Counted {
    /// How many times it wrote what some callers had committed.
    pub batches: Option<u64>,
    /// How many times it synced.
    pub syncs: Option<u64>,
}

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

/// Returns the strategy of this name.
///
/// # Examples
///
/// ```
/// use forebay_bench::keeper;
///
/// assert_eq!(keeper::find("lmdb").map(|found| found.name), Some("lmdb"));
/// assert!(keeper::find("luck").is_none());
/// ```
#[must_use]
pub fn find(name: &str) -> Option<Keeper> {
    ALL.iter().copied().find(|keeper| keeper.name == name)
}

/// Returns the key of a number; keys are as evenly spread as those that are derived.
#[must_use]
pub fn key(number: u64) -> ResumeKey {
    let mut bytes = [0; 32];
    for (index, part) in bytes.chunks_exact_mut(8).enumerate() {
        let mixed = mixed(number.wrapping_mul(4).wrapping_add(index as u64));
        part.copy_from_slice(&mixed.to_le_bytes());
    }
    ResumeKey::from_bytes(bytes)
}

/// Mixes the bits of a number, as SplitMix64 does between two draws.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_keys_are_equal() {
        let keys: HashSet<ResumeKey> = (0..100_000).map(key).collect();
        assert_eq!(keys.len(), 100_000);
    }

    #[test]
    fn names_are_unique() {
        let names: HashSet<&str> = ALL.iter().map(|keeper| keeper.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
