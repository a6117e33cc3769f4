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
    /// How many frames were written, each with the changes of many calls.
    pub frames: u64,
    /// How many times the file was synced; files that took its place not counted.
    pub syncs: u64,
    /// How many frames of others were read.
    pub foreign_frames: u64,
    /// How many times something was found behind the tail that a crash had left.
    pub torn_tails: u64,
    /// How many times the file was replaced by a new one.
    pub replacements: u64,
    /// How many writes and syncs failed.
    pub failures: u64,
    /// How many times a damaged file was replaced by what could be read of it.
    pub salvages: u64,
    /// How many records in damaged files were of keys that only the damage could tell.
    pub lost_records: u64,
}
