//! What the laggard and its peers are connected by.

pub(crate) mod model;
pub(super) mod tcp;
mod wire;

/// How often changes are made: at each multiple of this, those that are due.
const TICK_NS: u64 = 10_000_000;

/// Nobody takes longer than this to catch up, by the clock of the network.
const SECONDS_MAX: u64 = 24 * 60 * 60;
