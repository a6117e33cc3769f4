//! One writer, any number of readers at their own pace, an unlimited shared log.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![deny(unsafe_code)]

mod publisher;
mod source;
mod subscription;
mod position;
mod entry;
mod chunk;
mod retention;
mod stats;
mod error;

mod chain;
mod log;
mod pump;

#[cfg(feature = "tokio")]
pub use forebay_rt::TokioRuntime;
pub use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

pub use crate::chunk::Chunk;
pub use crate::entry::{Entries, Entry, Slice};
pub use crate::error::{ConfigError, NotRising, Reason, RecvError, SpliceError, Stale};
pub use crate::position::Position;
pub use crate::publisher::Publisher;
pub use crate::publisher::builder::Builder;
pub use crate::retention::Retention;
pub use crate::source::Source;
pub use crate::stats::Stats;
pub use crate::subscription::Subscription;
pub use crate::subscription::chunks::Chunks;
pub use crate::subscription::closer::Closer;
