//! What a report says, before anyone decides how to show it.
//!
//! A [`Report`] is a [`Header`] that every kind of report shares, and a [`Body`] of one kind: what
//! strategies did, at [`Point`]s, in rounds. The figures of one round fall in two sections. What was
//! *counted* ([`ReadsCounts`], [`EventsCounts`],
//! [`CheckpointsCounts`], and [`Timing`] where the clock is
//! [`Clock::Virtual`]) holds integers only; in virtual time it is the same on every machine for the
//! same seed, bit for bit. What was *measured* is not. In memory a round keeps both together, because
//! every reader wants them together; the JSON file keeps them apart, so that two runs can be compared
//! by `jq .counted report.json`.
//!
//! # Examples
//!
//! ```
//! use forebay_bench::report::model::{ReadsCounts, ReadsRound};
//!
//! let counts = ReadsCounts { loads: 300, backend_calls: 100, ..ReadsCounts::default() };
//! let round = ReadsRound { counts, ..ReadsRound::default() };
//! assert_eq!(round.loads_per_call(), Some(3.0));
//! ```
#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "written as literals by engines and tests; the file's schema number is the promise"
)]

mod all;
mod catchup;
mod checkpoints;
mod events;
mod header;
mod reads;

use serde::{Deserialize, Serialize};

pub use self::all::{All, Part};
pub use self::catchup::{Catchup, CatchupCounts, CatchupFigures, CatchupRound};
pub use self::checkpoints::{
    Calls, Checkpoints, CheckpointsCounts, CheckpointsFigures, CheckpointsRound, ProcessShare,
};
pub use self::events::{Audience, Events, EventsCounts, EventsFigures, EventsRound};
pub use self::header::{Header, Machine, Setting};
pub use self::reads::{Clock, Reads, ReadsCounts, ReadsRound};

/// The number of the JSON layout that this program writes. It reads the earlier ones too.
pub const SCHEMA: u32 = 3;

/// One finished (or interrupted) run of one subcommand.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Where the figures come from.
    pub header: Header,
    /// The figures.
    pub body: Body,
}

/// The figures of a report, by the question that was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Strategies of the read path against one backend.
    Reads(Reads),
    /// Strategies of the follow path: one writer, many subscribers.
    Events(Events),
    /// Replicas that fell behind.
    Catchup(Catchup),
    /// Stores of positions: many writers, durably.
    Checkpoints(Checkpoints),
    /// Several of those, one after the other.
    All(All),
}

impl Body {
    /// Returns the name of this kind of report: the subcommand that makes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Reads(_) => "reads",
            Self::Events(_) => "events",
            Self::Catchup(_) => "catchup",
            Self::Checkpoints(_) => "checkpoints",
            Self::All(_) => "all",
        }
    }
}

/// What was offered, and what each strategy did under it. `R` is a round of one kind of report.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Point<R> {
    /// What was offered.
    pub offered: Offered,
    /// The strategies, in the order they should be shown.
    pub strategies: Vec<StrategyRounds<R>>,
}

/// What was offered to the strategies.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Offered {
    /// Reads in a closed loop: so many clients, each with one request under way.
    Clients(u64),
    /// Reads in an open loop: so many requests in a second, whatever the answers take.
    PerSecond(f64),
    /// Reads in an open loop at a trace's own times, so many times faster.
    Speed(f64),
    /// Events for so many subscribers.
    Subscribers {
        /// How many subscribers there are.
        count: u64,
        /// How many events are published in a second, whoever has taken the earlier ones; as many
        /// as the writer can where it is `None`.
        per_second: Option<f64>,
    },
    /// A replica that is behind.
    Behind {
        /// How many keys the state has.
        keys: u64,
        /// How many changes it missed.
        changes: u64,
    },
    /// Positions that are committed, each once the one before it was acknowledged.
    Commits {
        /// How many writers each process has.
        writers: u64,
        /// How many keys each process has.
        keys: u64,
        /// How many processes there are.
        processes: u64,
        /// How many commits there are in all; as many as there is time for where it is `None`.
        updates: Option<u64>,
    },
}

/// One strategy's rounds at one point.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StrategyRounds<R> {
    /// The strategy's name.
    pub name: String,
    /// Its rounds. Round `i` of one strategy ran next to round `i` of every other, so ratios are
    /// taken between rounds of the same index.
    pub rounds: Vec<R>,
}

/// How long some operations took. A latency is counted from the intended start.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Timing {
    /// First intended start to last end.
    pub elapsed_ns: u64,
    /// Half of the operations took at most this.
    pub p50_ns: u64,
    /// 99 % of the operations took at most this.
    pub p99_ns: u64,
    /// 99.9 % of the operations took at most this.
    pub p999_ns: u64,
    /// The slowest operation.
    pub max_ns: u64,
    /// The cumulative distribution; see [`thin`](crate::report::cdf::thin).
    pub cdf: Vec<CdfStep>,
}

/// One step of a cumulative distribution. Both fields rise from step to step, and the last step
/// holds everything.
///
/// Shares are kept as counts, since those survive a file unrounded.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "WrittenStep", into = "(u64, u64)")]
pub struct CdfStep {
    /// A latency.
    pub ns: u64,
    /// How many operations took at most that.
    pub count: u64,
}

/// A step in a file of any schema.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenStep {
    Pair(u64, u64),
    /// As the first two schemas had it, the first of which knew of loads only.
    Named {
        ns: u64,
        #[serde(alias = "loads")]
        count: u64,
    },
}

impl From<WrittenStep> for CdfStep {
    fn from(written: WrittenStep) -> Self {
        let (WrittenStep::Pair(ns, count) | WrittenStep::Named { ns, count }) = written;
        Self { ns, count }
    }
}

impl From<CdfStep> for (u64, u64) {
    fn from(step: CdfStep) -> Self {
        (step.ns, step.count)
    }
}

/// What a round cost the machine, where it could be measured.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cost {
    /// Wall-clock time of the round; on the wall clock, near [`Timing::elapsed_ns`].
    pub wall_ns: u64,
    /// Processor time of the whole process, user and system.
    pub cpu_ns: Option<u64>,
    /// Heap allocations.
    pub allocations: Option<u64>,
    /// The most memory that was allocated at one time, above what there was when the round began.
    pub peak_memory_bytes: Option<u64>,
}

impl<R> Point<R> {
    /// Returns the same point with something of each round instead of the round.
    pub(crate) fn map<S>(&self, of: impl Fn(&R) -> S) -> Point<S> {
        let strategies = self.strategies.iter().map(|strategy| StrategyRounds {
            name: strategy.name.clone(),
            rounds: strategy.rounds.iter().map(&of).collect(),
        });
        Point {
            offered: self.offered,
            strategies: strategies.collect(),
        }
    }

    /// Returns the rounds of a strategy, if it ran here.
    pub(crate) fn strategy(&self, name: &str) -> Option<&StrategyRounds<R>> {
        self.strategies.iter().find(|found| found.name == name)
    }
}

/// Returns `part / whole`, and `None` rather than an infinity.
fn quotient(part: u64, whole: u64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}
