//! The figures that stores of positions are compared by.

use crate::report::metric::{Metric, Round};
use crate::report::model::CheckpointsRound;
use crate::report::quantity::Quantity;

impl Round for CheckpointsRound {
    fn metrics() -> &'static [&'static Metric<Self>] {
        static ALL: [&Metric<CheckpointsRound>; 21] = [
            &YARDS,
            &THROUGHPUT,
            &P50,
            &P99,
            &P999,
            &MAX,
            &CPU,
            &BATCH,
            &SYNCS,
            &WRITES,
            &BYTES,
            &ZEROS,
            &NAMES,
            &LOAD,
            &FRESH,
            &OPEN,
            &FILE,
            &EXTRA,
            &SYNCS_PER_BATCH,
            &FAIRNESS,
            &SPREAD,
        ];
        &ALL
    }

    fn columns() -> &'static [&'static Metric<Self>] {
        static SHOWN: [&Metric<CheckpointsRound>; 8] =
            [&YARDS, &THROUGHPUT, &P50, &P99, &CPU, &LOAD, &OPEN, &FILE];
        &SHOWN
    }

    /// One that acknowledges before it has synced is soon done.
    fn is_whole(&self) -> bool {
        self.counts.durable
    }
}

/// Commits for each sync that one thread could have made in the same time.
pub(crate) static YARDS: Metric<CheckpointsRound> = Metric::higher(
    "yards",
    "rate in Y",
    Quantity::Plain,
    CheckpointsRound::commits_per_yard,
);

/// Commits in a second.
pub(crate) static THROUGHPUT: Metric<CheckpointsRound> = Metric::higher(
    "throughput",
    "commits/s",
    Quantity::PerSecond,
    CheckpointsRound::commits_per_second,
);

/// The median time of a commit.
pub(crate) static P50: Metric<CheckpointsRound> = time("p50", "p50", |round| {
    Some(round.figures.commit.p50_ns as f64)
});

/// The time of all but one in a hundred commits.
pub(crate) static P99: Metric<CheckpointsRound> = time("p99", "p99", |round| {
    Some(round.figures.commit.p99_ns as f64)
});

/// The time of all but one in a thousand commits.
pub(crate) static P999: Metric<CheckpointsRound> = time("p99.9", "p99.9", |round| {
    Some(round.figures.commit.p999_ns as f64)
});

/// The time of the slowest commit.
pub(crate) static MAX: Metric<CheckpointsRound> = time("max", "max", |round| {
    Some(round.figures.commit.max_ns as f64)
});

/// Processor time for each commit.
pub(crate) static CPU: Metric<CheckpointsRound> =
    time("cpu", "CPU/commit", CheckpointsRound::cpu_per_commit);

/// Commits that share one write of the store.
pub(crate) static BATCH: Metric<CheckpointsRound> =
    Metric::higher("batch", "commits/batch", Quantity::Plain, |round| {
        let batches = round.counts.batches.filter(|batches| *batches > 0)?;
        Some(round.counts.commits as f64 / batches as f64)
    });

/// Syncs for each commit.
pub(crate) static SYNCS: Metric<CheckpointsRound> =
    Metric::lower("syncs", "syncs", Quantity::Plain, |round| {
        let calls = round.counts.calls.as_ref()?;
        calls.per_commit(calls.syncs)
    });

/// Calls that write for each commit.
pub(crate) static WRITES: Metric<CheckpointsRound> =
    Metric::lower("writes", "writes", Quantity::Plain, |round| {
        let calls = round.counts.calls.as_ref()?;
        calls.per_commit(calls.writes)
    });

/// Bytes that are written for each commit, but for zeros written ahead.
pub(crate) static BYTES: Metric<CheckpointsRound> =
    Metric::lower("bytes", "bytes", Quantity::Plain, |round| {
        let calls = round.counts.calls.as_ref()?;
        calls.per_commit(calls.bytes.saturating_sub(calls.zeros))
    });

/// Bytes of zeros that are written ahead for each commit.
pub(crate) static ZEROS: Metric<CheckpointsRound> =
    Metric::lower("zeros", "zeros", Quantity::Plain, |round| {
        let calls = round.counts.calls.as_ref()?;
        calls.per_commit(calls.zeros)
    });

/// Calls for each commit that open, rename or remove a file or change its length.
pub(crate) static NAMES: Metric<CheckpointsRound> =
    Metric::lower("names", "opens, names", Quantity::Plain, |round| {
        let calls = round.counts.calls.as_ref()?;
        calls.per_commit(calls.names)
    });

/// The time of a load of what the store knows.
pub(crate) static LOAD: Metric<CheckpointsRound> =
    time("load", "load", |round| Some(round.figures.load_ns));

/// The time of a load of what anybody may have stored.
pub(crate) static FRESH: Metric<CheckpointsRound> = time("fresh-load", "fresh load", |round| {
    Some(round.figures.fresh_ns)
});

/// How long it takes to open the store.
pub(crate) static OPEN: Metric<CheckpointsRound> =
    time("open", "open", |round| Some(round.figures.open_ns as f64));

/// What the files take.
pub(crate) static FILE: Metric<CheckpointsRound> =
    Metric::lower("file", "files' bytes", Quantity::Bytes, |round| {
        Some(round.figures.file_bytes as f64)
    });

/// How many files there are besides the one.
pub(crate) static EXTRA: Metric<CheckpointsRound> =
    Metric::lower("extra-files", "extra files", Quantity::Count, |round| {
        Some(round.figures.extra_files as f64)
    });

/// What the process that did least did, of what the one did that did most.
pub(crate) static FAIRNESS: Metric<CheckpointsRound> = Metric::higher(
    "fairness",
    "least/most",
    Quantity::Plain,
    CheckpointsRound::fairness,
);

/// Syncs for each write of what was committed.
pub(crate) static SYNCS_PER_BATCH: Metric<CheckpointsRound> =
    Metric::lower("syncs-per-batch", "syncs/batch", Quantity::Plain, |round| {
        let batches = round.counts.batches.filter(|batches| *batches > 0)?;
        Some(round.counts.syncs? as f64 / batches as f64)
    });

/// How many times the median the slow commits of a process take, where that is most.
pub(crate) static SPREAD: Metric<CheckpointsRound> =
    Metric::lower("p99-by-p50", "p99/p50", Quantity::Plain, |round| {
        let processes = round.figures.processes.iter();
        let ratios = processes.map(|process| process.p99_ns as f64 / process.p50_ns as f64);
        ratios.max_by(f64::total_cmp)
    });

/// How many records one thread overwrote and synced in a second.
pub(crate) static YARDSTICK: Metric<CheckpointsRound> = Metric::higher(
    "yardstick",
    "Y",
    Quantity::PerSecond,
    CheckpointsRound::yardstick,
);

const fn time(
    name: &'static str,
    title: &'static str,
    of: fn(&CheckpointsRound) -> Option<f64>,
) -> Metric<CheckpointsRound> {
    Metric::lower(name, title, Quantity::Nanoseconds, of)
}
