//! The store in a file. `docs/CHECKPOINT_FORMAT.md` in the repository has its bytes and its steps.
//!
//! From the bottom: [`format`] is bytes and how they are read, [`table`] what they amount to,
//! [`decide`] what a change means, [`engine`] writes, and [`io`] is all it knows of the outside. On
//! top of it, [`worker`] is the thread, [`queue`] what waits for it, [`shared`] what both sides see,
//! and [`store`] what users call. [`reader`] does without all but the lowest.

pub(crate) mod store;
pub(crate) mod claim;
pub(crate) mod options;
pub(crate) mod reader;
pub(crate) mod stats;
pub(crate) mod ticket;

mod closing;
mod handle;
mod listing;
mod registry;
mod scan;

mod counters;
mod observe;
mod queue;
mod shared;
mod slot;
mod worker;

mod decide;
mod disk;
mod engine;
mod format;
mod io;
mod job;
mod table;

#[cfg(test)]
#[cfg(not(forebay_loom))]
mod importing;
#[cfg(test)]
#[cfg(not(forebay_loom))]
mod model;
#[cfg(test)]
#[cfg(not(forebay_loom))]
mod sim;
