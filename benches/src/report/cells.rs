//! The cells and tables that every kind of report is made of.

use crate::report::grid::{Cell, Grid, Tone};
use crate::report::metric::{Metric, Round};
use crate::report::model::{Point, StrategyRounds};
use crate::report::offered;
use crate::report::quantity;
use crate::report::spread::{Spread, ratios_to_best};

/// The title of the first column.
pub(crate) const STRATEGY: &str = "strategy";

/// The title of a column of ratios.
pub(crate) const TIMES_BEST: &str = "× best";

/// Returns how the rounds of some points came about, as the end of a sentence.
pub(crate) fn method<R>(points: &[Point<R>]) -> String {
    let strategies = points.iter().flat_map(|point| &point.strategies);
    let rounds = strategies.map(|strategy| strategy.rounds.len()).max();
    let rounds = match rounds.unwrap_or(0) {
        1 => "1 round".to_owned(),
        rounds => format!("{rounds} rounds"),
    };
    format!("{rounds}, medians; ratios are within a round")
}

/// Returns every strategy of some points once, in the order of its first appearance.
pub(crate) fn strategy_names<R>(points: &[Point<R>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for strategy in points.iter().flat_map(|point| &point.strategies) {
        if !names.contains(&strategy.name) {
            names.push(strategy.name.clone());
        }
    }
    names
}

/// Returns everything about one figure: the smallest, middle and largest round, and the ratio.
pub(crate) fn figure<R: Round>(metric: &Metric<R>, point: &Point<R>) -> Grid {
    let mut grid = Grid::new([STRATEGY, "min", metric.title(), "max", TIMES_BEST]);
    for (strategy, best) in point.strategies.iter().zip(ratios_to_best(metric, point)) {
        let mut row = vec![name(strategy)];
        row.extend(spread(metric, strategy));
        row.push(ratio(best));
        grid.push(row);
    }
    grid
}

/// Returns everything about latencies, of which these are the median, the 99th percentile, the
/// 99.9th and the slowest.
pub(crate) fn latencies<R: Round>(metrics: [&Metric<R>; 4], point: &Point<R>) -> Grid {
    let [p50, p99, p999, max] = metrics;
    let titles = [
        STRATEGY, "p50", "p99 min", "p99", "p99 max", TIMES_BEST, "p99.9", "max",
    ];
    let mut grid = Grid::new(titles);
    for (strategy, best) in point.strategies.iter().zip(ratios_to_best(p99, point)) {
        let mut row = vec![name(strategy), median(p50, strategy)];
        row.extend(spread(p99, strategy));
        row.push(ratio(best));
        row.extend([p999, max].map(|metric| median(metric, strategy)));
        grid.push(row);
    }
    grid
}

/// Returns one figure of each strategy at each point.
pub(crate) fn across<R>(points: &[&Point<R>], metric: &Metric<R>, names: &[String]) -> Grid {
    let titles = points.iter().map(|point| offered::said(point.offered));
    let mut grid = Grid::new([STRATEGY.to_owned()].into_iter().chain(titles));
    for name in names {
        let figures = points.iter().map(|point| {
            let found = point.strategy(name);
            found.map_or_else(Cell::default, |found| median(metric, found))
        });
        grid.push([Cell::plain(name)].into_iter().chain(figures));
    }
    grid
}

pub(crate) fn name<R>(strategy: &StrategyRounds<R>) -> Cell {
    Cell::plain(&strategy.name)
}

/// Returns the middle round's figure.
pub(crate) fn median<R>(metric: &Metric<R>, strategy: &StrategyRounds<R>) -> Cell {
    Cell::plain(metric.show(Spread::of_rounds(metric, strategy).map(|spread| spread.median)))
}

/// Returns the figures of the smallest, middle and largest round.
pub(crate) fn spread<R>(metric: &Metric<R>, strategy: &StrategyRounds<R>) -> [Cell; 3] {
    let spread = Spread::of_rounds(metric, strategy);
    [
        spread.map(|it| it.min),
        spread.map(|it| it.median),
        spread.map(|it| it.max),
    ]
    .map(|figure| Cell::plain(metric.show(figure)))
}

/// Returns a ratio to the best with its interval.
pub(crate) fn ratio(ratio: Option<Spread>) -> Cell {
    toned_ratio(ratio, Spread::show_ratio)
}

/// Returns a ratio to the best without its interval.
pub(crate) fn short_ratio(ratio: Option<Spread>) -> Cell {
    toned_ratio(ratio, |ratio| quantity::ratio(ratio.median))
}

fn toned_ratio(ratio: Option<Spread>, show: impl Fn(&Spread) -> String) -> Cell {
    let Some(ratio) = ratio else {
        return Cell::plain(quantity::NONE);
    };
    let best = ratio.min == 1.0 && ratio.max == 1.0;
    Cell::toned(show(&ratio), if best { Tone::Good } else { Tone::Plain })
}
