//! Stages between your requests and your backend, which ask it less.
//!
//! This crate defines nothing. It gathers the forebay crates under one name, each behind a
//! feature, for those who use more than one; whoever needs a single one depends on it directly.
//! What all of them share, [`Load`] above all, is at the top.
//!
//! * [`singleflight`], concurrent loads of one key become one.
//! * [`batch`], loads of different keys become one backend call.
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
//! # Crate features
//!
//! One for each crate, on by default: `singleflight`, `batch`. These go to every crate that has
//! them, and are off by default: `serde`, `tokio`, `tracing`, `metrics`, `tower`, `cache`.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

#[cfg(feature = "batch")]
pub use forebay_batch as batch;
#[doc(inline)]
pub use forebay_core::*;
#[cfg(feature = "singleflight")]
pub use forebay_singleflight as singleflight;
