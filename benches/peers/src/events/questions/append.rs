//! What does an append cost that nobody waits for?

use std::hint::black_box;
use std::time::Duration;

use crate::clock::thread_time;
use crate::events::peer::{Log, Peer, ReaderOf};
use crate::events::peers::{self, Probe, TOKIO};
use crate::events::questions::to_tokio;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::table::{Column, Table, Unit};

/// How many events are appended in a pass; the least of the passes counts.
const EVENTS: u64 = 8_192;

/// How many passes there are in a round.
const PASSES: usize = 5;

/// From so many readers on there are fewer, as some peers take seconds to let them all go.
const MANY: u64 = 1_000;
const PASSES_OF_MANY: usize = 2;

/// How many events are in a batch.
const BATCH: usize = 64;

/// How many copies of events a peer makes in a pass, if it makes one for each reader.
const COPIES: u64 = 65_536;

/// Too much for what is free between other things, and too little for pages of its own.
const ABOVE: usize = 64 << 10;

struct Append;

/// A log and those who read it.
type Filled<P> = (<P as Peer>::Log<u64>, Vec<ReaderOf<P, u64>>);

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    vec![Table {
        title: "Appending while nobody waits",
        method: "Processor time of the writer's thread for each u64, with as many readers as stand \
                 over the column, none of which reads or waits; growth is what 10,000 cost over \
                 none; in batches of 64, where there is no such call, one by one.",
        columns: vec![
            to_tokio("none present"),
            to_tokio("100 present"),
            to_tokio("10,000 present"),
            Column::new("growth", Unit::Ratio),
            to_tokio("batches, 100 present"),
        ],
        rows: interleaved(&Append, &peers::all(), rounds),
        goals: vec![
            Goal::ratio(1, TOKIO, 0.25),
            Goal::at_most(3, 1.1),
            Goal::ratio(4, TOKIO, 0.05),
        ],
    }]
}

impl Probe for Append {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::CARRIES {
            return vec![None; 5];
        }
        let none = per_event::<P>(0, 1);
        let many = per_event::<P>(10_000, 1);
        vec![
            Some(none),
            Some(per_event::<P>(100, 1)),
            Some(many),
            Some(many / none),
            Some(per_event::<P>(100, BATCH)),
        ]
    }
}

/// Returns the nanoseconds of an append, in calls of this many events.
fn per_event<P: Peer>(readers: u64, batch: usize) -> f64 {
    let events = if P::COPIES {
        (COPIES / readers.max(1)).clamp(BATCH as u64, EVENTS)
    } else {
        EVENTS
    };
    // What the first pass needed stays with the program, as in one that runs for long: something
    // that was allocated after it keeps the allocator from giving it back to the system.
    let first = pass::<P>(readers, batch, events);
    let above = vec![0_u8; ABOVE];
    drop(first);
    let passes = if readers < MANY {
        PASSES
    } else {
        PASSES_OF_MANY
    };
    let least = (0..passes).map(|_| pass::<P>(readers, batch, events).0);
    let least = least.min().unwrap_or_default();
    drop(black_box(above));
    least.as_secs_f64() * 1e9 / events as f64
}

/// Returns the processor time of a pass, and the log with its readers.
fn pass<P: Peer>(readers: u64, batch: usize, events: u64) -> (Duration, Filled<P>) {
    let runtime = one_thread();
    let _entered = runtime.enter();
    let mut log = P::Log::<u64>::holding(events as usize);
    let readers: Vec<_> = (0..readers).map(|_| log.subscribe()).collect();
    let start = thread_time();
    if batch == 1 {
        (0..events).for_each(|number| log.append(number));
    } else {
        for first in (0..events).step_by(batch) {
            log.append_all(first..(first + batch as u64).min(events));
        }
    }
    let spent = thread_time().saturating_sub(start);
    (spent, (log, readers))
}
