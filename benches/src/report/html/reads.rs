//! The charts of a `reads` report, each with its table.

use maud::{Markup, html};

use super::axis::Axis;
use super::chart::{self, Bar, Line};
use super::{figure, table};
use crate::report::answer::answers;
use crate::report::cdf;
use crate::report::metric::{ALLOCATIONS, CPU, MEMORY, Metric, P99, SAVED, THROUGHPUT};
use crate::report::model::{CdfStep, Offered, Point, Reads, StrategyRounds};
use crate::report::quantity::Quantity;
use crate::report::reads;
use crate::report::spread::Spread;

/// The latency axis begins where this share of the loads is.
const SHARE_MIN: f64 = 0.02;

/// Returns everything below the page's head.
pub(super) fn sections(body: &Reads) -> Markup {
    let names = reads::strategy_names(body);
    html! {
        @if body.points.len() > 1 { (contents(body)) }
        (against_direct(body, &names))
        @if body.points.len() > 1 { (across(body, &names)) }
        @for (index, point) in body.points.iter().enumerate() {
            section {
                h2 id={ "point-" (index) } { (reads::offered(point.offered)) }
                @let answers = answers(point);
                @if !answers.is_empty() {
                    ul class="answers" { @for answer in answers { li { (answer) } } }
                }
                @for note in reads::notes(point) {
                    p class=(super::tone_class(note.tone)) { (note.text) }
                }
                (calls(point, &names))
                (latency(point, &names))
                div class="pair" {
                    (bars(&THROUGHPUT, "Throughput", "Finished loads in a second.", point, &names))
                    (bars(&CPU, "Processor time", "The whole process, in one round.", point, &names))
                    (bars(&MEMORY, "Peak memory",
                        "Above what was allocated when the round began.", point, &names))
                    (bars(&ALLOCATIONS, "Allocations", "On the heap, for each load.", point, &names))
                }
            }
        }
    }
}

fn contents(body: &Reads) -> Markup {
    html! {
        nav {
            @for (index, point) in body.points.iter().enumerate() {
                a href={ "#point-" (index) } { (reads::offered(point.offered)) }
            }
        }
    }
}

/// Returns what callers gain or lose who would ask directly otherwise.
fn against_direct(body: &Reads, names: &[&str]) -> Markup {
    html! {
        @for grid in reads::against_direct(body, usize::MAX) {
            section {
                h2 { "Against direct" }
                p class="soft" { (reads::AGAINST_DIRECT) }
                (table(&grid, names))
            }
        }
    }
}

/// Returns what changes from point to point.
fn across(body: &Reads, names: &[&str]) -> Markup {
    let Some((unit, loads)) = offered_figures(body) else {
        return html! {};
    };
    let x = Axis::log_at(&loads, Quantity::PerSecond);
    let charts = [
        (&THROUGHPUT, "Throughput", "Finished loads in a second"),
        (
            &P99,
            "Slowest hundredth",
            "p99 latency on a logarithmic scale",
        ),
    ];
    html! {
        section {
            h2 { "By " (unit) }
            div class="pair" {
                @for (metric, title, lead) in charts {
                    @let drawn = lines(metric, body, &loads, names);
                    @let figures = drawn.iter().flat_map(|line| &line.points).map(|point| point.1);
                    @let y = match metric.quantity {
                        Quantity::Nanoseconds => Axis::log(figures, metric.quantity),
                        quantity => Axis::linear(figures.fold(0.0, f64::max), quantity),
                    };
                    @let lead = format!("{lead}, by {unit}.");
                    @let chart = html! {
                        (legend(names.iter().copied(), names))
                        div class="wide" { (chart::lines(title, &drawn, &x, &y)) }
                    };
                    @let grid = reads::across(body, metric);
                    (figure(title, &lead, &chart, &table(&grid, names)))
                }
            }
        }
    }
}

/// Returns the offered loads as figures of one unit; `None` where they do not have one, or where
/// there is nothing to draw a line between.
fn offered_figures(body: &Reads) -> Option<(&'static str, Vec<f64>)> {
    let figures = body.points.iter().map(|point| match point.offered {
        Offered::Clients(clients) => ("number of clients", clients as f64),
        Offered::PerSecond(rate) => ("offered loads in a second", rate),
        Offered::Speed(speed) => ("speed of the trace", speed),
    });
    let (units, figures): (Vec<_>, Vec<_>) = figures.unzip();
    let unit = *units.first()?;
    (figures.len() > 1 && units.iter().all(|it| *it == unit)).then_some((unit, figures))
}

fn lines<'a>(metric: &Metric, body: &Reads, loads: &[f64], names: &[&'a str]) -> Vec<Line<'a>> {
    let series = |(colour, &name): (usize, &&'a str)| {
        let mut points: Vec<(f64, f64)> = body
            .points
            .iter()
            .zip(loads)
            .filter_map(|(point, &load)| {
                let strategy = point
                    .strategies
                    .iter()
                    .find(|strategy| strategy.name == name)?;
                Some((load, Spread::of_rounds(metric, strategy)?.median))
            })
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Line {
            name,
            colour,
            points,
        }
    };
    names.iter().enumerate().map(series).collect()
}

