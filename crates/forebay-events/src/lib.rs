//! One writer, any number of readers at their own pace, and no event lost unsaid: a log in memory,
//! and a hub of such logs in which readers start from a snapshot and then follow.
//!
//! Reach for it when many places keep a view of something that changes: watchers, caches, replicas,
//! clients of Server-Sent Events. The writer publishes each change once and waits for nobody; a
//! reader that is slow keeps what it has not read, and one that is cut off is told so. An append is
//! one write to memory that readers share, however many they are, and reading takes no lock. It is
//! not durable, it does not leave the process, and it has one writer.
//!
//! * [`Publisher`], the one writer of a log; [`Builder`], its settings; [`Source`], from which
//!   readers come, for others than the writer.
//! * [`Subscription`], a reader: [`Entry`] is one event with its sequence, [`Slice`] many that lie
//!   side by side, [`Entries`] the events of one; [`OwnedSlices`] is a stream, each item an
//!   [`OwnedSlice`]; [`Next`] and [`NextSlice`], its futures.
//! * [`Position`], a place between two events, to start from, to go back to, or to splice to.
//! * [`Closer`], by which somebody else ends a subscription, with a [`Reason`].
//! * [`Retention`], what is kept for whom; [`Stats`], what is kept now.
//! * [`RecvError`], why there is no further event; [`Stale`], why a cursor cannot be resumed from;
//!   [`NotRising`], [`SpliceError`], [`ConfigError`], what was asked for and cannot be.
//! * [`Hub`], a log for each key of each topic, with snapshots; [`HubPublisher`], its one writer;
//!   [`HubBuilder`], its settings; [`HubStats`], what it has done and holds.
//! * [`Request`], what somebody wants to follow; [`Feed`], what that gives, in [`Frame`]s;
//!   [`Token`], a right that can be revoked, and [`FeedCloser`], which ends one feed.
//! * [`Batch`], changes that are published in one step; [`Topic`] and [`Subject`], what they are
//!   of.
//! * [`SnapshotSource`], where a snapshot comes from, and [`SnapshotWriter`], where it goes.
//! * [`SubscribeError`] and [`FeedError`], why a feed does not begin, and why it ends.
//! * [`Runtime`], where time comes from and where many readers are woken, with [`BoxFuture`] and
//!   [`RuntimeGone`]; with the feature `tokio`, `TokioRuntime`.
//!
//! # Examples
//!
//! A reader comes back and goes on strictly after what it has seen:
//!
//! ```
//! use forebay_events::{Publisher, Retention};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # futures::executor::block_on(async {
//! let mut prices = Publisher::<(&str, u32)>::builder()
//!     .retention(Retention::window(1_000))
//!     .build()?;
//! let source = prices.source();
//!
//! let mut reader = source.subscribe();
//! prices.append(1, ("apple", 7))?;
//! assert_eq!(*reader.next().await?, ("apple", 7));
//!
//! // It keeps where it was, as text or however it likes, and goes.
//! let kept = reader.cursor();
//! drop(reader);
//! prices.append_all(2, [("apple", 8), ("pear", 9)])?;
//!
//! let mut reader = source.resume(kept)?;
//! assert_eq!(&*reader.next_slice().await?, [("apple", 8), ("pear", 9)]);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Snapshots
//!
//! A [`Hub`] is for readers that need to know what there is before they hear how it changes. It
//! asks a [`SnapshotSource`] for the state of a key, or of a whole topic, delivers it piece by
//! piece, and then every change after it: none is missing, none comes twice, and none that the
//! snapshot shows already. A snapshot is built outside of all locks, while others publish and read;
//! those who ask for the same one meanwhile share it, and it can be kept for some time. Who resumes
//! and was not away for too long gets no snapshot.
//!
//! ```
//! # #[cfg(feature = "tokio")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::convert::Infallible;
//!
//! use forebay_core::Sequence;
//! use forebay_events::{Frame, Hub, Request, SnapshotSource, SnapshotWriter, Subject, Topic};
//!
//! /// Stands for a table of prices, as it is after its first change.
//! struct Prices;
//!
//! impl SnapshotSource<&'static str, u32> for Prices {
//!     type Error = Infallible;
//!
//!     async fn snapshot(
//!         &self,
//!         _: &Subject<&'static str>,
//!         out: &mut SnapshotWriter<u32>,
//!     ) -> Result<Sequence, Infallible> {
//!         out.push(7).await;
//!         Ok(Sequence::new(1))
//!     }
//! }
//!
//! let prices = Topic::from("prices");
//! let mut publisher = Hub::builder(Prices).build()?;
//! let mut feed = publisher.hub().subscribe(Request::new(prices.clone()).key("apple"))?;
//! assert!(matches!(feed.next().await?, Frame::Snapshot(&7)));
//! assert!(matches!(feed.next().await?, Frame::EndOfSnapshot(_)));
//!
//! publisher.publish_one(2, &prices, "apple", 8)?;
//! assert!(matches!(feed.next().await?, Frame::Event(price) if *price == 8));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "tokio"))]
//! # fn main() {}
//! ```
//!
//! # Positions
//!
//! Every append has a sequence, which rises. All events of one append share it and become visible
//! in one step, and [`Subscription::cursor`] names the last sequence that was received whole. A
//! cursor also names its log, so one from a log that was made anew is [`Stale`] and not silently
//! wrong.
//!
//! # Lagging
//!
//! A reader that falls behind delays nobody. By default it keeps alive what it has not read,
//! without a bound, and [`Subscription::lag`] and [`Stats`] say how much that is. With
//! [`Retention::readers_up_to`] one that is further behind than the bound, for longer than the
//! grace, is cut off: it receives what is left of its segment, then [`RecvError::Lagged`] until it
//! says that it wants to go on after the gap. Nothing is ever skipped in silence, because a view
//! that was built from events is wrong from then on.
//!
//! # Closing
//!
//! [`Publisher::close`], [`fail`](Publisher::fail) and [`splice_into`](Publisher::splice_into)
//! consume the publisher, so nothing comes after an end; a publisher that is dropped ends its log
//! with [`RecvError::PublisherLost`]. Readers first receive all that was published. An end stays:
//! whoever subscribes later gets it at once. Only [`Closer::close`] comes before events that are
//! there, since it is for readers that may not see them any more.
//!
//! # Cancellation
//!
//! No future of this crate holds an event. Dropping one, at any point, loses nothing, wakes nobody
//! else late and leaves no waker behind; the next call gives the same event. A snapshot that nobody
//! waits for any more is dropped while it is built, unless it is to be kept.
//!
//! # Waking
//!
//! Few readers are woken by the append itself. Many are handed in one piece to a task of the
//! [`Runtime`], which wakes them bit by bit, so that the writer need not; where there is no
//! runtime, or none any more, the writer wakes all. A reader that always finds an event lets other
//! tasks run after 128 of them.
//!
//! # Memory
//!
//! Events lie in segments of 8 to 512. A segment is freed when no reader, position or retention
//! holds it or one before it; a reader that has read everything holds the last segment only, and
//! one that stands still everything after it. Much is freed bit by bit, on the same task. A hub has
//! a log for each key with a reader; what it keeps for keys without one, and what it remembers of
//! them, are bounded by its settings.
//!
//! # Comparison
//!
//! `tokio::sync::broadcast` and `async-broadcast` have many writers and a ring: a reader that is
//! slower than the ring is long loses events, or blocks the writers. `asyncband` is as lossless as
//! this and has many writers; its readers clone each event under a lock. None of them resumes,
//! splices, or starts from a snapshot. Where the last value is all that counts,
//! `tokio::sync::watch` is less. `docs/COMPARE.md` in the repository has the measurements.
//!
//! # Crate features
//!
//! None is on by default.
//!
//! * `serde`: cursors can be serialised.
//! * `tokio`: `TokioRuntime`, which is then the default, and tokio's budget for tasks that never
//!   wait.
//! * `tracing`: a debug span for each snapshot that is built, and debug events for what happens
//!   seldom.
//! * `metrics`: counters, named in the README, for the recorder that is installed when a log or a
//!   hub is built.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![deny(unsafe_code)]

mod publisher;
mod source;
mod subscription;
mod position;
mod entry;
mod owned_slice;
mod retention;
mod stats;
mod error;
mod hub;

mod chain;
mod log;
mod observe;
mod pump;

#[doc(inline)]
pub use forebay_core::ConfigError;
#[cfg(feature = "tokio")]
pub use forebay_rt::TokioRuntime;
pub use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

pub use crate::entry::{Entries, Entry, Slice};
pub use crate::error::{NotRising, Reason, RecvError, SpliceError, Stale};
pub use crate::hub::{
    Batch, Feed, FeedCloser, FeedError, Frame, Hub, HubBuilder, HubPublisher, HubStats, Request,
    SnapshotSource, SnapshotWriter, Subject, SubscribeError, Token, Topic,
};
pub use crate::owned_slice::OwnedSlice;
pub use crate::position::Position;
pub use crate::publisher::Publisher;
pub use crate::publisher::builder::Builder;
pub use crate::retention::Retention;
pub use crate::source::Source;
pub use crate::stats::Stats;
pub use crate::subscription::Subscription;
pub use crate::subscription::closer::Closer;
pub use crate::subscription::next::{Next, NextSlice};
pub use crate::subscription::owned_slices::OwnedSlices;
