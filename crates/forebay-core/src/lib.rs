//! The traits and errors that the forebay crates share, and nothing else.
//!
//! Depend on this crate when you implement a backend or a stage of your own, and on the crate of
//! the stage when you only use one. It has no dependencies, spawns nothing and reads no clock.
//!
//! * [`Load`], one key in, its value out: what every stage of the read path is.
//! * [`LoadFn`], a closure as a [`Load`], made by [`load_fn`].
//! * [`DynLoad`], the object-safe twin of [`Load`].
//! * [`LoadBatch`], many keys in one backend call, and [`Answers`], where it puts what it found.
//! * [`LoadError`], one failure that many waiters share, and [`LoadResult`], what a load gives.
//! * [`Sequence`], a position in a stream of changes.
//! * [`LogId`], the name of one log, and [`Cursor`], a position in that log and no other; text that
//!   is neither is a [`ParseCursorError`].
//! * [`Checkpoint`], the position that a consumer keeps under its [`ResumeKey`]; other text than that
//!   of a key is a [`ParseResumeKeyError`].
//! * [`CheckpointStore`], where positions are kept, and [`DynCheckpointStore`], its object-safe
//!   twin; [`Commit`], what a commit has done; [`StoreError`] and [`Outcome`], how it failed.
//! * [`ConfigError`], settings of any forebay crate that make no sense.
//! * [`Guarantee`], what a store promises, and [`Survives`], how much of that outlasts what.
//! * [`BoxFuture`], what object-safe traits return.
//!
//! # Examples
//!
//! A backend, written once, is used by every stage of the read path:
//!
//! ```
//! use forebay_core::{Load, LoadResult};
//!
//! struct Squares;
//!
//! impl Load<u64> for Squares {
//!     type Value = u64;
//!     type Error = std::num::TryFromIntError;
//!
//!     async fn load(&self, key: &u64) -> LoadResult<u64, Self::Error> {
//!         let root = u32::try_from(*key)?;
//!         Ok(Some(u64::from(root) * u64::from(root)))
//!     }
//! }
//!
//! # futures::executor::block_on(async {
//! assert_eq!(Squares.load(&7).await?, Some(49));
//! assert!(Squares.load(&u64::MAX).await.is_err());
//! # Ok::<(), forebay_core::LoadError<std::num::TryFromIntError>>(()) }).unwrap();
//! ```
//!
//! # Cancellation
//!
//! Dropping any future of a forebay stage never costs another caller its result and never leaves a
//! key, a lock or a slot behind. Backends are asked for less: that dropping their future is safe.
//!
//! # Crate features
//!
//! * `serde`: [`Sequence`] is written and read as a plain number, [`LogId`] as its text where people
//!   read the format, and [`Cursor`] as a structure of both. [`ResumeKey`] is its text or its bytes,
//!   and [`Checkpoint`] a structure.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

mod load;
mod load_fn;
mod dyn_load;
mod batch;
mod error;
mod sequence;
mod log_id;
mod cursor;
mod resume_key;
mod checkpoint;
mod checkpoint_store;
mod dyn_checkpoint_store;
mod guarantee;
mod join_all;

pub use crate::batch::{Answers, LoadBatch};
pub use crate::checkpoint::{Checkpoint, Commit};
pub use crate::checkpoint_store::CheckpointStore;
pub use crate::cursor::Cursor;
pub use crate::dyn_checkpoint_store::DynCheckpointStore;
pub use crate::dyn_load::{BoxFuture, DynLoad};
pub use crate::error::{
    ConfigError, LoadError, LoadResult, Outcome, ParseCursorError, ParseResumeKeyError, StoreError,
};
pub use crate::guarantee::{Guarantee, Survives};
pub use crate::load::Load;
pub use crate::load_fn::{LoadFn, load_fn};
pub use crate::log_id::LogId;
pub use crate::resume_key::ResumeKey;
pub use crate::sequence::Sequence;
