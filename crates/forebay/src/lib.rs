//! Stages between your requests and your backend, which ask it less, and logs of changes that any
//! number of readers follow.
//!
//! This crate defines nothing. It gathers the forebay crates under one name, each behind a feature,
//! for those who use more than one; whoever needs a single one depends on it directly. What all of
//! them share, [`Load`] above all, is at the top.
//!
//! * [`singleflight`], concurrent loads of one key become one.
//! * [`batch`], loads of different keys become one backend call.
//! * [`events`], changes that are published once and followed by many, from a snapshot or from
//!   where they were.
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
//! # Crate features
//!
//! One for each crate, on by default: `singleflight`, `batch`, `events`. These go to every crate
//! that has them, and are off by default: `serde`, `tokio`, `tracing`, `metrics`, `tower`, `cache`.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

#[cfg(feature = "batch")]
pub use forebay_batch as batch;
#[doc(inline)]
pub use forebay_core::*;
#[cfg(feature = "events")]
pub use forebay_events as events;
#[cfg(feature = "singleflight")]
pub use forebay_singleflight as singleflight;
