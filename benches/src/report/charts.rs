//! The charts that every kind of report is made of, each with its table.

use crate::report::cdf;
use crate::report::cells;
use crate::report::grid::Grid;
use crate::report::metric::{Metric, Round};
use crate::report::model::{CdfStep, Point, StrategyRounds, Timing};
use crate::report::outline::{Bar, Chart, Figure, Series};
use crate::report::spread::Spread;

/// Returns a bar for each strategy, with everything about one figure under it.
pub(crate) fn bars<R: Round>(
    metric: &Metric<R>,
    title: &str,
    lead: &str,
    point: &Point<R>,
) -> Figure {
    Figure {
        title: title.to_owned(),
        lead: lead.to_owned(),
        chart: Chart::Bars {
            quantity: metric.measure.quantity,
            bars: bars_of(metric, point),
            ideal: None,
        },
        table: cells::figure(metric, point),
    }
}

/// Returns a bar for each strategy.
pub(crate) fn bars_of<R>(metric: &Metric<R>, point: &Point<R>) -> Vec<Bar> {
    let bar = |strategy: &StrategyRounds<R>| {
        let figures = Spread::of_rounds(metric, strategy);
        Bar {
            name: strategy.name.clone(),
            figures,
            label: metric.show(figures.map(|it| it.median)),
        }
    };
    point.strategies.iter().map(bar).collect()
}

/// Returns a line for each strategy over what the points offered.
pub(crate) fn sweep<R>(
    metric: &Metric<R>,
    (title, lead): (&str, String),
    points: &[&Point<R>],
    (offered, names): (&[f64], &[String]),
) -> Figure {
    let series = |name: &String| {
        let at = points.iter().zip(offered).filter_map(|(point, &offered)| {
            let strategy = point.strategy(name)?;
            Some((offered, Spread::of_rounds(metric, strategy)?.median))
        });
        let mut points: Vec<(f64, f64)> = at.collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Series {
            name: name.clone(),
            points,
        }
    };
    Figure {
        title: title.to_owned(),
        lead,
        chart: Chart::Sweep {
            offered: offered.to_owned(),
            quantity: metric.measure.quantity,
            series: names.iter().map(series).collect(),
        },
        table: cells::across(points, metric, names),
    }
}

/// Returns how long operations took, all rounds of a strategy together.
pub(crate) fn distributions<R>(
    (title, lead): (&str, &str),
    point: &Point<R>,
    timing: impl Fn(&R) -> Option<&Timing>,
    table: Grid,
) -> Figure {
    let strategies = point.strategies.iter();
    let steps = strategies.map(|strategy| {
        let timings = strategy.rounds.iter().filter_map(&timing);
        (&strategy.name, all_rounds(&timings.collect::<Vec<_>>()))
    });
    let steps: Vec<(&String, Vec<CdfStep>)> = steps.collect();
    let last = |steps: &[CdfStep]| steps.last().map_or(0, |last| last.count);
    let operations = steps.iter().map(|(_, steps)| last(steps)).max();
    let series = steps.iter().map(|(name, steps)| {
        let total = last(steps) as f64;
        let shares = steps
            .iter()
            .map(|step| (step.ns as f64, step.count as f64 / total));
        Series {
            name: (*name).clone(),
            points: shares.collect(),
        }
    });
    Figure {
        title: title.to_owned(),
        lead: lead.to_owned(),
        chart: Chart::Distributions {
            series: series.collect(),
            operations: operations.unwrap_or(0),
        },
        table,
    }
}

/// Returns the distribution of some rounds together.
fn all_rounds(timings: &[&Timing]) -> Vec<CdfStep> {
    let mut buckets = Vec::new();
    for timing in timings {
        let mut below = 0;
        for step in &timing.cdf {
            buckets.push((step.ns, step.count.saturating_sub(below)));
            below = step.count;
        }
    }
    buckets.sort_unstable();
    cdf::thin(buckets)
}
