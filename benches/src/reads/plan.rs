//! What one run asks for: the same keys in the same order for every strategy.

use std::sync::Arc;

/// The loads of one run.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a literal in the engine, tests and examples"
)]
pub struct Plan {
    /// The keys, in the order in which they are asked for.
    pub keys: Arc<[u32]>,
    /// When they are asked for.
    pub pace: Pace,
    /// When a closed loop stops asking, even if keys are left.
    pub stop_ns: Option<u64>,
}

/// When the loads of a run begin.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "every loop handles each pace in its own way"
)]
pub enum Pace {
    /// At times of their own, whatever the answers take.
    Open {
        /// The time of each load, from the start, rising.
        times_ns: Arc<[u64]>,
    },
    /// When a client is free: each of them asks for the next key once it has its answer.
    Closed {
        /// How many clients there are.
        clients: usize,
    },
    /// When all clients are free: each asks for one key at the same instant.
    Bursts {
        /// How many clients there are.
        clients: usize,
    },
}

impl Plan {
    /// Returns the key of the load with this index.
    pub(crate) fn key(&self, index: usize) -> Option<u64> {
        self.keys.get(index).copied().map(u64::from)
    }

    /// Returns the plan of the first loads alone, which nothing ends before they are made.
    pub(crate) fn first(&self, loads: u64) -> Self {
        let keys = usize::try_from(loads).ok();
        let keys = keys.and_then(|loads| self.keys.get(..loads));
        Self {
            keys: keys.map_or_else(|| Arc::clone(&self.keys), Arc::from),
            pace: self.pace.clone(),
            stop_ns: None,
        }
    }
}
