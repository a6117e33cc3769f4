//! Stages between your requests and your backend, which ask it less, logs of changes that any number
//! of readers follow, the positions from which they go on after a restart, and the snapshots by which
//! they catch up from far behind.
//!
//! ```text
//! request  ──► singleflight ──► batch ──► backend            the read path
//!              one per key      one per window
//!
//! change   ──► event log ──► subscribers                     the follow path
//!                  ▲   laggard ──► snapshot ──► follow
//!                  └── consumer ──► checkpoint ──► resume
//! ```
//!
//! This crate defines nothing. It gathers the forebay crates under one name, each behind a feature,
//! for those who use more than one; whoever needs a single one depends on it directly. What all of
//! them share is at the top: on the read path every stage is a [`Load`], so stages nest in any order,
//! and on the follow path every position is a [`Sequence`] in a log that a [`Cursor`] names.
//!
//! | you have | take |
//! |---|---|
//! | many callers that want the same thing at the same moment | [`singleflight`] |
//! | many callers that want different rows of one table | [`batch`] |
//! | changes that many readers follow, some of them slowly | [`events`] |
//! | readers that must go on where they were, in whatever way they ended | [`checkpoint`] |
//! | a worker that follows, applies and remembers, and is killed now and then | `consumer` |
//! | replicas that are too far behind to catch up change by change | [`snapshot`] |
//! | a backend, a stage or a store of your own | [`Load`], [`LoadBatch`], [`CheckpointStore`] |
//!
//! # Examples
//!
//! ```
//! use forebay::{Load, load_fn};
//! use forebay::singleflight::Singleflight;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let rows = load_fn(|id: &u64| {
//!     let id = *id;
//!     async move { Ok::<_, std::io::Error>((id < 100).then(|| format!("user {id}"))) }
//! });
//! let users = Singleflight::layer(rows);
//!
//! assert_eq!(users.load(&7).await.unwrap().as_deref(), Some("user 7"));
//! assert_eq!(users.load(&700).await.unwrap(), None);
//! # }
//! ```
//!
//! Others follow what changes, and come back to where they were:
//!
//! ```
//! use forebay::events::{Publisher, Retention};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut renamed = Publisher::<u64>::builder()
//!     .retention(Retention::window(1_000))
//!     .build()?;
//! let mut cache = renamed.source().subscribe();
//! renamed.append(1, 7)?;
//! while let Some(user) = cache.try_next()? {
//!     // users.clear(&user);
//!     assert_eq!(*user, 7);
//! }
//! let kept = cache.cursor();
//! renamed.append(2, 700)?;
//! assert_eq!(renamed.source().resume(kept)?.lag(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! A position that is committed to a file is there for whoever comes next, after any end of this
//! process:
//!
//! ```
//! use forebay::checkpoint::{FileStore, KeyParts};
//! use forebay::{Checkpoint, CheckpointStore, Cursor, LogId, Sequence};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # futures::executor::block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("consumers");
//! let store = FileStore::open(&path)?;
//! let key = KeyParts::new().part("topic", "renamed").part("consumer", "cache").key()?;
//! let reached = Cursor::new(LogId::new(1), Sequence::new(42));
//! store.commit(&key, reached.into()).await?;
//! assert_eq!(store.load(&key).await?, Some(Checkpoint::new(reached)));
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Crate features
//!
//! One for each crate, on by default: `singleflight`, `batch`, `events`, `checkpoint`, `snapshot`.
//! `consumer`, the loop around logs and positions, is off by default and turns these two on. The
//! following go to every crate that has them, and are off by default: `serde`, `tokio`, `tracing`,
//! `metrics`, `tower`, `cache`, `imbl`.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

#[cfg(feature = "batch")]
#[cfg_attr(doctest, doc = include_str!("../guide/batch.md"))]
pub use forebay_batch as batch;
#[cfg(feature = "checkpoint")]
#[cfg_attr(doctest, doc = include_str!("../guide/checkpoint.md"))]
pub use forebay_checkpoint as checkpoint;
#[cfg(feature = "consumer")]
#[cfg_attr(doctest, doc = include_str!("../guide/consumer.md"))]
pub use forebay_consumer as consumer;
#[cfg_attr(doctest, doc = include_str!("../guide/core.md"))]
#[doc(inline)]
pub use forebay_core::*;
#[cfg(feature = "events")]
#[cfg_attr(doctest, doc = include_str!("../guide/events.md"))]
pub use forebay_events as events;
#[cfg(feature = "singleflight")]
#[cfg_attr(doctest, doc = include_str!("../guide/singleflight.md"))]
pub use forebay_singleflight as singleflight;
#[cfg(feature = "snapshot")]
#[cfg_attr(doctest, doc = include_str!("../guide/snapshot.md"))]
pub use forebay_snapshot as snapshot;
