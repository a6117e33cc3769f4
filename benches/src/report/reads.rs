//! What a `reads` report shows.

pub(crate) mod metrics;
mod tables;

use crate::report::answer::{Question, answers, listed};
use crate::report::cells::{STRATEGY, latencies, method, strategy_names};
use crate::report::charts;
use crate::report::grid::{Cell, Grid, Tone};
use crate::report::headline::{Gist, Headline};
use crate::report::model::{Clock, Point, Reads, ReadsRound};
use crate::report::offered;
use crate::report::outline::{Chapter, Chart, Figure, Note, Outline};
use crate::report::quantity::{self, Quantity};
use crate::report::reads::metrics::{
    ALLOCATIONS, CALLS, CPU, ERRORS, MAX, MEMORY, P50, P99, P999, SAVED, THROUGHPUT, WRONG,
};
use crate::report::reads::tables::{calls, glance, glance_cost, ideal_calls, prediction, rounds};
use crate::report::spread::{self, Spread};

/// The strategy that the others are held against: what there is before any of them is taken.
const DIRECT: &str = "direct";

/// How many ratios with their spread fit beside a name.
const POINTS_AT_A_GLANCE: usize = 3;

/// What a reader wants to know of a point.
pub(crate) static QUESTIONS: [Question<ReadsRound>; 3] = [
    Question {
        metric: &CALLS,
        what: "fewest backend calls",
        compared: "as many",
    },
    Question {
        metric: &P99,
        what: "lowest p99 latency",
        compared: "as long",
    },
    Question {
        metric: &THROUGHPUT,
        what: "most loads in a second",
        compared: "as many",
    },
];

/// What is told of a report in short.
static HEADLINE: Headline<ReadsRound> = Headline {
    first: [&QUESTIONS[0], &QUESTIONS[2]],
    questions: &QUESTIONS,
    is_ours: |name| name.contains("singleflight") || name.contains("batch"),
};

/// Tells the report in short, by what was offered last: the most clients, in most cases.
pub(crate) fn gist(reads: &Reads) -> Gist {
    HEADLINE.gist(&reads.points, reads.points.last())
}

/// Returns what was asked of which backend, in one line.
pub(crate) fn title(reads: &Reads) -> String {
    format!("reads from {}: {}", reads.backend, reads.workload)
}

/// Lays out the report.
pub(crate) fn outline(reads: &Reads) -> Outline {
    let clock = match reads.clock {
        Clock::Wall => "wall clock",
        Clock::Virtual => "virtual time",
    };
    let names = strategy_names(&reads.points);
    let summary = against_direct(reads, &names)
        .into_iter()
        .chain(across(reads, &names));
    Outline {
        title: title(reads),
        heading: format!("Reads from {}", reads.backend),
        lead: reads.workload.clone(),
        method: format!("{clock}, {}, [smallest..largest]", method(&reads.points)),
        summary: summary.collect(),
        points: reads.points.iter().map(chapter).collect(),
        names,
        parts: Vec::new(),
    }
}

/// Returns what callers gain or lose who would ask directly otherwise; `None` where there is nothing
/// to compare.
fn against_direct(reads: &Reads, names: &[String]) -> Option<Chapter> {
    if names.len() < 2 || names.iter().all(|name| name != DIRECT) {
        return None;
    }
    let grid = |points: &[Point<ReadsRound>]| {
        let titles = points.iter().map(|point| offered::said(point.offered));
        let mut grid = Grid::new([STRATEGY.to_owned()].into_iter().chain(titles));
        for name in names.iter().filter(|name| *name != DIRECT) {
            let cells = points.iter().map(|point| {
                let (found, direct) = (point.strategy(name), point.strategy(DIRECT));
                let ratio = found
                    .zip(direct)
                    .and_then(|(found, direct)| spread::ratio(&P50, found, direct));
                let shown = ratio.map(|ratio| ratio.show_ratio());
                Cell::plain(shown.unwrap_or_else(|| quantity::NONE.to_owned()))
            });
            grid.push([Cell::plain(name)].into_iter().chain(cells));
        }
        grid
    };
    Some(Chapter {
        title: "Median latency × direct, [smallest..largest]".to_owned(),
        glance: reads.points.chunks(POINTS_AT_A_GLANCE).map(grid).collect(),
        table: Some(grid(&reads.points)),
        ..Chapter::default()
    })
}

