use serde::{Deserialize, Serialize};

use crate::report::model::{Point, Timing, quotient};

/// The body of a `checkpoints` report.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoints {
    /// What was committed, in one line, all parameters included: two reports are comparable when
    /// their workload and points are equal.
    pub workload: String,
    /// One entry for each number of writers, keys and processes, in the order they were asked for.
    pub points: Vec<Point<CheckpointsRound>>,
}

/// One round of one strategy that keeps positions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckpointsRound {
    /// What happened, as counts.
    pub counts: CheckpointsCounts,
    /// How long it took, and what it cost.
    pub figures: CheckpointsFigures,
}

/// What happened in a round.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CheckpointsCounts {
    /// Whether what was acknowledged was durable by then.
    pub durable: bool,
    /// Commits that were acknowledged. Each was found when the store was opened again.
    pub commits: u64,
    /// How many times the store wrote, each time what several had committed; where it says so.
    pub batches: Option<u64>,
    /// How many times the store synced, where it says so.
    pub syncs: Option<u64>,
    /// What was asked of the system, in a run of its own.
    pub calls: Option<Calls>,
}

/// What was asked of the system for some commits.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Calls {
    /// How many commits there were.
    pub commits: u64,
    /// Calls that write.
    pub writes: u64,
    /// The bytes they wrote.
    pub bytes: u64,
    /// Those of them that were zeros, written ahead of what will be written over them.
    pub zeros: u64,
    /// Calls that sync, and writes to files that sync by themselves.
    pub syncs: u64,
    /// Calls that open, rename, remove or change the length of a file.
    pub names: u64,
}

/// What was measured in a round.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct CheckpointsFigures {
    /// From the moment at which a writer asked for a commit until it was acknowledged.
    pub commit: Timing,
    /// How many records one thread overwrote and synced in a second, right before.
    pub yardstick_before: f64,
    /// The same right after.
    pub yardstick_after: f64,
    /// What each process did.
    pub processes: Vec<ProcessShare>,
    /// How long it took to open the store once the writers were gone.
    pub open_ns: u64,
    /// One load of what the store knows.
    pub load_ns: f64,
    /// One load of what anybody may have stored.
    pub fresh_ns: f64,
    /// Processor time of the processes that wrote.
    pub cpu_ns: Option<u64>,
    /// What the files took, at the end, or at most where the store was to grow.
    pub file_bytes: u64,
    /// How many files there were besides the one, in the same way.
    pub extra_files: u64,
}

/// What one process did.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProcessShare {
    /// Commits that were acknowledged to it.
    pub commits: u64,
    /// Half of them took at most so long.
    pub p50_ns: u64,
    /// All but one in a hundred took at most so long.
    pub p99_ns: u64,
}

impl CheckpointsRound {
    /// Returns commits in a second.
    #[must_use]
    pub fn commits_per_second(&self) -> Option<f64> {
        let per_ns = quotient(self.counts.commits, self.figures.commit.elapsed_ns)?;
        Some(per_ns * 1e9)
    }

    /// Returns how many records one thread overwrote and synced in a second, around the round.
    #[must_use]
    pub fn yardstick(&self) -> Option<f64> {
        let figures = &self.figures;
        let mean = f64::midpoint(figures.yardstick_before, figures.yardstick_after);
        (mean > 0.0).then_some(mean)
    }

    /// Returns commits for each sync that one thread could have made in the same time.
    #[must_use]
    pub fn commits_per_yard(&self) -> Option<f64> {
        Some(self.commits_per_second()? / self.yardstick()?)
    }

    /// Returns processor time for each commit; `None` where it was not measured.
    #[must_use]
    pub fn cpu_per_commit(&self) -> Option<f64> {
        quotient(self.figures.cpu_ns?, self.counts.commits)
    }

    /// Returns what the process that did least did, of what the one did that did most. `None` where
    /// there is one process only.
    #[must_use]
    pub fn fairness(&self) -> Option<f64> {
        let processes = &self.figures.processes;
        let commits = processes.iter().map(|process| process.commits);
        let fairness = quotient(commits.clone().min()?, commits.max()?);
        fairness.filter(|_| processes.len() > 1)
    }
}

impl Calls {
    /// Returns a count for each commit.
    #[must_use]
    pub fn per_commit(&self, count: u64) -> Option<f64> {
        quotient(count, self.commits)
    }
}
