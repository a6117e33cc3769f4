use serde::{Deserialize, Serialize};

use crate::report::model::{Cost, Point, Timing, quotient};

/// The body of a `reads` report.
#[derive(Clone, Debug, PartialEq)]
pub struct Reads {
    /// The backend's name.
    pub backend: String,
    /// The workload in one line, all its parameters included: two reports are comparable when
    /// their backend, workload and points are equal.
    pub workload: String,
    /// Which clock the latencies were read from.
    pub clock: Clock,
    /// One entry for each load that was offered, in the order they were asked for.
    pub points: Vec<Point<ReadsRound>>,
}

/// The clock that latencies and elapsed times were read from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The machine's clock: two runs differ.
    #[default]
    Wall,
    /// The simulation's clock: two runs with one seed are identical.
    Virtual,
}

/// One round of one strategy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadsRound {
    /// What happened, as counts.
    pub counts: ReadsCounts,
    /// How long it took, by the report's clock.
    pub timing: Timing,
    /// What it cost the machine.
    pub cost: Cost,
}

/// What happened in a round.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReadsCounts {
    /// Loads that were asked for and finished, failed ones included.
    pub loads: u64,
    /// Calls that reached the backend.
    pub backend_calls: u64,
    /// Keys in those calls, summed.
    pub keys_asked: u64,
    /// Loads that ended in an error.
    pub errors: u64,
    /// Keys in calls that began while another call for the same key was under way.
    pub overlapping_loads: u64,
    /// Loads whose answer was not what the backend holds.
    pub wrong_answers: u64,
    /// Calls that so many loads need at best: when any two of one key that overlap are made one, and
    /// everything that waits goes together. A cache, which remembers, may need fewer.
    pub ideal_calls: u64,
    /// Calls that an independent simulation of the strategy predicts, where there is one.
    pub predicted_calls: Option<u64>,
}

impl ReadsRound {
    /// Returns how many loads one backend call served; `None` where there was no call.
    #[must_use]
    pub fn loads_per_call(&self) -> Option<f64> {
        quotient(self.counts.loads, self.counts.backend_calls)
    }

    /// Returns finished loads in a second of the report's clock; `None` where no time passed.
    #[must_use]
    pub fn loads_per_second(&self) -> Option<f64> {
        quotient(self.counts.loads, self.timing.elapsed_ns).map(|per_ns| per_ns * 1e9)
    }

    /// Returns heap allocations for each load; `None` where they were not counted.
    #[must_use]
    pub fn allocations_per_load(&self) -> Option<f64> {
        quotient(self.cost.allocations?, self.counts.loads)
    }

    /// Returns the share of loads that caused no backend call, negative where calls outnumber
    /// loads; `None` where there was no load.
    #[must_use]
    pub fn calls_saved(&self) -> Option<f64> {
        quotient(self.counts.backend_calls, self.counts.loads).map(|asked| 1.0 - asked)
    }
}
