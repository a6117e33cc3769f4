//! What a `catchup` report shows.

pub(crate) mod metrics;
mod tables;

use crate::report::answer::{Question, answers};
use crate::report::catchup::metrics::{
    ALLOCATIONS, BUSIEST, BYTES, CPU, EXTRA, KEPT, MEMORY, MESSAGES, PROVIDERS_CPU, SLICE, TIME,
    TIMES_IDEAL, WALL,
};
use crate::report::catchup::tables::{behind, glance_cost, glance_network};
use crate::report::cells::{method, strategy_names};
use crate::report::charts;
use crate::report::grid::Grid;
use crate::report::headline::{Gist, Headline};
use crate::report::metric::Metric;
use crate::report::model::{Catchup, CatchupRound, Clock, Offered, Point};
use crate::report::offered;
use crate::report::outline::{Chapter, Chart, Figure, Note, Outline};
use crate::report::spread::Spread;
use crate::report::swept::{alone, swept, with_ratio};

/// A figure, what it is called where its column title would not do, and what it says.
type Shown = (&'static Metric<CatchupRound>, &'static str, &'static str);

/// What is shown over numbers of changes; a terminal shows the first ones.
static SWEPT: [Shown; 10] = [
    (
        &TIME,
        "Caught up",
        "From the start until the laggard had everything that there was",
    ),
    (
        &BYTES,
        "Bytes sent",
        "What all peers together sent to the laggard",
    ),
    (
        &CPU,
        "Processor time",
        "The whole process, the laggard and its peers together",
    ),
    (
        &PROVIDERS_CPU,
        "Peers' processor time",
        "What of that was for the peers to do",
    ),
    (
        &MEMORY,
        "Peak memory",
        "Above what was allocated when the round began",
    ),
    (
        &BUSIEST,
        "Bytes of the busiest peer",
        "What the peer sent that sent most",
    ),
    (
        &EXTRA,
        "Extra bytes",
        "What was sent beyond what had to be, as a share of that",
    ),
    (&MESSAGES, "Messages", "Either way"),
    (
        &KEPT,
        "Log kept",
        "Entries of the log that the peers must have kept for the laggard",
    ),
    (
        &SLICE,
        "Longest slice of a peer",
        "The processor time of the longest thing that a peer did without looking at messages",
    ),
];

/// How many of those a terminal shows.
const SWEPT_AT_A_GLANCE: usize = 5;

/// What a reader wants to know of a point.
static QUESTIONS: [Question<CatchupRound>; 3] = [
    Question {
        metric: &TIME,
        what: "soonest caught up",
        compared: "as long",
    },
    Question {
        metric: &BYTES,
        what: "fewest bytes sent",
        compared: "as many",
    },
    Question {
        metric: &PROVIDERS_CPU,
        what: "least work for the peers",
        compared: "as much",
    },
];

/// What is told of a report in short.
static HEADLINE: Headline<CatchupRound> = Headline {
    first: [&QUESTIONS[0], &QUESTIONS[1]],
    questions: &QUESTIONS,
    is_ours: |name| name.starts_with("snapshot") || name == "resume",
};

/// Tells the report in short, by the largest state and whoever missed most changes of it.
pub(crate) fn gist(catchup: &Catchup) -> Gist {
    let points = catchup.points.iter();
    let at = points.max_by_key(|point| match point.offered {
        Offered::Behind { keys, changes } => (keys, changes),
        _ => (0, 0),
    });
    HEADLINE.gist(&catchup.points, at)
}

/// Returns what was missed and over what, in one line.
pub(crate) fn title(catchup: &Catchup) -> String {
    format!("catching up: {}; {}", catchup.workload, catchup.network)
}

/// Lays out the report.
pub(crate) fn outline(catchup: &Catchup) -> Outline {
    let names = strategy_names(&catchup.points);
    let mut sizes: Vec<u64> = Vec::new();
    for keys in catchup.points.iter().map(keys_of) {
        if !sizes.contains(&keys) {
            sizes.push(keys);
        }
    }
    let swept = sizes.iter().filter_map(|keys| {
        let points = catchup.points.iter();
        let points = points.filter(|point| keys_of(point) == *keys);
        sweep(&points.collect::<Vec<_>>(), *keys, &names)
    });
    let summary: Vec<Chapter> = swept.collect();
    // What a terminal shows of many points is how they differ.
    let is_swept = !summary.is_empty();
    let clock = match catchup.clock {
        Clock::Virtual => "virtual time in which computing takes none",
        Clock::Wall => "wall clock",
    };
    let points = catchup.points.iter();
    Outline {
        title: title(catchup),
        heading: "Catching up".to_owned(),
        lead: format!("{}; {}", catchup.workload, catchup.network),
        method: format!("{clock}, {}", method(&catchup.points)),
        points: points.map(|point| chapter(point, is_swept)).collect(),
        parts: Vec::new(),
        summary,
        names,
    }
}

fn keys_of(point: &Point<CatchupRound>) -> u64 {
    match point.offered {
        Offered::Behind { keys, .. } => keys,
        _ => 0,
    }
}

/// Returns what changes with how far the laggard was behind; `None` where that is one number only.
fn sweep(points: &[&Point<CatchupRound>], keys: u64, names: &[String]) -> Option<Chapter> {
    let (unit, offered) = offered::figures(points)?;
    let figures = SWEPT.iter().map(|(metric, title, lead)| {
        let lead = format!("{lead}, by {unit}.");
        let figure = charts::sweep(metric, (title, lead), points, (&offered, names));
        Figure {
            table: swept(metric, title, (points, names), behind, alone),
            ..figure
        }
    });
    let glance = SWEPT.iter().take(SWEPT_AT_A_GLANCE);
    let glance =
        glance.map(|(metric, title, _)| swept(metric, title, (points, names), behind, with_ratio));
    Some(Chapter {
        title: format!("{}, by {unit}", offered::counted(keys, "key")),
        glance: glance.collect(),
        said: crossing(points, names)
            .into_iter()
            .map(Note::plain)
            .collect(),
        figures: figures.collect(),
        ..Chapter::default()
    })
}

/// Says up to how many changes it is sooner to replay them, of those that were measured.
fn crossing(points: &[&Point<CatchupRound>], names: &[String]) -> Option<String> {
    const REPLAY: &str = "replay";
    let time = |point: &Point<CatchupRound>, name: &str| {
        Some(Spread::of_rounds(&TIME, point.strategy(name)?)?.median)
    };
    let wins = |point: &&&Point<CatchupRound>| {
        let replay = time(point, REPLAY);
        let others = names.iter().filter(|name| *name != REPLAY);
        let mut others = others.filter_map(|name| time(point, name)).peekable();
        others.peek().is_some() && others.all(|other| replay.is_some_and(|replay| replay < other))
    };
    points.iter().find(|point| time(point, REPLAY).is_some())?;
    let won = points
        .iter()
        .filter(wins)
        .map(|point| behind(point.offered));
    Some(match won.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "replaying is soonest nowhere".to_owned(),
        won => format!("replaying is soonest at {won} changes behind"),
    })
}

