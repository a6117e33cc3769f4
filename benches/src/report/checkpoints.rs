//! What a `checkpoints` report shows.

mod goals;
pub(crate) mod metrics;
mod tables;

use crate::report::answer::{Question, answers};
use crate::report::cells::{latencies, method, strategy_names};
use crate::report::charts;
use crate::report::checkpoints::metrics::{
    CPU, EXTRA, FAIRNESS, FILE, FRESH, LOAD, MAX, OPEN, P50, P99, P999, SPREAD, THROUGHPUT, YARDS,
    YARDSTICK,
};
use crate::report::checkpoints::tables::{costs, glance, grown, keys_of, processes_of};
use crate::report::headline::{Gist, Headline};
use crate::report::metric::Metric;
use crate::report::model::{Checkpoints, CheckpointsRound, Offered, Point};
use crate::report::offered;
use crate::report::outline::{Chapter, Figure, Note, Outline};
use crate::report::swept::{alone, swept, with_ratio};

/// A figure, what it is called, and what it says.
type Shown = (
    &'static Metric<CheckpointsRound>,
    &'static str,
    &'static str,
);

/// Points of one kind.
type Points<'a> = Vec<&'a Point<CheckpointsRound>>;

/// What is shown over numbers of writers; a terminal shows the first ones.
static BY_WRITERS: [Shown; 5] = [
    (
        &YARDS,
        "Commits in Y",
        "Commits that were acknowledged, for each record that one thread overwrites and syncs in \
         the same time",
    ),
    (
        &P50,
        "Commit, p50",
        "From asking to acknowledged, for half of the commits",
    ),
    (&P99, "Commit, p99", "The same for all but one in a hundred"),
    (
        &THROUGHPUT,
        "Commits per second",
        "What that comes to on this disk",
    ),
    (
        &CPU,
        "Processor time",
        "Of all processes that write, for each commit",
    ),
];

const BY_WRITERS_AT_A_GLANCE: usize = 3;

/// What is shown over numbers of keys.
static BY_KEYS: [Shown; 3] = [
    (
        &LOAD,
        "Load",
        "What the store knows, of keys here and there",
    ),
    (&FRESH, "Fresh load", "What anybody may have stored"),
    (
        &OPEN,
        "Open",
        "By a process that has just begun, the file being in memory",
    ),
];

/// What is shown over numbers of processes.
static BY_PROCESSES: [Shown; 4] = [
    (&YARDS, "Commits in Y", "Of all processes together"),
    (
        &FAIRNESS,
        "Least by most",
        "What the process did that did least, of what the other end did",
    ),
    (
        &SPREAD,
        "p99 by p50",
        "Of a commit, in the process where that is most",
    ),
    (
        &P99,
        "Commit, p99",
        "From asking to acknowledged, for all but one in a hundred",
    ),
];

/// What rates are given in.
const Y_IS: &str = "Y: records of 72 bytes that one thread overwrites and syncs, right before and \
     after each run";

/// What a reader wants to know of a point.
static QUESTIONS: [Question<CheckpointsRound>; 2] = [
    Question {
        metric: &YARDS,
        what: "most durable commits",
        compared: "as many",
    },
    Question {
        metric: &P99,
        what: "lowest p99 of a durable commit",
        compared: "as long",
    },
];

/// What is told of a report in short.
static HEADLINE: Headline<CheckpointsRound> = Headline {
    first: [&QUESTIONS[0], &QUESTIONS[1]],
    questions: &QUESTIONS,
    is_ours: |name| name.starts_with("forebay"),
};

/// Tells the report in short, by the most writers in one process.
pub(crate) fn gist(checkpoints: &Checkpoints) -> Gist {
    let points = checkpoints.points.iter();
    let at = points.max_by_key(|point| match point.offered {
        Offered::Commits {
            writers,
            processes: 1,
            updates: None,
            ..
        } => writers,
        _ => 0,
    });
    HEADLINE.gist(&checkpoints.points, at)
}

