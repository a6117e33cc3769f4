//! Many concurrent loads of one key become one.
#![forbid(unsafe_code)]

mod singleflight;
mod work;
mod with_info;
mod info;
mod detached;
mod leader;
mod follower;
mod coalesced;
#[cfg(feature = "tower")]
mod tower;
mod builder;
mod policy;
mod error;
mod runtime;
mod stats;

mod handle;
mod group;
mod shard;
mod seats;
mod berth;
mod after;
mod flight;
mod waiters;
mod deadlines;
mod loading;
mod permits;
mod alarm;
mod cycle;
mod observe;
mod panic;
mod sync;

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
#[cfg(feature = "tower")]
pub use crate::tower::{ResponseFuture, SingleflightLayer, SingleflightService};
pub use crate::with_info::WithInfo;
pub use crate::work::Work;
