//! The tables of an `events` report.

use crate::report::cells::{STRATEGY, TIMES_BEST, median, name, ratio};
use crate::report::events::metrics::{
    ALLOCATIONS, LOST, MEMORY, P50, P99, PUBLISH_MAX, PUBLISH_P50, PUBLISH_P99, SILENT, SLOW_P99,
    THROUGHPUT, WAKES, WRITER_CPU,
};
use crate::report::grid::{Cell, Grid, Tone};
use crate::report::metric::Metric;
use crate::report::model::{EventsRound, Offered, Point, StrategyRounds};
use crate::report::offered;
use crate::report::quantity::{self, Quantity};
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

/// Returns one figure over numbers of subscribers; `cell` shows it with its ratio to the best.
pub(super) fn swept(
    metric: &Metric<EventsRound>,
    title: &str,
    points: &[&Point<EventsRound>],
    names: &[String],
    cell: fn(&Metric<EventsRound>, Option<f64>, Option<f64>) -> Cell,
) -> Grid {
    let counts = points.iter().map(|point| match point.offered {
        Offered::Subscribers { count, .. } => Quantity::Count.show(count as f64),
        other => offered::said(other),
    });
    let ratios = points.iter().map(|point| {
        let strategies = point.strategies.iter().map(|strategy| &strategy.name);
        strategies.zip(ratios_to_best(metric, point)).collect()
    });
    let ratios: Vec<Vec<(&String, Option<Spread>)>> = ratios.collect();
    let mut grid = Grid::new([title.to_owned()].into_iter().chain(counts));
    for name in names {
        let cells = points.iter().zip(&ratios).map(|(point, ratios)| {
            let Some(strategy) = point.strategy(name) else {
                return Cell::default();
            };
            let median = |spread: Spread| spread.median;
            let ratio = ratios.iter().find(|(found, _)| *found == name);
            let ratio = ratio.and_then(|(_, ratio)| ratio.map(median));
            let figure = Spread::of_rounds(metric, strategy).map(median);
            cell(metric, figure, ratio)
        });
        grid.push([Cell::plain(name)].into_iter().chain(cells));
    }
    grid
}

/// Shows a figure and how many times the best one's it is.
pub(super) fn with_ratio(
    metric: &Metric<EventsRound>,
    figure: Option<f64>,
    ratio: Option<f64>,
) -> Cell {
    let Some(ratio) = ratio else {
        return Cell::plain(metric.show(figure));
    };
    let text = format!("{} ×{}", metric.show(figure), quantity::ratio(ratio));
    Cell::toned(text, tone(Some(ratio)))
}

/// Shows a figure alone, where there is no room for more.
pub(super) fn alone(metric: &Metric<EventsRound>, figure: Option<f64>, ratio: Option<f64>) -> Cell {
    Cell::toned(metric.show(figure), tone(ratio))
}

fn tone(ratio: Option<f64>) -> Tone {
    match ratio == Some(1.0) {
        true => Tone::Good,
        false => Tone::Plain,
    }
}
