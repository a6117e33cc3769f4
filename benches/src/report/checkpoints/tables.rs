//! The tables of a `checkpoints` report.

use crate::report::cells::{STRATEGY, TIMES_BEST, median, name, ratio};
use crate::report::checkpoints::metrics::{
    BATCH, BYTES, CPU, EXTRA, FILE, LOAD, NAMES, OPEN, P50, P99, SYNCS, WRITES, YARDS, ZEROS,
};
use crate::report::grid::{Cell, Grid};
use crate::report::metric::Metric;
use crate::report::model::{CheckpointsRound, Offered, Point};
use crate::report::offered;
use crate::report::quantity::Quantity;
use crate::report::spread::{Spread, ratios_to_best};

/// Returns what can be taken in at a glance of one point.
pub(super) fn glance(point: &Point<CheckpointsRound>) -> Grid {
    let titles = [
        STRATEGY,
        YARDS.title(),
        TIMES_BEST,
        P50.title(),
        P99.title(),
        CPU.title(),
        LOAD.title(),
        OPEN.title(),
    ];
    let mut grid = Grid::new(titles);
    for (strategy, best) in point.strategies.iter().zip(ratios_to_best(&YARDS, point)) {
        grid.push([
            name(strategy),
            median(&YARDS, strategy),
            ratio(best),
            median(&P50, strategy),
            median(&P99, strategy),
            median(&CPU, strategy),
            median(&LOAD, strategy),
            median(&OPEN, strategy),
        ]);
    }
    grid
}

/// Returns what each commit asked of the system; `None` where that was counted nowhere.
pub(super) fn costs(points: &[Point<CheckpointsRound>]) -> Option<Grid> {
    let is_counted = |point: &&Point<CheckpointsRound>| {
        let mut strategies = point.strategies.iter();
        strategies.any(|strategy| Spread::of_rounds(&SYNCS, strategy).is_some())
    };
    let counted: Vec<_> = points.iter().filter(is_counted).collect();
    let keys = keys_of(counted.first()?.offered);
    let metrics = [&SYNCS, &WRITES, &BYTES, &ZEROS, &NAMES, &BATCH];
    let first = format!("each commit, {keys}");
    let titles = metrics.map(Metric::title);
    let mut grid = Grid::new([first.as_str(), "writers"].into_iter().chain(titles));
    for point in counted {
        for strategy in &point.strategies {
            let writers = Cell::plain(offered::number(point.offered));
            let figures = metrics.map(|metric| median(metric, strategy));
            grid.push([name(strategy), writers].into_iter().chain(figures));
        }
    }
    Some(grid)
}

/// Returns what files took while stores grew; `None` where none did.
pub(super) fn grown(points: &[Point<CheckpointsRound>]) -> Option<Grid> {
    let is_grown = |point: &&Point<CheckpointsRound>| {
        matches!(
            point.offered,
            Offered::Commits {
                updates: Some(_),
                ..
            }
        )
    };
    let point = points.iter().find(is_grown)?;
    let asked = offered::said(point.offered);
    let mut grid = Grid::new([asked.as_str(), "done", "bytes at most", EXTRA.title()]);
    for strategy in &point.strategies {
        let done = Spread::of(
            strategy
                .rounds
                .iter()
                .map(|round| round.counts.commits as f64),
        );
        grid.push([
            name(strategy),
            Cell::plain(Quantity::Count.show_some(done.map(|done| done.median))),
            median(&FILE, strategy),
            median(&EXTRA, strategy),
        ]);
    }
    Some(grid)
}

/// Returns how many keys were offered, in words.
pub(super) fn keys_of(offered: Offered) -> String {
    match offered {
        Offered::Commits { keys, .. } => offered::counted(keys, "key"),
        other => offered::said(other),
    }
}

/// Returns how many processes there were, as a number.
pub(super) fn processes_of(offered: Offered) -> String {
    match offered {
        Offered::Commits { processes, .. } => Quantity::Count.show(processes as f64),
        other => offered::said(other),
    }
}
