//! Brings a replica that fell behind up to date, in verified pieces, from several peers at once.
//!
//! A replica asks its peers, is offered a [`Snapshot`] of the state at one exact [`Anchor`] in the log,
//! fetches it in pieces, from all peers that have it, installs it, and goes on with the log after it.
//! No lie, loss, restart or delay makes it hang, install something wrong, or cost a provider more than
//! it allows. Both ends are state machines without a clock, tasks or sockets: their hosts tell them what
//! happened and when, and do what they say.
//!
//! * [`Provider`], who has snapshots and serves them, with its [`ProviderConfig`]; what it wants done
//!   is a [`ProviderOutput`], what its host may want to know a [`ProviderEvent`], what goes through the
//!   log a [`Marker`]. [`NotTaken`] and [`Unsent`] are what can go wrong with a message, and
//!   [`ProviderUsage`] is how much it has of everything.
//! * [`PolledProvider`], a provider that the loop of a replicated log polls, with what that loop does
//!   for it, a [`Host`], and with [`SendError`].
//! * [`Session`], who fetches one, with its [`SessionConfig`], [`Membership`] and [`Trust`]; what it
//!   wants done is a [`SessionOutput`], what its host may want to know a [`SessionEvent`] with
//!   [`Restart`] and [`Ignored`], how far it is a [`Progress`] with a [`Phase`], why it failed a
//!   [`SessionError`]. [`LogEntry`] is what it replays, and [`SessionUsage`] how much it has of
//!   everything.
//! * [`Spool`], where chunks wait until they are installed, or [`MemorySpool`], with [`SpoolError`];
//!   [`ResumeState`], what is known besides, so that an interrupted transfer goes on.
//! * [`Snapshot`], what a state must be able to do, and [`Build`], what makes one, with [`OutOfOrder`].
//!   [`SliceSnapshot`] and [`CellSnapshot`] are ready to use, with [`SliceBuilder`], [`SliceEntry`] and
//!   [`CellBuilder`]; and over persistent collections `OrdSnapshot` and `VecSnapshot`, with
//!   `OrdBuilder` and `VecBuilder`.
//! * [`Anchor`], where a snapshot was taken, and [`Hash`](struct@Hash), what is in it; [`Piece`], a
//!   part of it; [`Limits`], how large it may be.
//! * [`Message`], what peers say to each other, with [`Refusal`] and [`Absence`]; [`encode`] and
//!   [`decode`], how that is written, as an [`Encoded`].
//! * `driver`, a module, runs both machines on tokio, over TCP or any other byte stream.
//! * [`ConfigError`], [`StateError`], [`PieceError`] and [`WireError`], what is wrong with settings,
//!   states, pieces and frames.
//!
//! # Examples
//!
//! Two peers have what a third has missed, and every third message is lost:
//!
//! ```
//! use std::time::Instant;
//!
//! use forebay_core::Sequence;
//! use forebay_snapshot::{
//!     Anchor, Membership, Provider, ProviderConfig, ProviderOutput, Session, SessionConfig,
//!     SessionOutput, SliceSnapshot,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let group = |local| Membership::new(local, ["a", "b", "c"]).with_leader(Some("a"));
//! let state = SliceSnapshot::from((0..100_000_u64).collect::<Vec<_>>());
//! // Entry 42 of term 3 is where the log will have the marker.
//! let anchor = Anchor::new(Sequence::new(42), 3);
//!
//! let mut now = Instant::now();
//! let mut providers = [
//!     ("a", Provider::new(ProviderConfig::new(), group("a"))?),
//!     ("b", Provider::new(ProviderConfig::new(), group("b"))?),
//! ];
//! let config = SessionConfig::new();
//! let mut session = Session::<SliceSnapshot<u64>, _, ()>::start(now, config, group("c"), 7)?;
//!
//! let mut sent = 0;
//! let mut is_lost = || {
//!     sent += 1;
//!     sent % 3 == 0
//! };
//! let installed = loop {
//!     while session.work(now, 1_000) {}
//!     match session.poll_output() {
//!         Some(SessionOutput::Send { to, message }) if !is_lost() => {
//!             for (_, provider) in providers.iter_mut().filter(|(name, _)| *name == to) {
//!                 provider.handle_message(now, "c", message.clone())?;
//!             }
//!         }
//!         Some(SessionOutput::Install { state, .. }) => break state,
//!         Some(_) => {}
//!         // Here a host sleeps until then, or until a message comes.
//!         None => now = session.poll_timeout().map_or(now, |at| at.max(now)),
//!     }
//!     session.handle_timeout(now);
//!
//!     let mut markers = Vec::new();
//!     for (name, provider) in &mut providers {
//!         provider.handle_timeout(now);
//!         while provider.work(now, 1_000) {}
//!         while let Some(output) = provider.poll_output() {
//!             match output {
//!                 ProviderOutput::Send { message, .. } if !is_lost() => {
//!                     session.handle_message(now, *name, message)?;
//!                 }
//!                 ProviderOutput::Feed(marker) => markers.push(marker),
//!                 _ => {}
//!             }
//!         }
//!     }
//!     // Every peer applies the marker, whoever put it there.
//!     for marker in markers {
//!         for (_, provider) in &mut providers {
//!             provider.handle_taken(now, &marker, anchor, state.clone());
//!         }
//!     }
//! };
//! assert_eq!(installed[..], state[..]);
//! # Ok(())
//! # }
//! ```
//!
//! # Anchors
//!
//! A snapshot is named by its anchor and its root, the hash of all its contents. Peers that apply a
//! marker at one entry of the log take equal snapshots there, so a follower fetches from all of them.
//! The root does not contain the anchor, and pieces are named by their contents alone: two snapshots
//! of nearly equal states share nearly all pieces.
//!
//! # Failure
//!
//! Every request and every fetch gets one answer that says what became of it, and what is lost on the
//! way is asked for again. A wrong piece is known the moment it arrives, and so is who sent it.
//!
//! # Cancellation
//!
//! The machines are no futures. Dropping a provider makes its followers go on elsewhere; dropping a
//! session leaves providers to notice by a deadline, and [`cancel`](Session::cancel) tells them.
//!
//! # Memory
//!
//! Everything has a bound in the configuration, and [`Provider::usage`] and [`Session::usage`] show
//! how much there is. A kept state costs what it no longer shares with the one it was taken from.
//!
//! # Crate features
//!
//! None is on by default.
//!
//! * `imbl`: `OrdSnapshot` and `VecSnapshot`, over the persistent collections of that crate.
//! * `tokio`: the module `driver`.
//! * `tracing`, a span for each session and events; `metrics`, counters and how long sessions took.
//!
//! # Comparison
//!
//! A Raft of one's own mostly sends a snapshot from its leader, as one stream that begins anew when it
//! breaks. State sync in CometBFT, KRaft's fetch of snapshots and Ethereum's `snap/1` let the laggard
//! fetch, as this does. What none of them has together are: a position that is the same on all peers,
//! pieces that are named by their contents and survive a change of it, and both ends without a clock.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

