//! Follows a log, applies what comes, and keeps where it is: the loop that a worker is, with an answer
//! to everything that can happen to it.
//!
//! Reach for it where a process keeps something up to date that outlasts it: a table, an index, a file,
//! another service. What follows, what applies and what keeps the position are given to it; it brings
//! the order in which these happen, retries, gaps, a bound on what is done twice, and an end in time. It
//! delivers at least once: what was applied after the last commit is applied again by whoever goes on.
//!
//! * [`Consumer`], built by a [`Builder`]; [`Consumed`], how it ends. With the feature `tokio`,
//!   `consume`, all of that in one call.
//! * [`Follow`], what is followed, and [`follow_fn`], which makes one of a closure, a [`FollowFn`];
//!   [`Step`], what comes of it, with [`Items`], of which [`Received`] are some; [`FollowError`], how it
//!   fails.
//! * [`Handler`], what is done with a [`Batch`] of items; [`each`] and [`batches`], which make one of a
//!   closure, an [`Each`] or a [`Batches`].
//! * [`Keep`], where the position is kept: a store with a key, or a claim.
//! * [`Retry`], how often something is tried again, and [`Retrying`], that it is, with what it was
//!   [`Doing`]; [`OnGap`], what is done where something is missing.
//! * [`Handle`], which stops a consumer and gives its [`Stats`] and [`Phase`].
//! * [`Summary`], how far it was at its [`End`]; [`ConsumeError`], that it failed, and of what
//!   [`Cause`]. [`ConfigError`], settings that make no sense.
//! * With the feature `events`, `FollowHub` with its `HubSteps` and `HubError`, and for every `Source`
//!   `SourceSteps`, `SourceItems` and `SourceError`.
//! * [`Runtime`], where time comes from, with [`BoxFuture`] and [`RuntimeGone`]; with the feature
//!   `tokio`, `TokioRuntime`.
//!
//! # Examples
//!
//! A worker that adds up orders, is stopped, and goes on where it was:
//!
//! ```
//! # #[cfg(all(feature = "events", feature = "tokio"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::convert::Infallible;
//! use std::future::ready;
//!
//! use forebay_checkpoint::{KeyParts, MemoryStore};
//! use forebay_consumer::{Consumer, each};
//! use forebay_events::{Publisher, Retention};
//!
//! let mut orders = Publisher::<u64>::builder().retention(Retention::window(1_000)).build()?;
//! let source = orders.source();
//! let store = MemoryStore::new();
//! let key = KeyParts::new().part("topic", "orders").part("consumer", "billing").key()?;
//!
//! let mut total = 0;
//! for part in [1..=3, 4..=5] {
//!     for order in part {
//!         orders.append(order, order * 100)?;
//!     }
//!     let bill = each(|cents: &u64| {
//!         total += *cents;
//!         ready(Ok::<_, Infallible>(()))
//!     });
//!     let consumer = Consumer::builder(source.clone(), (store.clone(), key), bill).build()?;
//!     let handle = consumer.handle();
//!     let caught_up = async {
//!         while handle.stats().lag() != Some(0) {
//!             tokio::task::yield_now().await;
//!         }
//!     };
//!     let summary = consumer.run_until(caught_up).await?;
//!     assert_eq!(summary.uncommitted, 0);
//! }
//! assert_eq!(total, 1_500);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "events", feature = "tokio")))]
//! # fn main() {}
//! ```
//!
//! # Commits
//!
//! Only a position that is reached is committed: all items of its sequence are applied, and the handler
//! has flushed. A commit is due after so many items or so long; it runs while further batches are
//! applied, never two at once, and never back. One that failed, whether it is known not to have happened
//! or not, is tried again meanwhile, until so much is uncommitted that nothing more is applied. One that
//! was refused ends the consumer: somebody else has the position.
//!
//! # Failure
//!
//! A handler that fails gets the same batch again, after a while, and a log that breaks off is opened
//! again after the last position that was reached. Each has its [`Retry`], after which the consumer ends
//! with the error and with what it reached. A panic of the handler ends it at once, and nothing is
//! committed after it.
//!
//! # Gaps
//!
//! Where something between what was applied and what comes is missing, since the consumer was away for
//! too long or the log was made anew, it ends, unless it is to begin anew. Then the stored position is
//! made void first, so that nobody goes on behind a state that is not whole, the handler forgets, and a
//! snapshot follows, or the oldest there is.
//!
//! # Stopping
//!
//! Once it was stopped, nothing new is taken: the batch in hand is applied, flushed and committed, all of
//! it within a time, after which the rest is dropped. What waits to be tried again is not waited for.
//!
//! # Cancellation
//!
//! Dropping the future of [`Consumer::run`], at any poll, is like a crash: nothing is missed, and what
//! was applied after the last commit is applied again.
//!
//! # Memory
//!
//! It holds the items that came in one piece, and one position that is being committed. What is applied
//! and not committed is bounded by a setting.
//!
//! # Comparison
//!
//! The loops of Kafka's clients commit by a timer what was handed out, or leave every commit to their
//! user; those of JetStream acknowledge each message, and deliver again what took too long. This one has
//! one reader of one log, no group and no timeout of a batch, and commits what was done. It is not for
//! queues whose items are done out of order.
//!
//! # Crate features
//!
//! None is on by default.
//!
//! * `events`: logs and hubs of forebay-events can be followed.
//! * `checkpoint`: claims of forebay-checkpoint keep positions. Its stores do without.
//! * `tokio`: `TokioRuntime`, which is then the default, and `consume`.
//! * `tracing`: events for what happens seldom.
//! * `metrics`: counters and a gauge, named in the README, for the recorder that is installed when a
//!   consumer is built.
#![cfg_attr(
    all(doctest, feature = "events", feature = "checkpoint", feature = "tokio"),
    doc = include_str!("../README.md")
)]
#![forbid(unsafe_code)]

mod consumer;
mod follow;
mod handler;
mod keep;
mod retry;
mod error;
#[cfg(feature = "events")]
mod events;

mod desk;
mod observe;
mod run;

pub use forebay_core::ConfigError;
#[cfg(feature = "tokio")]
pub use forebay_rt::TokioRuntime;
pub use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

#[cfg(feature = "tokio")]
pub use crate::consumer::consume;
pub use crate::consumer::{Builder, Consumed, Consumer, End, Handle, OnGap, Phase, Stats, Summary};
pub use crate::error::{Cause, ConsumeError, FollowError};
#[cfg(feature = "events")]
pub use crate::events::{FollowHub, HubError, HubSteps, SourceError, SourceItems, SourceSteps};
pub use crate::follow::{Follow, FollowFn, Items, Received, Step, follow_fn};
pub use crate::handler::{Batch, Batches, Each, Handler, batches, each};
pub use crate::keep::Keep;
pub use crate::retry::{Doing, Retry, Retrying};
