//! Tables that show how one figure changes with what is offered.

use crate::report::grid::{Cell, Grid, Tone};
use crate::report::metric::{Metric, Round};
use crate::report::model::{Offered, Point};
use crate::report::quantity;
use crate::report::spread::{Spread, ratios_to_best};

/// How a cell shows a metric's figure, and how many times the best one's it is.
pub(crate) type Show<R> = fn(&Metric<R>, Option<f64>, Option<f64>) -> Cell;

/// Returns one figure of each strategy over points; `column` says what each offered.
pub(crate) fn swept<R: Round>(
    metric: &Metric<R>,
    title: &str,
    (points, names): (&[&Point<R>], &[String]),
    column: fn(Offered) -> String,
    cell: Show<R>,
) -> Grid {
    let columns = points.iter().map(|point| column(point.offered));
    let ratios = points.iter().map(|point| {
        let strategies = point.strategies.iter().map(|strategy| &strategy.name);
        strategies.zip(ratios_to_best(metric, point)).collect()
    });
    let ratios: Vec<Vec<(&String, Option<Spread>)>> = ratios.collect();
    let mut grid = Grid::new([title.to_owned()].into_iter().chain(columns));
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
pub(crate) fn with_ratio<R>(metric: &Metric<R>, figure: Option<f64>, ratio: Option<f64>) -> Cell {
    let Some(ratio) = ratio else {
        return Cell::plain(metric.show(figure));
    };
    let text = format!("{} ×{}", metric.show(figure), quantity::ratio(ratio));
    Cell::toned(text, tone(Some(ratio)))
}

/// Shows a figure alone, where there is no room for more.
pub(crate) fn alone<R>(metric: &Metric<R>, figure: Option<f64>, ratio: Option<f64>) -> Cell {
    Cell::toned(metric.show(figure), tone(ratio))
}

fn tone(ratio: Option<f64>) -> Tone {
    match ratio == Some(1.0) {
        true => Tone::Good,
        false => Tone::Plain,
    }
}
