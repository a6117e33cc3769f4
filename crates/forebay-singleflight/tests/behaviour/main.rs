//! The behaviour of `forebay-singleflight` through its public API.
//!
//! Futures are polled by hand, loads end when the test says so, and time passes when the test says
//! so. Each module lists the properties it holds.

#[path = "../harness/backend.rs"]
mod backend;
#[path = "../harness/hand.rs"]
mod hand;

mod bounded;
mod bounds;
mod completion;
mod config;
#[cfg(feature = "metrics")]
mod counters;
mod detached;
mod failures;
mod foreign_code;
mod forgetting;
mod hedging;
mod joining;
mod knowledge;
mod layer;
mod leader_lost;
mod panics;
mod recursion;
mod roles;
#[cfg(feature = "tower")]
mod services;
mod timeouts;
mod timers;
#[cfg(feature = "tokio")]
mod tokio_runtime;

use std::convert::Infallible;

use foldhash::fast::RandomState;
use forebay_core::LoadError;
use forebay_singleflight::Singleflight;

/// The group of most tests.
type Group = Singleflight<String, u64>;

/// What most calls come to.
type Answer = Result<u64, LoadError<Infallible>>;

type Follower = forebay_singleflight::Follower<String, u64, Infallible, RandomState>;
type Leader = forebay_singleflight::Leader<String, u64, Infallible, RandomState>;
type Waited = forebay_singleflight::Waited<String, u64, Infallible, RandomState>;
