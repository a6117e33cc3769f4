//! How fast do events come through while they are written?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::events::peer::{Log, Peer, Reader, ReaderOf};
use crate::events::peers::{self, FLOOR, Probe, TOKIO};
use crate::events::questions::to_tokio;
use crate::events::sight::Tally;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::{one_thread, workers};
use crate::table::Table;

/// How many readers there are, and how many events.
const STREAMS: [(usize, u64); 2] = [(64, 16_384), (1_024, 2_048)];

/// How many readers there are, and how many events, where each of them waits for each.
const LOCKSTEP: (usize, u64) = (1_024, 128);

/// How many events are written before others get a turn.
const TURN: u64 = 64;

struct Stream;

struct Lockstep;

/// How many readers have come so far.
#[derive(Debug, Default)]
struct Finish {
    come: AtomicUsize,
    all_came: Notify,
}

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let columns = [
        "64 readers, 2 workers",
        "64, 1 thread",
        "1,024, 2 workers",
        "1,024, 1 thread",
    ];
    let streams = Table {
        title: "Streaming",
        method: "Time for each event and reader, until all readers have read everything; the writer \
                 is a task like the readers, and lets others have a turn after every 64 events. \
                 16,384 events for 64 readers, 2,048 for 1,024.",
        columns: columns.map(to_tokio).to_vec(),
        rows: interleaved(&Stream, &peers::all(), rounds),
        goals: (0..4)
            .map(|column| Goal::times_better(column, TOKIO, 4.0))
            .collect(),
    };
    let columns = ["1,024 readers, 2 workers", "1,024, 1 thread"];
    let at = [0, 1].into_iter();
    let to_tokio_goals = at
        .clone()
        .map(|column| Goal::times_better(column, TOKIO, 1.5));
    let to_floor_goals = at.map(|column| Goal::times_better(column, FLOOR, 0.6));
    let lockstep = Table {
        title: "In lockstep",
        method: "The same, where the writer writes an event only when all readers have read the one \
                 before it, so that every event wakes every reader.",
        columns: columns.map(to_tokio).to_vec(),
        rows: interleaved(&Lockstep, &peers::all(), rounds),
        goals: to_tokio_goals.chain(to_floor_goals).collect(),
    };
    vec![streams, lockstep]
}

impl Probe for Stream {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::PARKS || !P::KEEPS {
            return vec![None; 2 * STREAMS.len()];
        }
        let figures = STREAMS.map(|(readers, events)| {
            [workers(2), one_thread()].map(|runtime| stream::<P>(&runtime, readers, events, false))
        });
        figures.into_iter().flatten().map(Some).collect()
    }
}

impl Probe for Lockstep {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::PARKS || !P::KEEPS {
            return vec![None; 2];
        }
        let (readers, events) = LOCKSTEP;
        let figures =
            [workers(2), one_thread()].map(|runtime| stream::<P>(&runtime, readers, events, true));
        figures.map(Some).to_vec()
    }
}

/// Returns the nanoseconds for each event and reader.
fn stream<P: Peer>(runtime: &Runtime, readers: usize, events: u64, in_lockstep: bool) -> f64 {
    let finish = Arc::new(Finish::default());
    let spent = runtime.block_on(async {
        let mut log = P::Log::<u64>::holding(events as usize);
        let readers: Vec<_> = (0..readers).map(|_| log.subscribe()).collect();
        let count = readers.len();
        let start = Instant::now();
        for reader in readers {
            let finish = Arc::clone(&finish);
            tokio::spawn(follow::<P>(reader, events, finish, count, in_lockstep));
        }
        let all = Arc::clone(&finish);
        let writing = tokio::spawn(async move {
            for number in 0..events {
                log.append(number);
                if in_lockstep {
                    all.all_came.notified().await;
                } else if number % TURN == TURN - 1 {
                    yield_now().await;
                }
            }
            // It is dropped by whoever asked, outside of the time that counts.
            log
        });
        if !in_lockstep {
            finish.all_came.notified().await;
        }
        let log = writing.await.expect("the writer writes");
        let spent = start.elapsed();
        drop(log);
        spent
    });
    spent.as_secs_f64() * 1e9 / (readers as u64 * events) as f64
}

/// Reads all events, and tells when this is the last of all readers to have read all of them, or
/// in lockstep each.
async fn follow<P: Peer>(
    mut reader: ReaderOf<P, u64>,
    events: u64,
    finish: Arc<Finish>,
    readers: usize,
    in_lockstep: bool,
) {
    let mut tally = Tally::default();
    let step = if in_lockstep { 1 } else { events };
    while tally.count < events {
        tally = match reader.read(step, tally).await {
            Ok(tally) => tally,
            Err(stop) => panic!("{}: {stop:?}", P::NAME),
        };
        if in_lockstep {
            finish.come(readers);
        }
    }
    assert_eq!(tally, Tally::of_first(events), "{}", P::NAME);
    if !in_lockstep {
        finish.come(readers);
    }
}

impl Finish {
    fn come(&self, readers: usize) {
        let come = self.come.fetch_add(1, Ordering::AcqRel) + 1;
        if come.is_multiple_of(readers) {
            self.all_came.notify_one();
        }
    }
}
