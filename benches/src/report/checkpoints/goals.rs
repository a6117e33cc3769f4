//! What the store of forebay is meant to reach, and whether it did.

use crate::report::checkpoints::metrics::{
    BYTES, EXTRA, FAIRNESS, FILE, FRESH, LOAD, NAMES, OPEN, SPREAD, SYNCS_PER_BATCH, YARDS,
};
use crate::report::grid::{Cell, Grid, Tone};
use crate::report::metric::{Better, Metric};
use crate::report::model::{CheckpointsRound, Offered, Point, StrategyRounds};
use crate::report::quantity::{self, Quantity};
use crate::report::spread::{Spread, ratio};

/// One thing to reach.
struct Goal {
    /// What the list of goals calls it.
    name: &'static str,
    what: &'static str,
    better: Better,
    wanted: f64,
    /// How its figure is shown.
    show: fn(f64) -> String,
    /// Finds the figure; `None` where the run has not measured it.
    of: fn(&Points<'_>) -> Option<Spread>,
}

/// The points of a report.
struct Points<'a>(&'a [Point<CheckpointsRound>]);

type Rounds<'a> = &'a StrategyRounds<CheckpointsRound>;

const OURS: &str = "forebay";
const BLOCKING: &str = "forebay-blocking";
const JSON: &str = "json";
/// After so many updates, a store is to be small.
const UPDATES: u64 = 1_000_000;

const LMDB: &str = "lmdb-group";

/// The figures of the goals, in the order of the list.
static GOALS: [Goal; 26] = [
    yards("1 writer, awaited", 0.60, |at| at.yards(OURS, 1)),
    yards("1 writer, blocking", 0.75, |at| at.yards(BLOCKING, 1)),
    yards("16 writers", 5.5, |at| at.yards(OURS, 16)),
    yards("256 writers", 32.0, |at| at.yards(OURS, 256)),
    times("G1", "1 writer, × json", 80.0, |at| {
        at.rate((OURS, 1, 1_000), (JSON, 1, 1_000))
    }),
    times("G1", "16 writers, × json", 700.0, |at| {
        at.rate((OURS, 16, 1_000), (JSON, 16, 1_000))
    }),
    times("G1", "256 writers, × json", 5_000.0, |at| {
        at.rate((OURS, 256, 1_000), (JSON, 256, 1_000))
    }),
    times("G1", "256 writers, × lmdb-group", 2.5, |at| {
        at.rate((OURS, 256, 1_000), (LMDB, 256, 1_000))
    }),
    times("G1", "256 writers, 100,000 keys, × lmdb-group", 8.0, |at| {
        at.rate((OURS, 256, 100_000), (LMDB, 256, 100_000))
    }),
    times("G2", "100,000 keys, × the rate at 1 key", 0.9, |at| {
        at.rate((OURS, 1, 100_000), (OURS, 1, 1))
    }),
    most(
        "G3",
        "syncs for each write of a batch, 1 writer",
        1.0,
        |at| at.figure(&SYNCS_PER_BATCH, (OURS, 1, 1_000)),
    ),
    most(
        "G3",
        "syncs for each write of a batch, 256 writers",
        1.0,
        |at| at.figure(&SYNCS_PER_BATCH, (OURS, 256, 1_000)),
    ),
    most("G3", "bytes of a commit, 1 writer", 72.0, |at| {
        at.figure(&BYTES, (OURS, 1, 1_000))
    }),
    most(
        "G3",
        "files opened or renamed for a commit, 1 writer",
        0.0,
        |at| at.figure(&NAMES, (OURS, 1, 1_000)),
    ),
    most("G4", "load at 100,000 keys, × json", 0.35, |at| {
        at.ratio(&LOAD, (OURS, 1, 100_000), (JSON, 1, 100_000))
    }),
    nanoseconds(
        "G4",
        "load that looks at the file, 1,000 keys",
        500.0,
        |at| at.figure(&FRESH, (OURS, 1, 1_000)),
    ),
    most("G5", "open of 100,000 keys, × json", 0.1, |at| {
        at.ratio(&OPEN, (OURS, 1, 100_000), (JSON, 1, 100_000))
    }),
    times("G6", "2 processes of 1 writer, × one", 0.9, |at| {
        at.processes(1, 2)
    }),
    times("G6", "4 processes of 1 writer, × one", 0.9, |at| {
        at.processes(1, 4)
    }),
    times("G6", "2 processes of 16 writers, × one", 1.2, |at| {
        at.processes(16, 2)
    }),
    times("G6", "4 processes of 16 writers, × one", 1.2, |at| {
        at.processes(16, 4)
    }),
    times("G6", "the least of 2 processes, × the other", 0.95, |at| {
        at.fairness(1, 2)
    }),
    times(
        "G6",
        "the least of 2 processes of 16 writers, × the other",
        0.95,
        |at| at.fairness(16, 2),
    ),
    most("G6", "p99 of 2 processes of 1 writer, × p50", 4.0, |at| {
        Spread::of_rounds(&SPREAD, at.several(1, 2)?)
    }),
    Goal {
        show: in_bytes,
        ..most("G7", "bytes at most, 1,000,000 updates", 524_288.0, |at| {
            Spread::of_rounds(&FILE, at.grown()?)
        })
    },
    most(
        "G7",
        "files besides the one, 1,000,000 updates",
        1.0,
        |at| Spread::of_rounds(&EXTRA, at.grown()?),
    ),
];

