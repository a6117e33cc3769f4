//! How each kind of chart is drawn.

use maud::{Markup, html};

use super::axis::Axis;
use super::chart::{self, Line};
use crate::report::outline::{Bar, Chart, Series};
use crate::report::quantity::Quantity;
use crate::report::spread::Spread;

/// The latency axis begins where this share of the operations is.
const SHARE_MIN: f64 = 0.02;

/// Draws a chart whose strategies have the colours of their places among the names.
pub(super) fn draw(title: &str, chart: &Chart, names: &[String]) -> Markup {
    match chart {
        Chart::Bars {
            quantity,
            bars,
            ideal,
        } => draw_bars(title, *quantity, bars, ideal.as_ref(), names),
        Chart::Distributions { series, operations } => {
            draw_distributions(title, series, *operations, names)
        }
        Chart::Sweep {
            offered,
            quantity,
            series,
        } => draw_sweep(title, offered, *quantity, series, names),
    }
}

fn draw_bars(
    title: &str,
    quantity: Quantity,
    bars: &[Bar],
    ideal: Option<&(f64, String)>,
    names: &[String],
) -> Markup {
    let figures = bars.iter().filter_map(|bar| bar.figures);
    let most = figures.map(|Spread { max, .. }| max).fold(0.0, f64::max);
    let x = match quantity {
        Quantity::Share => Axis::share(),
        quantity => Axis::linear(most, quantity),
    };
    let drawn: Vec<chart::Bar<'_>> = bars
        .iter()
        .map(|bar| chart::Bar {
            name: &bar.name,
            colour: colour(&bar.name, names),
            figures: bar.figures.map(|it| (it.min, it.median, it.max)),
            label: bar.label.clone(),
        })
        .collect();
    let (class, width) = match ideal {
        Some(_) => ("wide full", 1_000.0),
        None => ("wide", 480.0),
    };
    html! {
        div class=(class) { (chart::bars(title, width, &drawn, &x, ideal.cloned())) }
    }
}

fn draw_distributions(title: &str, series: &[Series], operations: u64, names: &[String]) -> Markup {
    let drawn = lines(series, names);
    let points = drawn.iter().flat_map(|line| &line.points);
    // A handful of very fast ones would take most of the chart's width; they are drawn at its edge.
    let latencies = points
        .filter(|point| point.1 >= SHARE_MIN)
        .map(|point| point.0);
    let x = Axis::log(latencies, Quantity::Nanoseconds);
    let y = Axis::nines(operations);
    html! {
        (legend(&drawn))
        div class="wide full" { (chart::steps(title, &drawn, &x, &y)) }
    }
}

fn draw_sweep(
    title: &str,
    offered: &[f64],
    quantity: Quantity,
    series: &[Series],
    names: &[String],
) -> Markup {
    let drawn = lines(series, names);
    let figures = drawn.iter().flat_map(|line| &line.points);
    let figures: Vec<f64> = figures.map(|point| point.1).collect();
    let x = Axis::log_at(offered, Quantity::PerSecond);
    let y = match quantity {
        Quantity::Nanoseconds => Axis::log(figures, quantity),
        Quantity::Share => Axis::share(),
        // Otherwise all but the largest would lie on the ground.
        quantity if are_apart(&figures) => Axis::log(figures, quantity),
        quantity => Axis::linear(figures.into_iter().fold(0.0, f64::max), quantity),
    };
    html! {
        (legend(&drawn))
        div class="wide" { (chart::lines(title, &drawn, &x, &y)) }
    }
}

/// Returns whether figures differ by more than a linear axis can show.
fn are_apart(figures: &[f64]) -> bool {
    const APART: f64 = 300.0;
    let above = figures.iter().copied().filter(|figure| *figure > 0.0);
    let (least, most) = above.fold((f64::INFINITY, 0.0), |(least, most), figure| {
        (figure.min(least), figure.max(most))
    });
    most > least * APART
}

fn lines<'a>(series: &'a [Series], names: &[String]) -> Vec<Line<'a>> {
    let line = |series: &'a Series| Line {
        name: &series.name,
        colour: colour(&series.name, names),
        points: series.points.clone(),
    };
    series.iter().map(line).collect()
}

/// Returns a strategy's colour, which is the same in every chart of the page.
fn colour(name: &str, names: &[String]) -> usize {
    names.iter().position(|known| known == name).unwrap_or(0)
}

fn legend(lines: &[Line<'_>]) -> Markup {
    html! {
        ul class="legend" {
            @for line in lines {
                li {
                    span class={ "swatch " (chart::colour_class(line.colour)) } {}
                    (line.name)
                }
            }
        }
    }
}
