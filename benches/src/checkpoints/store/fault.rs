//! Why a store did not do what was asked of it.

use std::io;

use forebay_checkpoint::CheckpointError;

/// Why a store did not do what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A store of forebay.
    #[error(transparent)]
    Forebay(#[from] CheckpointError),
    /// The file system.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A JSON file.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// SQLite.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// LMDB.
    #[error(transparent)]
    Lmdb(#[from] heed::Error),
    /// The write of a group failed, and with it everybody's commit in it.
    #[error("the group's write failed: {0}")]
    Group(Box<str>),
    /// The thread that writes for all is gone.
    #[error("the thread that writes is gone")]
    Gone,
    /// What was acknowledged is not there.
    #[error("key {number} is at {found:?}, but {acknowledged} was acknowledged")]
    Lost {
        /// The number of the key.
        number: u64,
        /// What is there.
        found: Option<u64>,
        /// What was acknowledged.
        acknowledged: u64,
    },
    /// A position is there that nobody has committed.
    #[error("key {number} is at {found}, though nothing beyond {asked} was ever asked for")]
    Invented {
        /// The number of the key.
        number: u64,
        /// What is there.
        found: u64,
        /// The highest position that was asked for.
        asked: u64,
    },
}
