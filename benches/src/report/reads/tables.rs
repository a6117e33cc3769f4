//! The tables of a `reads` report.

use crate::report::cells::{STRATEGY, TIMES_BEST, median, name, ratio, short_ratio, spread};
use crate::report::grid::{Cell, Grid};
use crate::report::model::{Point, ReadsRound, StrategyRounds};
use crate::report::quantity::Quantity;
use crate::report::reads::metrics::{
    ALLOCATIONS, CALLS, CPU, KEYS, LOADS_PER_CALL, MAX, MEMORY, OVERLAPPING, P50, P99, P999, SAVED,
    THROUGHPUT,
};
use crate::report::spread::{Spread, ratios_to_best};

/// The name of the yardstick row.
const IDEAL: &str = "ideal";

/// Returns the first of the two terminal tables: what the backend saw, and what callers waited.
pub(super) fn glance(point: &Point<ReadsRound>) -> Grid {
    let titles = [
        STRATEGY,
        CALLS.title(),
        KEYS.title(),
        TIMES_BEST,
        P50.title(),
        P99.title(),
        TIMES_BEST,
        P999.title(),
        MAX.title(),
    ];
    let (calls, waits) = (ratios_to_best(&CALLS, point), ratios_to_best(&P99, point));
    let mut grid = Grid::new(titles);
    for (index, strategy) in point.strategies.iter().enumerate() {
        grid.push([
            name(strategy),
            median(&CALLS, strategy),
            median(&KEYS, strategy),
            short_ratio(calls[index]),
            median(&P50, strategy),
            median(&P99, strategy),
            ratio(waits[index]),
            median(&P999, strategy),
            median(&MAX, strategy),
        ]);
    }
    push_ideal(&mut grid, point);
    grid
}

/// Returns the second of the two terminal tables: what a strategy makes of the machine.
pub(super) fn glance_cost(point: &Point<ReadsRound>) -> Grid {
    let titles = [
        STRATEGY,
        "per call",
        THROUGHPUT.title(),
        TIMES_BEST,
        CPU.title(),
        "allocs",
        "memory",
        OVERLAPPING.title(),
    ];
    let rates = ratios_to_best(&THROUGHPUT, point);
    let mut grid = Grid::new(titles);
    for (index, strategy) in point.strategies.iter().enumerate() {
        grid.push([
            name(strategy),
            median(&LOADS_PER_CALL, strategy),
            median(&THROUGHPUT, strategy),
            ratio(rates[index]),
            median(&CPU, strategy),
            median(&ALLOCATIONS, strategy),
            median(&MEMORY, strategy),
            median(&OVERLAPPING, strategy),
        ]);
    }
    grid
}

/// Returns everything about backend calls.
pub(super) fn calls(point: &Point<ReadsRound>) -> Grid {
    let mut titles = vec![
        STRATEGY,
        "loads",
        "calls min",
        CALLS.title(),
        "calls max",
        TIMES_BEST,
    ];
    titles.extend([&KEYS, &LOADS_PER_CALL, &SAVED, &OVERLAPPING].map(|metric| metric.title()));
    let predicted = point
        .strategies
        .iter()
        .any(|strategy| prediction(strategy).is_some());
    titles.extend(predicted.then_some("predicted"));
    let ratios = ratios_to_best(&CALLS, point);
    let mut grid = Grid::new(titles);
    for (strategy, ratio) in point.strategies.iter().zip(ratios) {
        let mut row = vec![name(strategy), loads(strategy)];
        row.extend(spread(&CALLS, strategy));
        row.push(short_ratio(ratio));
        row.extend([&KEYS, &LOADS_PER_CALL, &SAVED, &OVERLAPPING].map(|it| median(it, strategy)));
        if predicted {
            row.push(Cell::plain(Quantity::Count.show_some(prediction(strategy))));
        }
        grid.push(row);
    }
    push_ideal(&mut grid, point);
    grid
}

/// Returns the calls that the ideal needs, over all rounds of all strategies.
pub(super) fn ideal_calls(point: &Point<ReadsRound>) -> Option<Spread> {
    Spread::of(rounds(point).map(|round| round.counts.ideal_calls as f64))
}

pub(super) fn rounds(point: &Point<ReadsRound>) -> impl Iterator<Item = &ReadsRound> {
    let strategies = point.strategies.iter();
    strategies.flat_map(|strategy| &strategy.rounds)
}

fn loads(strategy: &StrategyRounds<ReadsRound>) -> Cell {
    let loads = strategy.rounds.iter();
    let loads = Spread::of(loads.map(|round| round.counts.loads as f64));
    Cell::plain(Quantity::Count.show_some(loads.map(|loads| loads.median)))
}

fn push_ideal(grid: &mut Grid, point: &Point<ReadsRound>) {
    if let Some(ideal) = ideal_calls(point) {
        grid.push_yardstick(IDEAL, CALLS.title(), CALLS.show(Some(ideal.median)));
    }
}

pub(super) fn prediction(strategy: &StrategyRounds<ReadsRound>) -> Option<f64> {
    let rounds = strategy.rounds.iter();
    let predicted = rounds.filter_map(|round| round.counts.predicted_calls);
    Spread::of(predicted.map(|calls| calls as f64)).map(|spread| spread.median)
}
