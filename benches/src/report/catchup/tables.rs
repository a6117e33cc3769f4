//! The tables of a `catchup` report.

use crate::report::catchup::metrics::{
    BUSIEST, BYTES, CPU, DECODED, EXTRA, KEPT, MEMORY, MESSAGES, PROVIDERS_CPU, SLICE, TIME,
    TIMES_IDEAL,
};
use crate::report::cells::{STRATEGY, TIMES_BEST, median, name, ratio};
use crate::report::grid::Grid;
use crate::report::metric::Metric;
use crate::report::model::{CatchupRound, Offered, Point};
use crate::report::quantity::Quantity;
use crate::report::spread::ratios_to_best;

/// Returns how long it took and what went over the network.
pub(super) fn glance_network(point: &Point<CatchupRound>) -> Grid {
    let rest = [&TIMES_IDEAL, &BYTES, &BUSIEST, &EXTRA, &MESSAGES];
    let titles = [STRATEGY, TIME.title(), TIMES_BEST];
    let mut grid = Grid::new(titles.into_iter().chain(rest.map(Metric::title)));
    for (strategy, best) in point.strategies.iter().zip(ratios_to_best(&TIME, point)) {
        let row = [name(strategy), median(&TIME, strategy), ratio(best)];
        let figures = rest.map(|metric| median(metric, strategy));
        grid.push(row.into_iter().chain(figures));
    }
    grid
}

/// Returns what it cost who took part.
pub(super) fn glance_cost(point: &Point<CatchupRound>) -> Grid {
    let metrics = [&DECODED, &KEPT, &CPU, &PROVIDERS_CPU, &SLICE, &MEMORY];
    let titles = metrics.map(Metric::title);
    let mut grid = Grid::new(["cost"].into_iter().chain(titles));
    for strategy in &point.strategies {
        let figures = metrics.map(|metric| median(metric, strategy));
        grid.push([name(strategy)].into_iter().chain(figures));
    }
    grid
}

/// Returns how far behind the laggard was, as a number.
pub(super) fn behind(offered: Offered) -> String {
    match offered {
        Offered::Behind { changes, .. } => Quantity::Count.show(changes as f64),
        other => crate::report::offered::said(other),
    }
}
