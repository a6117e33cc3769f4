use std::path::PathBuf;

use forebay_core::ResumeKey;

use crate::row::Row;

/// What a [`FileStore`](crate::FileStore) has, and what this process has done with its file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct FileStats {
    /// How many keys have a position.
    pub keys: usize,
    /// How many watches there are.
    pub watches: usize,
    /// How many calls wait to be written.
    pub queued: usize,
    /// How many commits have moved a position forward.
    pub commits: u64,
    /// How many commits have changed nothing, since as much or more was stored.
    pub unchanged: u64,
    /// How many calls were refused or failed, those not counted that were given up while waiting.
    pub refused: u64,
    /// How many blocks were written, each with the changes of many calls.
    pub blocks: u64,
    /// How many bytes were written, those of files that took its place included, and the zeros
    /// ahead of the tail not.
    pub written_bytes: u64,
    /// How many times the file was synced; files that took its place not counted.
    pub syncs: u64,
    /// How many blocks of others were read.
    pub foreign_blocks: u64,
    /// How many times something was found behind the tail that a crash had left.
    pub torn_tails: u64,
    /// How many bytes of that were dropped.
    pub torn_bytes: u64,
    /// How many times the file was replaced by a new one.
    pub replacements: u64,
    /// How many writes and syncs failed.
    pub failures: u64,
    /// How many of these were made up for, so that nothing is in doubt.
    pub healed: u64,
    /// How many times another process had the lock when it was wanted.
    pub lock_waits: u64,
    /// How many calls were given up since another process kept the lock.
    pub lock_timeouts: u64,
    /// How many times a damaged file was replaced by what could be read of it.
    pub salvages: u64,
    /// How many records in damaged files were of keys that only the damage could tell.
    pub lost_records: u64,
}

/// What is in a file, by [`FileStore::verify`](crate::FileStore::verify).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct FileReport {
    /// How many times the file was replaced, the first included; zero for an empty one.
    pub generation: u64,
    /// How many keys have a position; of a damaged file, as far as it can be read.
    pub keys: usize,
    /// How many blocks stand before the tail or the damage.
    pub blocks: u64,
    /// How many records are in them.
    pub records: u64,
    /// How many bytes they end at.
    pub bytes: u64,
    /// How many bytes the file has.
    pub len: u64,
    /// How many bytes stand behind the tail that were never whole, or not yet. They are no damage.
    pub torn_bytes: u64,
    /// Where the damage begins, if there is any.
    pub damage: Option<u64>,
    /// What it would come to if the file was salvaged, if there is damage.
    pub salvage: Option<Salvage>,
}

/// What can be read of a damaged file, and what may be wrong about it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Salvage {
    /// All keys that have a position or a label afterwards, in their order.
    pub rows: Vec<Row>,
    /// The keys that may be behind what was acknowledged, because the last that is said of them
    /// stands before damage, in their order. Keys that were removed are among them, and may be
    /// missing. A key that was named in the damage alone cannot be told.
    pub behind: Vec<ResumeKey>,
    /// How many records behind the damage are of keys that only it could tell.
    pub lost_records: u64,
    /// Where the damage is, each from byte to byte.
    pub gaps: Vec<(u64, u64)>,
    /// Where the damaged file is kept, if it was replaced.
    pub kept: Option<PathBuf>,
}
