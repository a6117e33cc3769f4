//! The store in a file. `docs/CHECKPOINT_FORMAT.md` in the repository has its bytes and its steps.
//!
//! From the bottom: [`block`] and [`record`] are bytes, [`replay`] and [`salvage`] read them,
//! [`table`] is what they amount to, [`decide`] what a change means, [`engine`] writes, and [`io`]
//! is all it knows of the outside. On top of it, [`worker`] is the thread, [`queue`] what waits for
//! it, [`shared`] what both sides see, and [`store`] what users call.

pub(crate) mod store;
pub(crate) mod claim;
pub(crate) mod options;
pub(crate) mod reader;
pub(crate) mod stats;
pub(crate) mod ticket;

mod closing;
mod handle;
mod listing;
mod queue;
mod registry;
mod shared;
mod slot;
mod worker;

mod counters;
mod decide;
mod disk;
mod engine;
mod field;
mod block;
mod header;
#[cfg(test)]
#[cfg(not(forebay_loom))]
mod importing;
mod io;
mod observe;
mod record;
mod replay;
mod salvage;
mod scan;
#[cfg(test)]
#[cfg(not(forebay_loom))]
mod model;
#[cfg(test)]
mod reading;
#[cfg(test)]
#[cfg(not(forebay_loom))]
mod sim;
mod table;