mod anchor;
mod hash;
mod membership;
mod message;
mod snapshot;
mod chunk;
mod provider;
mod session;
mod polled;
#[cfg(feature = "tokio")]
pub mod driver;
mod wire;
mod error;

pub use crate::anchor::Anchor;
pub use crate::chunk::Limits;
pub use crate::error::{PieceError, StateError, WireError};
pub use crate::hash::Hash;
pub use crate::membership::Membership;
pub use crate::message::{Absence, Message, Piece, Refusal};
pub use crate::polled::{Host, PolledProvider, SendError};
pub use crate::provider::{
    Marker, NotTaken, Provider, ProviderConfig, ProviderEvent, ProviderOutput, ProviderUsage,
    Unsent,
};
pub use crate::session::{
    Ignored, LogEntry, MemorySpool, Phase, Progress, Restart, ResumeState, Session, SessionConfig,
    SessionError, SessionEvent, SessionOutput, SessionUsage, Spool, SpoolError, Trust,
};
pub use crate::snapshot::{
    Build, CellBuilder, CellSnapshot, OutOfOrder, SliceBuilder, SliceEntry, SliceSnapshot, Snapshot,
};
#[cfg(feature = "imbl")]
pub use crate::snapshot::{OrdBuilder, OrdSnapshot, VecBuilder, VecSnapshot};
pub use crate::wire::{Encoded, decode, encode};
pub use forebay_core::ConfigError;
