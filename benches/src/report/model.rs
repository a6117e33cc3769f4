//! What a report says, before anyone decides how to show it.
//!
//! A [`Report`] is a [`Header`] that every kind of report shares, and a [`Body`] of one kind. The
//! figures of one round fall in two sections. What was *counted* ([`Counts`], and [`Timing`] where
//! the clock is [`Clock::Virtual`]) is the same on every machine for the same seed, bit for bit:
//! it holds integers only. What was *measured* ([`Cost`], and [`Timing`] where the clock is
//! [`Clock::Wall`]) is not. In memory a round keeps both together, because every reader wants them
//! together; the JSON file keeps them apart, so that two runs can be compared by
//! `jq .counted report.json`.
//!
//! # Examples
//!
//! ```
//! use forebay_bench::report::model::{Counts, Round};
//!
//! let counts = Counts { loads: 300, backend_calls: 100, keys_asked: 100, ..Counts::default() };
//! let round = Round { counts, ..Round::default() };
//! assert_eq!(round.loads_per_call(), Some(3.0));
//! ```
#![allow(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "written as literals by engines and tests; the file's schema number is the promise"
)]

use serde::{Deserialize, Serialize};

/// The number of the JSON layout that this program writes and reads.
pub const SCHEMA: u32 = 1;

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
}

impl Body {
    /// Returns the name of this kind of report: the subcommand that makes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Reads(_) => "reads",
        }
    }
}

/// Where a report comes from: enough to run it again and to judge its figures.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Header {
    /// The exact command line, quoted so that a shell reads it back.
    pub command: String,
    /// The commit of the source, with a mark when the working tree had changes.
    pub commit: String,
    /// The compiler's version line and the profile that was built.
    pub toolchain: String,
    /// The machine that ran it.
    pub machine: Machine,
    /// When the run started, as UTC in RFC 3339; see [`utc`](crate::report::clock::utc).
    pub started_at: String,
    /// Whether the run was stopped before its last round.
    pub interrupted: bool,
    /// What a reader should know before trusting the figures, such as a machine that was busier
    /// than its cores.
    pub warnings: Vec<String>,
    /// Everything that was configured, defaults included, in the order it should be shown.
    pub settings: Vec<Setting>,
}

/// The machine that ran a report.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Machine {
    /// The processor's model name.
    pub cpu: String,
    /// How many cores the program could use.
    pub cores: u32,
    /// Physical memory in bytes; 0 where it is not known.
    pub memory_bytes: u64,
    /// The operating system and its version.
    pub os: String,
}

/// One thing that was configured.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Setting {
    /// Its name, as the command line spells it.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}

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
    pub points: Vec<Point>,
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

/// One offered load, and what each strategy did under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// How requests were offered.
    pub offered: Offered,
    /// The strategies, in the order they should be shown.
    pub strategies: Vec<StrategyRounds>,
}

/// How requests were offered to the strategies.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Offered {
    /// A closed loop: so many clients, each with one request under way.
    Clients(u64),
    /// An open loop: so many requests in a second, whatever the answers take.
    PerSecond(f64),
    /// An open loop at a trace's own times, so many times faster.
    Speed(f64),
}

/// One strategy's rounds under one offered load.
#[derive(Clone, Debug, PartialEq)]
pub struct StrategyRounds {
    /// The strategy's name.
    pub name: String,
    /// Its rounds. Round `i` of one strategy ran next to round `i` of every other, so ratios are
    /// taken between rounds of the same index.
    pub rounds: Vec<Round>,
}

/// One round of one strategy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Round {
    /// What happened, as counts.
    pub counts: Counts,
    /// How long it took, by the report's clock.
    pub timing: Timing,
    /// What it cost the machine.
    pub cost: Cost,
}

/// What happened in a round.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counts {
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

/// How long a round and its loads took. A latency is counted from the intended start.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Timing {
    /// First intended start to last answer.
    pub elapsed_ns: u64,
    /// Half of the loads took at most this.
    pub p50_ns: u64,
    /// 99 % of the loads took at most this.
    pub p99_ns: u64,
    /// 99.9 % of the loads took at most this.
    pub p999_ns: u64,
    /// The slowest load.
    pub max_ns: u64,
    /// The cumulative distribution; see [`thin`](crate::report::cdf::thin).
    pub cdf: Vec<CdfStep>,
}

/// One step of a cumulative distribution. Both fields rise from step to step, and the last step
/// holds every load.
///
/// Shares are kept as counts, since those survive a file unrounded.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CdfStep {
    /// A latency.
    pub ns: u64,
    /// How many loads took at most that.
    pub loads: u64,
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

impl Round {
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

/// Returns `part / whole`, and `None` rather than an infinity.
fn quotient(part: u64, whole: u64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}
