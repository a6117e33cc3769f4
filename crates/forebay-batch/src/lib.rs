//! Loads of different keys become one backend call, with no waiting when idle; mutations too.
//!
//! Reach for it when many tasks ask for rows one by one: the fields of a page, the resolvers of a
//! GraphQL query, the items of a worker. A key that is asked for alone leaves at once; keys that are
//! asked for together, or while a call is under way, leave together. A load costs one lock and no
//! allocation; a call costs a task. It is not a cache unless you give it one, it never retries, and
//! nothing outlives it.
//!
//! * [`Batcher`], loads in few calls, a [`Load`](forebay_core::Load) itself; [`Builder`], its
//!   settings; [`Call`] and [`CallMany`], its futures.
//! * [`Executor`], mutations in few calls of an [`Execute`]; [`ExecutorBuilder`], its settings;
//!   [`Execution`] and [`ExecutionMany`], its futures; [`ExecuteResults`], what a call gives, and
//!   [`ExecuteError`], why a value was not carried out.
//! * [`Dispatch`], when waiting keys leave; [`Join`], which loads share an answer; [`OnError`], what
//!   happens when a call fails.
//! * [`Cache`], where answers may be kept, and [`PerRequest`], one; with features, `Bounded` and
//!   `Ttl`.
//! * [`Stats`], what has been done; [`Drain`], waiting for the end; [`ConfigError`], settings that
//!   make no sense.
//! * [`Runtime`], where calls run and time comes from, with [`BoxFuture`] and [`RuntimeGone`]; with
//!   the feature `tokio`, `TokioRuntime`.
//! * With the feature `tower`, `BatchLayer`, batches before a tower service; `BatchService`, its
//!   service, with its `ResponseFuture`; `InnerService`, what its settings are for.
//!
//! # Examples
//!
//! A resolver asks for its author, and does not know that others do as well:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use forebay_batch::Batcher;
//! use forebay_core::{Answers, LoadBatch};
//!
//! struct Authors;
//!
//! impl LoadBatch<u64> for Authors {
//!     type Value = String;
//!     type Error = Infallible;
//!
//!     async fn load_batch(
//!         &self,
//!         ids: &[u64],
//!         answers: &mut Answers<'_, u64, String, Infallible>,
//!     ) -> Result<(), Infallible> {
//!         // SELECT id, name FROM authors WHERE id = ANY(ids), in any order
//!         for id in ids.iter().rev() {
//!             answers.insert(id, format!("author {id}"));
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<(), forebay_batch::ConfigError> {
//! let authors = Batcher::builder(Authors).inline().build()?;
//! let resolve = |post: u64| {
//!     let authors = authors.clone();
//!     async move { authors.load(&(post % 10)).await }
//! };
//! let page = futures::executor::block_on(futures::future::join_all((0..50).map(resolve)));
//!
//! assert_eq!(page[47], Ok(Some("author 7".to_owned())));
//! assert_eq!((authors.stats().calls, authors.stats().keys), (1, 10));
//! # Ok(())
//! # }
//! ```
//!
//! # When keys leave
//!
//! By default nothing waits for a clock. The first key starts a call, which lets the tasks that are
//! ready run once, so that what was woken together goes together, and then leaves. While calls are
//! in flight, keys gather; a further call starts when enough of them wait to keep the calls evenly
//! apart, when a batch is full, or when a call ends. [`Dispatch`] has the other ways.
//!
//! # Cancellation
//!
//! Dropping a load takes its key back if nobody else wants it and its batch has not left. A call
//! that nobody waits for any more is dropped, so it must be safe to drop; those who wait for other
//! keys of a call never notice that somebody left. A value that an [`Executor`] has sent runs to its
//! end.
//!
//! # Failure
//!
//! A key can fail alone, a call can fail after it has answered some keys, and one that panics or
//! takes too long is a failure as well: whoever has an answer keeps it, the others share the error.
//! The next load asks again.
//!
//! # Runtimes
//!
//! A batcher is built anywhere and used from any runtime. Calls run as tasks of the runtime of the
//! load that started them; when that ends, its call is lost with
//! [`Abandoned`](forebay_core::LoadError::Abandoned), and keys that wait go on in the runtimes of
//! those who wait for them. [`Builder::inline`] needs no runtime at all.
//!
//! A backend may load other keys through the batcher that calls it. Such keys do not wait for the
//! place that their own call takes, and loads that would wait for themselves fail with
//! [`Cycle`](forebay_core::LoadError::Cycle). Both hold for loads that the call polls itself, not
//! for those of tasks that it spawns and waits for.
//!
//! # Clearing
//!
//! A load that starts after [`Batcher::clear`] has returned never gets an answer from before,
//! neither from the cache nor from a call in flight, whatever is just being put into the cache.
//!
//! # Memory
//!
//! A batcher holds the keys that wait and those in flight, one waker for each load, and the answers
//! of a call until its last load has taken its own. [`Builder::max_waiting`] bounds what waits. When
//! idle, it keeps the room of two batches.
//!
//! # Comparison
//!
//! The JavaScript DataLoader gathers what one tick of its event loop brings; this gathers what one
//! round of an executor brings, on as many threads as it has. Loaders that wait for a fixed delay,
//! as that of `async-graphql`, make every lone load pay for it. `docs/COMPARE.md` in the repository
//! has the measurements.
//!
//! # Crate features
//!
//! None is on by default.
//!
//! * `tokio`: `TokioRuntime`, which is then the default.
//! * `cache`: `Bounded`, and with `tokio` `Ttl`.
//! * `tracing`: a debug span `batch.call` for each call, which follows from the spans of the loads
//!   that asked for its keys.
//! * `metrics`: counters and a histogram, named in the README, for the recorder that is installed
//!   when a batcher is built.
//! * `tower`: a layer that sends requests to a tower service in batches.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

mod batcher;
mod executor;
mod execute;
mod drain;
mod policy;
mod cache;
mod error;
mod stats;
#[cfg(feature = "tower")]
mod tower;

mod desk;
mod queue;
mod observe;

pub use forebay_core::ConfigError;
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
pub use crate::error::ExecuteError;
pub use crate::execute::{Execute, ExecuteResults};
pub use crate::executor::Executor;
pub use crate::executor::builder::ExecutorBuilder;
pub use crate::executor::execution::{Execution, ExecutionMany};
pub use crate::policy::{Dispatch, Join, OnError};
pub use crate::stats::Stats;
#[cfg(feature = "tower")]
pub use crate::tower::inner::InnerService;
#[cfg(feature = "tower")]
pub use crate::tower::{BatchLayer, BatchService, ResponseFuture};
