//! A whole group in virtual time: a replicated log, a provider on every peer but one, and a session
//! on that one, over a network that loses, repeats, delays and reorders.
//!
//! After every step of every run:
//!
//! * what was installed is the state at its anchor, and what is replayed is the log after it;
//! * in every phase that is not final there is a time at which the session goes on by itself;
//! * nobody holds more than its settings allow.
//!
//! At the end of every run the session has finished, if a network that loses messages but does
//! nothing worse lets it. Peers stop and come back, the leader changes, clocks differ, and under
//! quorum trust a minority lies: [`runs`].
//!
//! A rule that is switched off is found out: [`broken`]. How long a transfer takes, and how many
//! bytes it costs, is exact in virtual time: [`measures`].
//!
//! `FOREBAY_SEEDS` is how many runs there are of each kind, and `FOREBAY_SEED` is the only one. What
//! fails prints its seed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "what is measured is to be read")]

mod broken;
mod chaos;
mod clock;
mod cluster;
mod follower;
mod liar;
mod log;
mod measures;
mod network;
mod peer;
mod random;
mod runs;
mod tally;
mod wire;

/// A peer. The one that fell behind is the first.
type Name = u8;

/// An item of the replicated state: a key, and its value.
type Item = (u64, bytes::Bytes);

type State = forebay_snapshot::SliceSnapshot<Item>;
type Message = forebay_snapshot::Message<Name>;

const FOLLOWER: Name = 0;

/// Another one that fell behind. It takes what it can get and never finishes.
const PEST: Name = 99;
