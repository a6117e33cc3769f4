use serde::{Deserialize, Serialize};

use crate::report::model::{Clock, Cost, Point, quotient};

/// The body of a `catchup` report.
#[derive(Clone, Debug, PartialEq)]
pub struct Catchup {
    /// What the laggard and its peers were connected by, in one line.
    pub network: String,
    /// What was missed, in one line, all parameters included: two reports are comparable when their
    /// network, workload and points are equal.
    pub workload: String,
    /// Which clock the times were read from.
    pub clock: Clock,
    /// One entry for each number of keys and of changes, in the order they were asked for.
    pub points: Vec<Point<CatchupRound>>,
}

/// One round of one strategy that catches up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CatchupRound {
    /// What happened, as counts.
    pub counts: CatchupCounts,
    /// From the start until the laggard had everything, by the report's clock.
    pub elapsed_ns: u64,
    /// What it cost the machine.
    pub figures: CatchupFigures,
}

/// What happened in a round.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CatchupCounts {
    /// The bytes that each peer sent to the laggard.
    pub sent_bytes: Vec<u64>,
    /// The bytes that this strategy cannot do without: the items of the state, or the changes that
    /// were missed, each once and without anything around them.
    pub needed_bytes: u64,
    /// Messages to the laggard and from it.
    pub messages: u64,
    /// Items of the state that the laggard decoded.
    pub items: u64,
    /// Entries of the log that the laggard decoded.
    pub entries: u64,
    /// Entries of the log that its peers must have kept for it.
    pub entries_kept: u64,
    /// Entries that were appended while it caught up.
    pub appended: u64,
    /// What it takes to send the bytes that are needed if all lines are busy all the time; none
    /// where it is not known what the lines can do.
    pub ideal_ns: Option<u64>,
}

/// What was measured in a round.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CatchupFigures {
    /// The processor time of all the peers together.
    pub providers_cpu_ns: u64,
    /// The processor time of the longest thing that any peer did without looking at messages.
    pub provider_slice_ns: u64,
    /// What the round cost as a whole, until the laggard had everything.
    pub cost: Cost,
}

impl CatchupRound {
    /// Returns the bytes that all peers together sent to the laggard.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.counts
            .sent_bytes
            .iter()
            .copied()
            .fold(0, u64::saturating_add)
    }

    /// Returns the bytes that the peer sent that sent most.
    #[must_use]
    pub fn sent_by_busiest(&self) -> u64 {
        self.counts.sent_bytes.iter().copied().max().unwrap_or(0)
    }

    /// Returns what was sent beyond what is needed, as a share of that; `None` where nothing is.
    #[must_use]
    pub fn extra(&self) -> Option<f64> {
        let extra = self.sent().saturating_sub(self.counts.needed_bytes);
        quotient(extra, self.counts.needed_bytes)
    }

    /// Returns how many times the ideal time it took; `None` where there is no such time.
    #[must_use]
    pub fn times_ideal(&self) -> Option<f64> {
        quotient(self.elapsed_ns, self.counts.ideal_ns?)
    }

    /// Returns how many items and entries the laggard decoded.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.counts.items.saturating_add(self.counts.entries)
    }
}
