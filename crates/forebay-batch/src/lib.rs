//! Loads of different keys become one backend call, with no waiting when idle; mutations too.
#![forbid(unsafe_code)]

mod batcher;
mod executor;
mod execute;
mod drain;
mod policy;
mod cache;
mod error;
mod stats;

mod desk;
mod queue;
mod observe;

#[cfg(feature = "tokio")]
pub use forebay_rt::TokioRuntime;
pub use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

pub use crate::batcher::Batcher;
pub use crate::batcher::builder::Builder;
pub use crate::batcher::call::Call;
pub use crate::batcher::call_many::CallMany;
#[cfg(feature = "cache")]
pub use crate::cache::Bounded;
#[cfg(all(feature = "cache", feature = "tokio"))]
pub use crate::cache::Ttl;
pub use crate::cache::{Cache, PerRequest};
pub use crate::drain::Drain;
pub use crate::error::{ConfigError, ExecuteError};
pub use crate::execute::{Execute, ExecuteResults};
pub use crate::executor::Executor;
pub use crate::executor::builder::ExecutorBuilder;
pub use crate::executor::execution::{Execution, ExecutionMany};
pub use crate::policy::{Dispatch, Join, OnError};
pub use crate::stats::Stats;
