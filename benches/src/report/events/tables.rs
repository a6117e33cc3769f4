//! The tables of an `events` report.

use crate::report::cells::{STRATEGY, TIMES_BEST, median, name, ratio};
use crate::report::events::metrics::{
    ALLOCATIONS, LOST, MEMORY, P50, P99, PUBLISH_MAX, PUBLISH_P50, PUBLISH_P99, SILENT, SLOW_P99,
    THROUGHPUT, WAKES, WRITER_CPU,
};
use crate::report::grid::{Cell, Grid};
use crate::report::model::{EventsRound, Point, StrategyRounds};
use crate::report::quantity::Quantity;
use crate::report::spread::{Spread, ratios_to_best};

/// Returns the first of the two terminal tables: what publishing costs.
pub(super) fn glance_publishing(point: &Point<EventsRound>) -> Grid {
    let titles = [
        "publishing",
        "p50",
        "p99",
        TIMES_BEST,
        "max",
        WRITER_CPU.title(),
        "allocs",
        "memory",
    ];
    let mut grid = Grid::new(titles);
    let ratios = ratios_to_best(&PUBLISH_P99, point);
    for (strategy, best) in point.strategies.iter().zip(ratios) {
        grid.push([
            name(strategy),
            median(&PUBLISH_P50, strategy),
            median(&PUBLISH_P99, strategy),
            ratio(best),
            median(&PUBLISH_MAX, strategy),
            median(&WRITER_CPU, strategy),
            median(&ALLOCATIONS, strategy),
            median(&MEMORY, strategy),
        ]);
    }
    grid
}

/// Returns the second of them: what reaches subscribers, and when.
pub(super) fn glance_delivery(point: &Point<EventsRound>) -> Grid {
    let titles = [
        "delivery",
        THROUGHPUT.title(),
        P50.title(),
        P99.title(),
        TIMES_BEST,
        SLOW_P99.title(),
        LOST.title(),
        SILENT.title(),
    ];
    let mut grid = Grid::new(titles);
    let ratios = ratios_to_best(&P99, point);
    for (strategy, best) in point.strategies.iter().zip(ratios) {
        grid.push([
            name(strategy),
            median(&THROUGHPUT, strategy),
            median(&P50, strategy),
            median(&P99, strategy),
            ratio(best),
            median(&SLOW_P99, strategy),
            median(&LOST, strategy),
            median(&SILENT, strategy),
        ]);
    }
    grid
}

/// Returns how many deliveries came about.
pub(super) fn deliveries(point: &Point<EventsRound>) -> Grid {
    let titles = [
        STRATEGY,
        "delivered",
        LOST.title(),
        SILENT.title(),
        WAKES.title(),
    ];
    let mut grid = Grid::new(titles);
    for strategy in &point.strategies {
        let mut row = vec![name(strategy), delivered(strategy)];
        row.extend([&LOST, &SILENT, &WAKES].map(|metric| median(metric, strategy)));
        grid.push(row);
    }
    grid
}

fn delivered(strategy: &StrategyRounds<EventsRound>) -> Cell {
    let rounds = strategy.rounds.iter();
    let delivered = Spread::of(rounds.map(|round| round.delivered() as f64));
    Cell::plain(Quantity::Count.show_some(delivered.map(|delivered| delivered.median)))
}