fn calls(point: &Point, names: &[&str]) -> Markup {
    let bars = bars_of(&SAVED, point, names);
    let ideal = ideal_saved(point);
    let marker = ideal.map(|share| (share, format!("ideal {}", Quantity::Share.show(share))));
    let chart = html! {
        div class="wide full" {
            (chart::bars("Backend calls saved", 1_000.0, &bars, &Axis::share(), marker))
        }
    };
    let lead = "The share of loads that caused no call. Ideal: one call under way at a time, for \
                everything that waits, which loads of its keys join. Fewer calls than that take \
                a cache, or time.";
    figure(
        "Backend calls saved",
        lead,
        &chart,
        &table(&reads::calls(point), names),
    )
}

/// Returns the share of calls that the ideal saves.
fn ideal_saved(point: &Point) -> Option<f64> {
    let rounds = || {
        point
            .strategies
            .iter()
            .flat_map(|strategy| &strategy.rounds)
    };
    let loads = Spread::of(rounds().map(|round| round.counts.loads as f64))?.median;
    (loads > 0.0).then_some(1.0 - reads::ideal_calls(point)?.median / loads)
}

fn latency(point: &Point, names: &[&str]) -> Markup {
    let distributions: Vec<Vec<CdfStep>> = point.strategies.iter().map(all_rounds).collect();
    let total = distributions
        .iter()
        .filter_map(|steps| steps.last())
        .map(|last| last.loads)
        .max();
    let series = point
        .strategies
        .iter()
        .zip(&distributions)
        .map(|(strategy, steps)| Line {
            name: &strategy.name,
            colour: colour(&strategy.name, names),
            points: shares(steps),
        });
    let drawn: Vec<Line<'_>> = series.collect();
    let latencies = drawn.iter().flat_map(|line| &line.points);
    // A handful of very fast loads would take most of the chart's width; they are drawn at its edge.
    let latencies = latencies
        .filter(|point| point.1 >= SHARE_MIN)
        .map(|point| point.0);
    let x = Axis::log(latencies, Quantity::Nanoseconds);
    let y = Axis::nines(total.unwrap_or(0));
    let chart = html! {
        (legend(drawn.iter().map(|line| line.name), names))
        div class="wide full" { (chart::steps("Latency", &drawn, &x, &y)) }
    };
    let lead = "How many of the loads took at most so long, all rounds together. The upper end is \
                stretched, so that each further nine has room: further left is better.";
    figure(
        "Latency",
        lead,
        &chart,
        &table(&reads::latency(point), names),
    )
}

/// Returns the distribution of all rounds of a strategy together.
fn all_rounds(strategy: &StrategyRounds) -> Vec<CdfStep> {
    let mut buckets = Vec::new();
    for round in &strategy.rounds {
        let mut below = 0;
        for step in &round.timing.cdf {
            buckets.push((step.ns, step.loads.saturating_sub(below)));
            below = step.loads;
        }
    }
    buckets.sort_unstable();
    cdf::thin(buckets)
}

fn shares(steps: &[CdfStep]) -> Vec<(f64, f64)> {
    let total = steps.last().map_or(0, |last| last.loads) as f64;
    steps
        .iter()
        .map(|step| (step.ns as f64, step.loads as f64 / total))
        .collect()
}

fn bars(metric: &Metric, title: &str, lead: &str, point: &Point, names: &[&str]) -> Markup {
    let bars = bars_of(metric, point, names);
    let most = bars
        .iter()
        .filter_map(|bar| bar.figures)
        .map(|figures| figures.2);
    let x = Axis::linear(most.fold(0.0, f64::max), metric.quantity);
    let chart = html! { div class="wide" { (chart::bars(title, 480.0, &bars, &x, None)) } };
    figure(
        title,
        lead,
        &chart,
        &table(&reads::figure(metric, point), names),
    )
}

fn bars_of<'a>(metric: &Metric, point: &'a Point, names: &[&str]) -> Vec<Bar<'a>> {
    let bar = |strategy: &'a StrategyRounds| {
        let spread = Spread::of_rounds(metric, strategy);
        Bar {
            name: &strategy.name,
            colour: colour(&strategy.name, names),
            figures: spread.map(|it| (it.min, it.median, it.max)),
            label: metric.show(spread.map(|it| it.median)),
        }
    };
    point.strategies.iter().map(bar).collect()
}

/// Returns a strategy's colour, which is the same in every chart of the page.
fn colour(name: &str, names: &[&str]) -> usize {
    names.iter().position(|known| *known == name).unwrap_or(0)
}

fn legend(shown: impl Iterator<Item: AsRef<str>>, names: &[&str]) -> Markup {
    html! {
        ul class="legend" {
            @for name in shown {
                @let name = name.as_ref();
                li {
                    span class={ "swatch " (chart::colour_class(colour(name, names))) } {}
                    (name)
                }
            }
        }
    }
}
