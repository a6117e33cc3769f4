//! What a strategy would do, worked out without running any of it.
//!
//! Plain walks over lists of events: no futures, no tasks, no clock, nothing of the strategies and
//! nothing of the executor. All they share with a run are the keys, the times at which they are
//! asked for, and the [`Costs`](crate::reads::backend::Costs) of the backend. Where a run on the modelled
//! backend and a walk agree on the number of calls, both are right or both are wrong in the same
//! way by chance.
//!
//! * [`coalesced`], any two loads of one key that overlap made one.
//! * [`batched`], the same, and keys that wait together asked for in one call.
//! * [`perfect`], the yardstick: unlimited coalescing and perfect batching.
//!
//! The rules, which the modelled backend keeps too:
//!
//! * A load whose key is being loaded waits for that answer; any other load asks the backend.
//! * Calls are served in the order they came, a bounded number at once.
//! * Answers due at one instant come in the order in which they began to be served, and before
//!   loads that arrive at that instant. Each answer frees its place first, and then everybody who
//!   waited for it goes on. Loads that arrive at one instant have all asked before any of them is
//!   answered.

mod batched;
mod coalesced;
mod perfect;

pub use crate::reads::simulation::batched::{Batching, batched};
pub use crate::reads::simulation::coalesced::coalesced;
pub use crate::reads::simulation::perfect::perfect;

/// What a simulation found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Simulated {
    /// Loads that were answered.
    pub loads: u64,
    /// Calls to the backend.
    pub calls: u64,
    /// Keys in those calls.
    pub keys: u64,
    /// When the last answer came, from the start.
    pub end_ns: u64,
}