/// Returns what was committed, in one line.
pub(crate) fn title(checkpoints: &Checkpoints) -> String {
    format!("durable positions: {}", checkpoints.workload)
}

/// Lays out the report.
pub(crate) fn outline(checkpoints: &Checkpoints) -> Outline {
    let points = &checkpoints.points;
    let names = strategy_names(points);
    let mut summary = Vec::new();
    for keys in each(points.iter().filter_map(keys_alone)) {
        let at = points
            .iter()
            .filter(|point| keys_alone(point) == Some(keys));
        summary.extend(by_writers(&at.collect::<Points<'_>>(), &names));
    }
    summary.extend(by_keys(points, &names));
    for writers in each(points.iter().filter_map(writers_of_several)) {
        summary.extend(by_processes(points, writers, &names));
    }
    let is_swept = !summary.is_empty();
    if let Some(first) = summary.first_mut() {
        first.said.push(Note::plain(Y_IS.to_owned()));
    }
    let tables = [
        ("What commits ask of the system", costs(points)),
        ("How large a store becomes", grown(points)),
        ("Goals", goals::table(points)),
    ];
    for (title, table) in tables {
        summary.extend(table.map(|table| Chapter {
            title: title.to_owned(),
            glance: vec![table.clone()],
            table: Some(table),
            ..Chapter::default()
        }));
    }
    Outline {
        title: title(checkpoints),
        heading: "Durable positions".to_owned(),
        lead: checkpoints.workload.clone(),
        method: format!("wall clock, {}, to the best durable one", method(points)),
        points: points
            .iter()
            .map(|point| chapter(point, is_swept))
            .collect(),
        summary,
        names,
        parts: Vec::new(),
    }
}

/// Returns every number once, in the order of its first appearance.
fn each(numbers: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut each = Vec::new();
    for number in numbers {
        if !each.contains(&number) {
            each.push(number);
        }
    }
    each
}

/// Returns how many keys there are where one process has as much time as it needs.
fn keys_alone(point: &Point<CheckpointsRound>) -> Option<u64> {
    match point.offered {
        Offered::Commits {
            keys,
            processes: 1,
            updates: None,
            ..
        } => Some(keys),
        _ => None,
    }
}

/// Returns how many writers each of several processes has.
fn writers_of_several(point: &Point<CheckpointsRound>) -> Option<u64> {
    match point.offered {
        Offered::Commits {
            writers, processes, ..
        } if processes > 1 => Some(writers),
        _ => None,
    }
}

/// Returns what changes with the number of writers; `None` where there is one number only.
fn by_writers(points: &[&Point<CheckpointsRound>], names: &[String]) -> Option<Chapter> {
    let (unit, offered) = offered::figures(points)?;
    let figures = BY_WRITERS.iter().map(|(metric, title, lead)| {
        let lead = format!("{lead}, by {unit}.");
        let figure = charts::sweep(metric, (title, lead), points, (&offered, names));
        Figure {
            table: swept(metric, title, (points, names), offered::number, alone),
            ..figure
        }
    });
    let glance = BY_WRITERS.iter().take(BY_WRITERS_AT_A_GLANCE);
    let glance = glance.map(|(metric, title, _)| {
        swept(metric, title, (points, names), offered::number, with_ratio)
    });
    Some(Chapter {
        title: format!("{}, by {unit}", keys_of(points.first()?.offered)),
        glance: glance.collect(),
        figures: figures.collect(),
        ..Chapter::default()
    })
}

/// Returns what changes with the number of keys, with the fewest writers of each.
fn by_keys(points: &[Point<CheckpointsRound>], names: &[String]) -> Option<Chapter> {
    let keys = each(points.iter().filter_map(keys_alone));
    let first = |keys: &u64| points.iter().find(|point| keys_alone(point) == Some(*keys));
    let points: Points<'_> = keys.iter().filter_map(first).collect();
    if points.len() < 2 {
        return None;
    }
    let counts: Vec<f64> = keys.iter().map(|keys| *keys as f64).collect();
    let table =
        |(metric, title, _): &Shown| swept(metric, title, (&points, names), keys_of, with_ratio);
    let figures = BY_KEYS.iter().map(|shown| {
        let (metric, title, lead) = *shown;
        let lead = format!("{lead}, by number of keys.");
        let figure = charts::sweep(metric, (title, lead), &points, (&counts, names));
        Figure {
            table: table(shown),
            ..figure
        }
    });
    Some(Chapter {
        title: "Reading, by number of keys".to_owned(),
        glance: BY_KEYS.iter().map(table).collect(),
        figures: figures.collect(),
        ..Chapter::default()
    })
}

/// Returns what changes with the number of processes.
fn by_processes(
    points: &[Point<CheckpointsRound>],
    wanted: u64,
    names: &[String],
) -> Option<Chapter> {
    let keys = points.iter().find_map(|point| match point.offered {
        Offered::Commits {
            keys, processes, ..
        } if processes > 1 => Some(keys),
        _ => None,
    })?;
    let is_wanted = |point: &&Point<CheckpointsRound>| match point.offered {
        Offered::Commits {
            writers,
            keys: found,
            updates: None,
            ..
        } => writers == wanted && found == keys,
        _ => false,
    };
    let points: Points<'_> = points.iter().filter(is_wanted).collect();
    let counts = points.iter().map(|point| match point.offered {
        Offered::Commits { processes, .. } => processes as f64,
        _ => 0.0,
    });
    let counts: Vec<f64> = counts.collect();
    let table = |(metric, title, _): &Shown| {
        swept(metric, title, (&points, names), processes_of, with_ratio)
    };
    let figures = BY_PROCESSES.iter().map(|shown| {
        let (metric, title, lead) = *shown;
        let lead = format!("{lead}, by number of processes.");
        let figure = charts::sweep(metric, (title, lead), &points, (&counts, names));
        Figure {
            table: table(shown),
            ..figure
        }
    });
    let offered = Offered::Commits {
        writers: wanted,
        keys,
        processes: 1,
        updates: None,
    };
    Some(Chapter {
        title: format!("Processes of {}", offered::said(offered)),
        glance: BY_PROCESSES.iter().map(table).collect(),
        figures: figures.collect(),
        ..Chapter::default()
    })
}

/// Returns everything about one point. A terminal shows it where there is nothing to sweep.
fn chapter(point: &Point<CheckpointsRound>, is_swept: bool) -> Chapter {
    let bars = |(metric, title, lead)| charts::bars(metric, title, lead, point);
    let shown: [Shown; 6] = [
        (
            &YARDS,
            "Commits in Y",
            "For each record that one thread overwrites and syncs.",
        ),
        (
            &YARDSTICK,
            "Y",
            "Records that one thread overwrites and syncs in a second, around it.",
        ),
        (&THROUGHPUT, "Commits per second", "Of all writers."),
        (&CPU, "Processor time", "For each commit."),
        (&FILE, "Bytes of the files", "Once the writers had ended."),
        (&EXTRA, "Files", "Besides the one."),
    ];
    let commits = charts::distributions(
        (
            "Commit",
            "How many commits took at most so long, all rounds together: further left is better.",
        ),
        point,
        |round| Some(&round.figures.commit),
        latencies([&P50, &P99, &P999, &MAX], point),
    );
    Chapter {
        title: offered::said(point.offered),
        glance: match is_swept {
            true => Vec::new(),
            false => vec![glance(point)],
        },
        said: answers(&QUESTIONS, point)
            .into_iter()
            .map(Note::plain)
            .collect(),
        table: None,
        figures: [commits].into_iter().chain(shown.map(bars)).collect(),
    }
}
