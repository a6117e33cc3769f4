//! What an `events` report shows.

pub(crate) mod metrics;
mod tables;

use crate::report::answer::{Question, answers};
use crate::report::cells::{latencies, method, strategy_names};
use crate::report::charts;
use crate::report::events::metrics::{
    ALLOCATIONS, CPU, LOST, MAX, MEMORY, P50, P99, P999, PUBLISH_MAX, PUBLISH_P50, PUBLISH_P99,
    PUBLISH_P999, SLOW_MAX, SLOW_P50, SLOW_P99, SLOW_P999, SUBSCRIBER_MEMORY, THROUGHPUT,
    WRITER_CPU, WRONG,
};
use crate::report::events::tables::{deliveries, glance_delivery, glance_publishing};
use crate::report::grid::{Grid, Tone};
use crate::report::headline::{Gist, Headline};
use crate::report::metric::Metric;
use crate::report::model::{Events, EventsRound, Offered, Point};
use crate::report::offered;
use crate::report::outline::{Chapter, Figure, Note, Outline};
use crate::report::spread::Spread;
use crate::report::swept::{alone, swept, with_ratio};

/// A figure, what it is called where its column title would not do, and what it says.
type Shown = (&'static Metric<EventsRound>, &'static str, &'static str);

/// What is shown over numbers of subscribers; a terminal shows the first ones.
static SWEPT: [Shown; 10] = [
    (
        &PUBLISH_P50,
        "Publish, p50",
        "Half of the calls that publish an event took at most so long",
    ),
    (
        &PUBLISH_P99,
        "Publish, p99",
        "All but one in a hundred of those calls took at most so long",
    ),
    (
        &WRITER_CPU,
        "Writer's processor time",
        "For each event, with its making",
    ),
    (
        &THROUGHPUT,
        "Delivered per second",
        "Events that reached subscribers who are not slow",
    ),
    (
        &P99,
        "Delivery, p99",
        "From the moment an event was due until a subscriber who is not slow had it, for all but \
         one in a hundred deliveries",
    ),
    (
        &LOST,
        "Lost",
        "The share of all deliveries that did not come about",
    ),
    (
        &MEMORY,
        "Peak memory",
        "Above what was allocated when the round began",
    ),
    (
        &P50,
        "Delivery, p50",
        "From due to delivered, for half of the deliveries to subscribers who are not slow",
    ),
    (
        &CPU,
        "Processor time",
        "The whole process, for each delivery",
    ),
    (
        &SLOW_P99,
        "Delivery to slow subscribers, p99",
        "All but one in a hundred, their pauses included",
    ),
];

/// How many of those a terminal shows.
const SWEPT_AT_A_GLANCE: usize = 7;

/// What a reader wants to know of a point.
static QUESTIONS: [Question<EventsRound>; 3] = [
    Question {
        metric: &PUBLISH_P99,
        what: "lowest p99 of publishing",
        compared: "as long",
    },
    Question {
        metric: &P99,
        what: "lowest p99 of delivery",
        compared: "as long",
    },
    Question {
        metric: &THROUGHPUT,
        what: "most deliveries in a second",
        compared: "as many",
    },
];

/// What is told of a report in short.
static HEADLINE: Headline<EventsRound> = Headline {
    first: [&QUESTIONS[0], &QUESTIONS[2]],
    questions: &QUESTIONS,
    is_ours: |name| name.starts_with("forebay"),
};

/// Tells the report in short, by the most subscribers that events were published for without a pause.
pub(crate) fn gist(events: &Events) -> Gist {
    let points = events.points.iter();
    let at = points.max_by_key(|point| match point.offered {
        Offered::Subscribers { count, per_second } => (per_second.is_none(), count),
        _ => (false, 0),
    });
    HEADLINE.gist(&events.points, at)
}

/// Returns what was published, in one line.
pub(crate) fn title(events: &Events) -> String {
    format!("events to many subscribers: {}", events.workload)
}

/// Lays out the report.
pub(crate) fn outline(events: &Events) -> Outline {
    let names = strategy_names(&events.points);
    let mut paces: Vec<Option<f64>> = Vec::new();
    for pace in events.points.iter().map(pace_of) {
        if !paces.contains(&pace) {
            paces.push(pace);
        }
    }
    let swept = paces.iter().filter_map(|pace| {
        let points = events.points.iter().filter(|point| pace_of(point) == *pace);
        sweep(&points.collect::<Vec<_>>(), *pace, &names)
    });
    let summary: Vec<Chapter> = swept.collect();
    // What a terminal shows of many points is how they differ.
    let is_swept = !summary.is_empty();
    Outline {
        title: title(events),
        heading: "Events to many subscribers".to_owned(),
        lead: events.workload.clone(),
        method: format!(
            "wall clock, {}, to the best that lost nothing",
            method(&events.points)
        ),
        points: events
            .points
            .iter()
            .map(|point| chapter(point, is_swept))
            .collect(),
        summary,
        names,
        parts: Vec::new(),
    }
}

fn pace_of(point: &Point<EventsRound>) -> Option<f64> {
    match point.offered {
        Offered::Subscribers { per_second, .. } => per_second,
        _ => None,
    }
}

/// Returns what changes with the number of subscribers; `None` where there is one number only.
fn sweep(points: &[&Point<EventsRound>], pace: Option<f64>, names: &[String]) -> Option<Chapter> {
    let (unit, offered) = offered::figures(points)?;
    // In an open loop as many are delivered as are published, whoever delivers them.
    let says_something =
        |(metric, ..): &&Shown| pace.is_none() || metric.measure.name != THROUGHPUT.measure.name;
    let figures = SWEPT.iter().filter(says_something);
    let figures = figures.map(|(metric, title, lead)| {
        let lead = format!("{lead}, by {unit}.");
        let figure = charts::sweep(metric, (title, lead), points, (&offered, names));
        Figure {
            table: swept(metric, title, (points, names), offered::number, alone),
            ..figure
        }
    });
    let glance = SWEPT.iter().take(SWEPT_AT_A_GLANCE).filter(says_something);
    Some(Chapter {
        title: format!("{}, by {unit}", offered::pace(pace)),
        glance: glance
            .map(|(metric, title, _)| {
                swept(metric, title, (points, names), offered::number, with_ratio)
            })
            .collect(),
        figures: figures.collect(),
        ..Chapter::default()
    })
}

/// Returns everything about one point. A terminal shows it where there is nothing to sweep.
fn chapter(point: &Point<EventsRound>, is_swept: bool) -> Chapter {
    let answers = answers(&QUESTIONS, point).into_iter().map(Note::plain);
    let glance: &[fn(&Point<EventsRound>) -> Grid] = match is_swept {
        true => &[],
        false => &[glance_publishing, glance_delivery],
    };
    Chapter {
        title: offered::said(point.offered),
        glance: glance.iter().map(|grid| grid(point)).collect(),
        said: answers.chain(notes(point)).collect(),
        table: None,
        figures: timings(point).into_iter().chain(costs(point)).collect(),
    }
}

/// Returns how long publishing and delivering took.
fn timings(point: &Point<EventsRound>) -> Vec<Figure> {
    let publish = "How many of the calls that publish took at most so long, all rounds together: \
                   further left is better.";
    let fast = "How many deliveries to subscribers who are not slow took at most so long, from the \
                moment at which the event was due. What was lost is not in it.";
    let slow = "The same for slow subscribers, whose pauses are in it.";
    let mut figures = vec![
        charts::distributions(
            ("Publishing", publish),
            point,
            |round| Some(&round.figures.publish),
            latencies(
                [&PUBLISH_P50, &PUBLISH_P99, &PUBLISH_P999, &PUBLISH_MAX],
                point,
            ),
        ),
        charts::distributions(
            ("Delivery", fast),
            point,
            |round| round.figures.fast.as_ref(),
            latencies([&P50, &P99, &P999, &MAX], point),
        ),
    ];
    let rounds = point
        .strategies
        .iter()
        .flat_map(|strategy| &strategy.rounds);
    if rounds.into_iter().any(|round| round.figures.slow.is_some()) {
        figures.push(charts::distributions(
            ("Delivery to slow subscribers", slow),
            point,
            |round| round.figures.slow.as_ref(),
            latencies([&SLOW_P50, &SLOW_P99, &SLOW_P999, &SLOW_MAX], point),
        ));
    }
    figures
}

/// Returns what it cost, and what was lost.
fn costs(point: &Point<EventsRound>) -> Vec<Figure> {
    let lost = "The share of all deliveries that did not come about, and of that, what the \
                subscriber was not told of.";
    let mut lost = charts::bars(&LOST, "Lost", lost, point);
    lost.table = deliveries(point);
    let bars = |(metric, title, lead)| charts::bars(metric, title, lead, point);
    let shown: [Shown; 6] = [
        (
            &WRITER_CPU,
            "Writer's processor time",
            "For each event, with its making.",
        ),
        (
            &THROUGHPUT,
            "Delivered per second",
            "To subscribers who are not slow.",
        ),
        (
            &CPU,
            "Processor time",
            "The whole process, for each delivery.",
        ),
        (
            &MEMORY,
            "Peak memory",
            "Above what was allocated when the round began.",
        ),
        (
            &SUBSCRIBER_MEMORY,
            "Memory of a subscription",
            "Before the first event, without its task.",
        ),
        (
            &ALLOCATIONS,
            "Allocations",
            "On the heap, for each event, one of which is its payload.",
        ),
    ];
    [lost].into_iter().chain(shown.map(bars)).collect()
}

/// Returns what must be said about a point's strategies besides their figures.
fn notes(point: &Point<EventsRound>) -> Vec<Note> {
    let wrong = point.strategies.iter().filter_map(|strategy| {
        let worst = Spread::of_rounds(&WRONG, strategy)?.max;
        (worst > 0.0).then(|| Note {
            text: format!(
                "{}: wrong deliveries in a round: {}",
                strategy.name,
                WRONG.show(Some(worst))
            ),
            tone: Tone::Bad,
        })
    });
    wrong.collect()
}
