//! What a store of positions is to those who compare them, whatever stands behind it.

mod fault;

use std::path::Path;
use std::time::Instant;

use forebay_core::ResumeKey;

pub use self::fault::Fault;

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
}
