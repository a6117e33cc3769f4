//! Loads of different keys become one backend call, with no waiting when idle; mutations too.
#![forbid(unsafe_code)]

mod batcher;
mod call;
mod call_many;
mod drain;
mod builder;
mod execute;
mod executor;
mod execution;
mod executor_builder;
mod policy;
mod error;
mod stats;
mod cache;

mod settings;
mod loading;
mod loads;
mod desk;
mod queue;
mod carrying;
mod values;
mod outbox;
mod executing;
mod watch;
mod driver;
mod driving;
mod inline;
mod hooks;
mod hits;
mod observe;

#[cfg(feature = "tokio")]
pub use forebay_rt::TokioRuntime;
pub use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

pub use crate::batcher::Batcher;
pub use crate::builder::Builder;
#[cfg(feature = "cache")]
pub use crate::cache::Bounded;
#[cfg(all(feature = "cache", feature = "tokio"))]
pub use crate::cache::Ttl;
pub use crate::cache::{Cache, PerRequest};
pub use crate::call::Call;
pub use crate::call_many::CallMany;
pub use crate::drain::Drain;
pub use crate::error::{ConfigError, ExecuteError};
pub use crate::execute::Execute;
pub use crate::execution::{Execution, ExecutionMany};
pub use crate::executor::Executor;
pub use crate::executor_builder::ExecutorBuilder;
pub use crate::policy::{Dispatch, Join, OnError};
pub use crate::stats::Stats;
