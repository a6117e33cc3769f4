//! Many concurrent loads of one key become one.
#![forbid(unsafe_code)]

mod builder;
mod coalesced;
mod detached;
mod error;
mod follower;
mod info;
mod leader;
mod policy;
mod runtime;
mod singleflight;
mod stats;
mod with_info;
mod work;

mod alarm;
mod cycle;
mod flight;
mod group;
mod handle;
mod loading;
mod observe;
mod panic;
mod permits;
mod shard;
mod sync;
mod waiters;

pub use crate::builder::Builder;
pub use crate::coalesced::Coalesced;
pub use crate::detached::Detached;
pub use crate::error::ConfigError;
pub use crate::follower::{Follower, Waited};
pub use crate::info::{Info, Role};
pub use crate::leader::Leader;
pub use crate::policy::{Cancel, Handover, OnFailure, OnLeaderLost, OnTimeout, WhenFull};
#[cfg(feature = "tokio")]
pub use crate::runtime::TokioRuntime;
pub use crate::runtime::{BoxFuture, Runtime, RuntimeGone};
pub use crate::singleflight::{Joined, Singleflight};
pub use crate::stats::Stats;
pub use crate::with_info::WithInfo;
pub use crate::work::Work;