/// Returns what changes from point to point.
fn across(reads: &Reads, names: &[String]) -> Option<Chapter> {
    let points: Vec<&Point<ReadsRound>> = reads.points.iter().collect();
    let (unit, offered) = offered::figures(&points)?;
    let charts = [
        (&THROUGHPUT, "Throughput", "Finished loads in a second"),
        (
            &P99,
            "Slowest hundredth",
            "p99 latency on a logarithmic scale",
        ),
    ];
    let figures = charts.map(|(metric, title, lead)| {
        let lead = format!("{lead}, by {unit}.");
        charts::sweep(metric, (title, lead), &points, (&offered, names))
    });
    Some(Chapter {
        title: format!("By {unit}"),
        figures: figures.into(),
        ..Chapter::default()
    })
}

fn chapter(point: &Point<ReadsRound>) -> Chapter {
    let answers = answers(&QUESTIONS, point).into_iter().map(Note::plain);
    let latency = "How many of the loads took at most so long, all rounds together. The upper end is \
                   stretched, so that each further nine has room: further left is better.";
    Chapter {
        title: offered::said(point.offered),
        glance: vec![glance(point), glance_cost(point)],
        said: answers.chain(notes(point)).collect(),
        table: None,
        figures: vec![
            saved(point),
            charts::distributions(
                ("Latency", latency),
                point,
                |round| Some(&round.timing),
                latencies([&P50, &P99, &P999, &MAX], point),
            ),
            charts::bars(
                &THROUGHPUT,
                "Throughput",
                "Finished loads in a second.",
                point,
            ),
            charts::bars(
                &CPU,
                "Processor time",
                "The whole process, in one round.",
                point,
            ),
            charts::bars(
                &MEMORY,
                "Peak memory",
                "Above what was allocated when the round began.",
                point,
            ),
            charts::bars(
                &ALLOCATIONS,
                "Allocations",
                "On the heap, for each load.",
                point,
            ),
        ],
    }
}

/// Returns how many calls were saved, and everything about calls under it.
fn saved(point: &Point<ReadsRound>) -> Figure {
    let lead = "The share of loads that caused no call. Ideal: one call under way at a time, for \
                everything that waits, which loads of its keys join. Fewer calls than that take \
                a cache, or time.";
    let ideal = ideal_saved(point);
    Figure {
        title: "Backend calls saved".to_owned(),
        lead: lead.to_owned(),
        chart: Chart::Bars {
            quantity: Quantity::Share,
            bars: charts::bars_of(&SAVED, point),
            ideal: ideal.map(|share| (share, format!("ideal {}", Quantity::Share.show(share)))),
        },
        table: calls(point),
    }
}

/// Returns what must be said about a point's strategies besides their figures.
fn notes(point: &Point<ReadsRound>) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut bad = |text| {
        let tone = Tone::Bad;
        notes.push(Note { text, tone });
    };
    for strategy in &point.strategies {
        let name = &strategy.name;
        for (metric, what) in [(&WRONG, "wrong answers"), (&ERRORS, "errors")] {
            let worst = Spread::of_rounds(metric, strategy).map_or(0.0, |spread| spread.max);
            if worst > 0.0 {
                let worst = metric.show(Some(worst));
                bad(format!("{name}: {what} in a round: {worst}"));
            }
        }
        let strays = |round: &ReadsRound| {
            let predicted = round.counts.predicted_calls;
            predicted.is_some_and(|calls| calls != round.counts.backend_calls)
        };
        if strategy.rounds.iter().any(strays) {
            bad(format!(
                "{name}: calls differ from the independent simulator's"
            ));
        }
    }
    let predicted = point
        .strategies
        .iter()
        .filter(|found| prediction(found).is_some());
    let names: Vec<&str> = predicted.map(|found| found.name.as_str()).collect();
    if !names.is_empty() && notes.is_empty() {
        let names = listed(&names);
        let text = format!("calls equal the independent simulator's: {names}");
        let tone = Tone::Good;
        notes.push(Note { text, tone });
    }
    notes
}

/// Returns the share of calls that the ideal saves.
fn ideal_saved(point: &Point<ReadsRound>) -> Option<f64> {
    let loads = Spread::of(rounds(point).map(|round| round.counts.loads as f64))?.median;
    (loads > 0.0).then_some(1.0 - ideal_calls(point)?.median / loads)
}
