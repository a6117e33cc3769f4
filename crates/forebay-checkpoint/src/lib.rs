//! Resume positions that never go back, in one file, for any number of processes.
//!
//! A consumer that is killed at any instant must know where it was. It keeps a
//! [`Checkpoint`](forebay_core::Checkpoint), a position in one log, under a
//! [`ResumeKey`](forebay_core::ResumeKey) in a [`CheckpointStore`](forebay_core::CheckpointStore),
//! and goes on after it. Many may commit under one key, late and twice; the furthest stays.
//!
//! * [`KeyParts`], from which a key is derived; [`KeyError`], why it cannot be.
//! * [`FileStore`], positions in a file, opened with [`Options`], which say how durable it is
//!   ([`Durability`]) and what is done with a damaged one ([`OnCorrupt`]). [`Ticket`] is a commit that
//!   is queued, [`FileStats`] what was done, [`FileReport`] what a file has, and [`Salvage`] what a
//!   damaged one comes to.
//! * [`FileReader`], what is in such a file, for somebody who only looks.
//! * [`MemoryStore`], positions in memory, with [`MemoryStats`].
//! * [`Claim`], the right to commit under a key until somebody else takes it, in a [`ClaimStore`].
//! * [`Watch`], somebody who follows what is stored under a key.
//! * [`Row`], what a store has under one key, with its label for people.
//! * [`CheckpointError`], why a store did not do what was asked for; [`EVENT_ID_BYTES_MAX`] and
//!   [`LABEL_BYTES_MAX`], its limits.
//! * [`import_json_v1`] and [`export_json_v1`], the files of older clients, with [`ImportError`];
//!   [`KeyV1`], the keys in them. [`JsonError`] is why a text is no JSON.
//!
//! # Examples
//!
//! A consumer goes on where it was, whoever it was last:
//!
//! ```
//! use forebay_checkpoint::{FileStore, KeyParts};
//! use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, Sequence};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # futures::executor::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("consumer.ckpt");
//! let store = FileStore::open(&path)?;
//! let key = KeyParts::new()
//!     .part("topic", "orders")
//!     .json("filter", r#"{"region": "eu"}"#)
//!     .key()?;
//! assert_eq!(store.load(&key).await?, None);
//!
//! let reached = Cursor::new(LogId::new(1), Sequence::new(42));
//! store.commit(&key, reached.into()).await?;
//! store.close().await?;
//!
//! // It comes back, and so does a slower twin of it, whose commit changes nothing.
//! let store = FileStore::open(&path)?;
//! let stored = store.load(&key).await?;
//! assert_eq!(stored.map(|checkpoint| checkpoint.cursor()), Some(reached));
//! let behind = Cursor::new(LogId::new(1), Sequence::new(41));
//! assert!(!store.commit(&key, Checkpoint::new(behind)).await?.is_advanced());
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Positions
//!
//! A commit moves a position forward, or leaves it and says what is stored. Of two commits of one
//! sequence the first stays. Zero and the last sequence are as good as any. Two calls go back on
//! purpose: `remove` makes it as if nothing had been committed, and `reset` stores whatever it is
//! given.
//!
//! # Logs
//!
//! A position is one in a particular log. A commit in another log than the stored one is
//! [`OtherLog`](CheckpointError::OtherLog), since neither is further: whoever reads a log that was
//! made anew resets the key. A source without logs of ours is one log, with any
//! [`LogId`](forebay_core::LogId), until its numbering begins anew.
//!
//! # Claims
//!
//! A claim is for a consumer that must not go on once another has taken over. Whoever claims,
//! resets or removes a key fences the claims before it: their commits fail, even those that would
//! change nothing. Commits without a claim are not fenced and fence nobody.
//!
//! # Failure
//!
//! Every error says whether what was asked for may have happened
//! ([`outcome`](forebay_core::StoreError::outcome)); only a failed write or sync may not know. What a
//! [`FileStore`] acknowledged outlasts a crash as far as its
//! [`guarantee`](forebay_core::CheckpointStore::guarantee) says, and a damaged file is an error and
//! never an empty store. `docs/CHECKPOINT_FORMAT.md` in the repository has every byte of the file and
//! every place to be interrupted.
//!
//! # Threads
//!
//! A [`FileStore`] needs no runtime. A thread of its file writes and waits for the disk; opening one,
//! and calls whose name ends in `blocking`, wait in the calling thread. A [`MemoryStore`] and a
//! [`FileReader`] wait for nothing but memory and reads.
//!
//! # Cancellation
//!
//! A future that was never polled has done nothing. Dropped later, it loses its answer alone: the
//! change happens whole or not at all, and what the store says afterwards agrees with that.
//!
//! # Memory
//!
//! A store keeps every key in memory until it is removed; how many there are is for those to bound who
//! derive them, and [`stats`](FileStore::stats) counts them. Of all removed keys it keeps one number,
//! the highest epoch. A watch keeps the newest state and none between, and the commits that wait for a
//! file are [bounded](Options::queue_len_max).
//!
//! # Comparison
//!
//! A JSON file that is written anew and renamed does well with few keys and few commits. Its cost
//! grows with the keys, and two writers bring back what one of them removed. SQLite keeps positions
//! with one statement, beside effects that are to commit with them, which nothing here can do; LMDB
//! is quicker, and both sync for each transaction unless a thread gathers them. `redb`, `fjall` and
//! `sled` are for one process. `docs/COMPARE.md` in the repository has the measurements.
//!
//! # Crate features
//!
//! None is on by default.
//!
//! * `serde`: checkpoints and their keys can be serialised.
//! * `tracing`: events for what happens seldom.
//! * `metrics`: counters, gauges and histograms of files.
//! * `tool`: the program `forebay-checkpoint`; the library is the same.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

mod key;
#[cfg(unix)]
mod file;
mod memory;
mod claim;
mod watch;
mod row;
mod limits;
mod error;
mod json_v1;
mod json;

pub use crate::claim::{Claim, ClaimStore};
pub use crate::error::CheckpointError;
#[cfg(unix)]
pub use crate::file::{
    options::{Durability, OnCorrupt, Options},
    reader::FileReader,
    stats::{FileReport, FileStats, Salvage},
    store::FileStore,
    ticket::Ticket,
};
pub use crate::json::JsonError;
pub use crate::json_v1::error::ImportError;
pub use crate::json_v1::{export_json_v1, import_json_v1};
pub use crate::key::KeyParts;
pub use crate::key::error::KeyError;
pub use crate::key::v1::KeyV1;
pub use crate::limits::{EVENT_ID_BYTES_MAX, LABEL_BYTES_MAX};
pub use crate::memory::MemoryStore;
pub use crate::memory::stats::MemoryStats;
pub use crate::row::Row;
pub use crate::watch::Watch;