/// Returns which goals were reached; `None` where nothing was measured that one is about.
pub(super) fn table(points: &[Point<CheckpointsRound>]) -> Option<Grid> {
    let points = Points(points);
    let mut grid = Grid::new(["goal", "wanted", "min", "median", "max", "reached"]);
    for goal in &GOALS {
        if let Some(found) = (goal.of)(&points) {
            grid.push(row(goal, found));
        }
    }
    (!grid.rows.is_empty()).then_some(grid)
}

fn row(goal: &Goal, found: Spread) -> [Cell; 6] {
    let (sign, is_reached) = match goal.better {
        Better::Higher => ("≥", found.median >= goal.wanted),
        Better::Lower => ("≤", found.median <= goal.wanted),
    };
    let reached = match is_reached {
        true => Cell::toned("yes", Tone::Good),
        false => Cell::toned("no", Tone::Bad),
    };
    [
        Cell::plain(format!("{}  {}", goal.name, goal.what)),
        Cell::plain(format!("{sign} {}", (goal.show)(goal.wanted))),
        Cell::plain((goal.show)(found.min)),
        Cell::plain((goal.show)(found.median)),
        Cell::plain((goal.show)(found.max)),
        reached,
    ]
}

impl Points<'_> {
    fn find(&self, offered: Offered, strategy: &str) -> Option<Rounds<'_>> {
        let mut points = self.0.iter();
        let point = points.find(|point| point.offered == offered)?;
        point.strategy(strategy)
    }

    fn at(&self, (strategy, writers, keys): (&str, u64, u64)) -> Option<Rounds<'_>> {
        let offered = Offered::Commits {
            writers,
            keys,
            processes: 1,
            updates: None,
        };
        self.find(offered, strategy)
    }

    fn several(&self, writers: u64, processes: u64) -> Option<Rounds<'_>> {
        let offered = Offered::Commits {
            writers,
            keys: 1_000,
            processes,
            updates: None,
        };
        self.find(offered, OURS)
    }

    /// Returns a store that grew by as many updates as the goal is about.
    fn grown(&self) -> Option<Rounds<'_>> {
        let grown = |point: &&Point<CheckpointsRound>| match point.offered {
            Offered::Commits { updates, .. } => updates.is_some_and(|count| count >= UPDATES),
            _ => false,
        };
        self.0.iter().find(grown)?.strategy(OURS)
    }

    fn figure(&self, metric: &Metric<CheckpointsRound>, at: (&str, u64, u64)) -> Option<Spread> {
        Spread::of_rounds(metric, self.at(at)?)
    }

    fn ratio(
        &self,
        metric: &Metric<CheckpointsRound>,
        one: (&str, u64, u64),
        other: (&str, u64, u64),
    ) -> Option<Spread> {
        ratio(metric, self.at(one)?, self.at(other)?)
    }

    fn yards(&self, strategy: &str, writers: u64) -> Option<Spread> {
        self.figure(&YARDS, (strategy, writers, 1_000))
    }

    fn rate(&self, one: (&str, u64, u64), other: (&str, u64, u64)) -> Option<Spread> {
        self.ratio(&YARDS, one, other)
    }

    fn processes(&self, writers: u64, processes: u64) -> Option<Spread> {
        let one = self.at((OURS, writers, 1_000))?;
        ratio(&YARDS, self.several(writers, processes)?, one)
    }

    fn fairness(&self, writers: u64, processes: u64) -> Option<Spread> {
        Spread::of_rounds(&FAIRNESS, self.several(writers, processes)?)
    }
}

type Finds = fn(&Points<'_>) -> Option<Spread>;

const fn yards(what: &'static str, wanted: f64, of: Finds) -> Goal {
    Goal {
        show: in_yards,
        ..times("G1", what, wanted, of)
    }
}

fn in_yards(figure: f64) -> String {
    format!("{} Y", quantity::ratio(figure))
}

const fn times(name: &'static str, what: &'static str, wanted: f64, of: Finds) -> Goal {
    Goal {
        name,
        what,
        better: Better::Higher,
        wanted,
        show: quantity::ratio,
        of,
    }
}

const fn most(name: &'static str, what: &'static str, wanted: f64, of: Finds) -> Goal {
    Goal {
        better: Better::Lower,
        ..times(name, what, wanted, of)
    }
}

const fn nanoseconds(name: &'static str, what: &'static str, wanted: f64, of: Finds) -> Goal {
    Goal {
        show: in_nanoseconds,
        ..most(name, what, wanted, of)
    }
}

fn in_nanoseconds(figure: f64) -> String {
    Quantity::Nanoseconds.show(figure)
}

fn in_bytes(figure: f64) -> String {
    Quantity::Bytes.show(figure)
}
