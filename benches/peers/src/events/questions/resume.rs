//! What does it cost to go on from anywhere in a long window?

use std::time::Instant;

use forebay_core::Cursor;
use forebay_events::{Publisher, Retention, Source};

use crate::clock::thread_time;
use crate::entry::{Entry, Kind};
use crate::events::check::check;
use crate::events::peer::Peer;
use crate::events::peers::forebay::Forebay;
use crate::goal::Goal;
use crate::random::Random;
use crate::rounds::interleaved;
use crate::table::{Column, Table, Unit};

/// How many events the window holds.
const WINDOW: usize = 10_000_000;

/// How many cursors are resumed in a round.
const CURSORS: usize = 10_000;

/// How far apart the sequences of a log are that has gaps.
const GAP: u64 = 3;

/// The logs, and what a search takes that knows nothing but numbers.
struct Windows {
    dense: Publisher<u64>,
    with_gaps: Publisher<u64>,
    numbers: Vec<u64>,
}

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let windows = Windows {
        dense: window(1),
        with_gaps: window(GAP),
        numbers: (1..=WINDOW as u64).collect(),
    };
    let ours = |name, settings, kind, probe| Entry {
        name,
        settings,
        kind,
        check: check::<Forebay>,
        probe,
    };
    let entries = [
        ours(
            Forebay::NAME,
            "sequences without gaps",
            Kind::Ours,
            |windows: &Windows| resumed(&windows.dense.source(), 1),
        ),
        ours(
            "forebay, gaps",
            "every third sequence",
            Kind::OursVariant,
            |windows| resumed(&windows.with_gaps.source(), GAP),
        ),
        Entry {
            name: "floor: binary search",
            settings: "in a sorted array",
            kind: Kind::Floor,
            check: || (),
            probe: |windows| searched(&windows.numbers),
        },
    ];
    vec![Table {
        title: "Resuming anywhere in a window of 10,000,000",
        method: "One of 10,000 cursors that lie anywhere in the window: processor time of their mean, \
                 and the time of the 99th of 100, with the clock. Each reader is checked to begin \
                 with the event after its cursor. No peer can do this: the seed goes on from the \
                 newest item only.",
        columns: vec![
            Column::new("mean", Unit::Nanoseconds),
            Column::new("p99", Unit::Nanoseconds),
        ],
        rows: interleaved(&windows, &entries, rounds),
        goals: vec![
            Goal::at_most(0, 2_000.0),
            Goal::at_most(1, 2_000.0),
            Goal::variant_at_most(0, "forebay, gaps", 2_000.0),
            Goal::variant_at_most(1, "forebay, gaps", 2_000.0),
        ],
    }]
}

/// Returns a full window.
fn window(gap: u64) -> Publisher<u64> {
    let log = Publisher::builder().retention(Retention::window(WINDOW));
    let mut log = log.build().expect("nothing is wrong with the settings");
    for number in 1..=WINDOW as u64 {
        let appended = log.append(number * gap, number);
        appended.expect("sequences rise");
    }
    log
}

fn resumed(source: &Source<u64>, gap: u64) -> Vec<Option<f64>> {
    let cursors: Vec<_> = numbers()
        .map(|number| (number, Cursor::new(source.log_id(), (number * gap).into())))
        .collect();
    let mut readers = Vec::with_capacity(CURSORS);
    let start = thread_time();
    for (_, cursor) in &cursors {
        readers.push(source.resume(*cursor));
    }
    let mean = thread_time().saturating_sub(start) / CURSORS as u32;
    let mut each = Vec::with_capacity(CURSORS);
    for ((number, cursor), reader) in cursors.into_iter().zip(readers) {
        let mut reader = reader.expect("the cursor is in the window");
        let next = reader.try_next().map(|entry| entry.map(|entry| *entry));
        assert_eq!(next, Ok(Some(number + 1)));
        let start = Instant::now();
        let again = source.resume(cursor);
        each.push(start.elapsed().as_secs_f64() * 1e9);
        assert!(again.is_ok(), "the cursor is in the window");
    }
    figures(mean.as_secs_f64() * 1e9, each)
}

fn searched(window: &[u64]) -> Vec<Option<f64>> {
    let wanted: Vec<u64> = numbers().collect();
    let mut found = Vec::with_capacity(CURSORS);
    let start = thread_time();
    for number in &wanted {
        found.push(window.partition_point(|other| other <= number));
    }
    let mean = thread_time().saturating_sub(start) / CURSORS as u32;
    let mut each = Vec::with_capacity(CURSORS);
    for (number, found) in wanted.iter().zip(found) {
        assert_eq!(window.get(found), Some(&(number + 1)));
        let start = Instant::now();
        let again = window.partition_point(|other| other <= number);
        each.push(start.elapsed().as_secs_f64() * 1e9);
        assert_eq!(again, found);
    }
    figures(mean.as_secs_f64() * 1e9, each)
}

/// Numbers of events after each of which another one comes.
fn numbers() -> impl Iterator<Item = u64> {
    let mut random = Random::default();
    (0..CURSORS).map(move |_| 1 + (random.unit() * (WINDOW - 2) as f64) as u64)
}

fn figures(mean: f64, mut each: Vec<f64>) -> Vec<Option<f64>> {
    each.sort_by(f64::total_cmp);
    vec![Some(mean), Some(each[each.len() * 99 / 100])]
}
