//! A session alone, with peers that do what the test wants.
//!
//! * It asks everybody until it has a snapshot that the log follows on and that enough peers name,
//!   and an offer of no use changes nothing about that: [`choosing`].
//! * It fetches from all providers at once, takes only what it asked for and can verify, and no
//!   answer that is late, short, wrong or missing stops it: [`fetching`], [`dividing`], [`waiting`],
//!   [`refusing`], [`lying`].
//! * It goes over to another snapshot only if it must, and keeps what the two have in common:
//!   [`moving`].
//! * What is installed is followed by the log without a gap, and everybody learns when it is over:
//!   [`installing`].
//! * The spool has what is still needed, and may be wrong about it: [`spooling`].
//! * Settings that make no sense are refused: [`settings`].
//! * Metrics count what happens, and how long it took: [`counters`].
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod catalogue;
mod choosing;
#[cfg(feature = "metrics")]
#[path = "../harness/counted.rs"]
mod counted;
#[cfg(feature = "metrics")]
mod counters;
mod dividing;
mod fetching;
mod host;
mod installing;
mod lying;
mod moving;
mod refusing;
mod settings;
mod spooling;
mod waiting;

type Name = &'static str;
type State = forebay_snapshot::SliceSnapshot<u64>;
type Message = forebay_snapshot::Message<Name>;
type Event = forebay_snapshot::SessionEvent<Name>;
