//! A consumer.
#![forbid(unsafe_code)]

mod consumer;
mod builder;
#[cfg(feature = "tokio")]
mod consume;
mod follow;
mod follow_fn;
mod items;
mod handler;
mod closures;
mod keep;
mod retry;
mod retrying;
mod summary;
mod stats;
mod handle;
mod error;
#[cfg(feature = "events")]
mod events;

mod book;
mod desk;
mod observe;
mod run;
mod shared;

#[cfg(feature = "tokio")]
pub use forebay_rt::TokioRuntime;
pub use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

pub use crate::builder::{Builder, OnGap};
pub use crate::closures::{Batches, Each, batches, each};
#[cfg(feature = "tokio")]
pub use crate::consume::consume;
pub use crate::consumer::{Consumed, Consumer};
pub use crate::error::{Cause, ConfigError, ConsumeError, FollowError};
#[cfg(feature = "events")]
pub use crate::events::{
    error::{HubError, SourceError},
    hub::{FollowHub, HubSteps},
    source::{SourceItems, SourceSteps},
};
pub use crate::follow::{Follow, Step};
pub use crate::follow_fn::{FollowFn, follow_fn};
pub use crate::handle::Handle;
pub use crate::handler::{Batch, Handler};
pub use crate::items::{Items, Received};
pub use crate::keep::Keep;
pub use crate::retry::Retry;
pub use crate::retrying::{Doing, Retrying};
pub use crate::stats::{Phase, Stats};
pub use crate::summary::{End, Summary};
