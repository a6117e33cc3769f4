//! The table of flights: what is done under its locks, and nothing else.

pub(crate) mod shard;
mod seats;
pub(crate) mod berth;
pub(crate) mod after;
mod deadlines;
pub(crate) mod flight;
pub(crate) mod waiters;