/// Returns everything about one point. A terminal shows it where there is nothing to sweep.
fn chapter(point: &Point<CatchupRound>, is_swept: bool) -> Chapter {
    let glance: &[fn(&Point<CatchupRound>) -> Grid] = match is_swept {
        true => &[],
        false => &[glance_network, glance_cost],
    };
    Chapter {
        title: offered::said(point.offered),
        glance: glance.iter().map(|grid| grid(point)).collect(),
        said: answers(&QUESTIONS, point)
            .into_iter()
            .map(Note::plain)
            .collect(),
        table: None,
        figures: figures(point),
    }
}

fn figures(point: &Point<CatchupRound>) -> Vec<Figure> {
    let lead = "From the start until the laggard had everything that there was.";
    let mut time = charts::bars(&TIME, "Caught up", lead, point);
    time.table = glance_network(point);
    if let Chart::Bars { ideal, .. } = &mut time.chart {
        *ideal = least(point);
    }
    let shown: [Shown; 8] = [
        (&BYTES, "Bytes sent", "By all peers together."),
        (
            &BUSIEST,
            "Bytes of the busiest peer",
            "What one peer has to give at most.",
        ),
        (
            &TIMES_IDEAL,
            "Times the ideal",
            "What this strategy needs, over all the lines that it uses at once, takes the ideal time.",
        ),
        (
            &CPU,
            "Processor time",
            "The whole process, the laggard and its peers together.",
        ),
        (
            &PROVIDERS_CPU,
            "Peers' processor time",
            "What of that was for the peers to do.",
        ),
        (
            &MEMORY,
            "Peak memory",
            "Above what was allocated when the round began.",
        ),
        (&ALLOCATIONS, "Allocations", "On the heap."),
        (&WALL, "Wall clock", "What the machine took for it."),
    ];
    let bars = |(metric, title, lead)| charts::bars(metric, title, lead, point);
    [time].into_iter().chain(shown.map(bars)).collect()
}

/// Returns the least time that any of the strategies could take, where that is known.
fn least(point: &Point<CatchupRound>) -> Option<(f64, String)> {
    let rounds = point
        .strategies
        .iter()
        .flat_map(|strategy| &strategy.rounds);
    let ideals = rounds.filter_map(|round| round.counts.ideal_ns);
    let least = ideals.min().filter(|least| *least > 0)? as f64;
    let shown = TIME.show(Some(least));
    Some((least, format!("ideal {shown}")))
}
