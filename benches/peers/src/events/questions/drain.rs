//! What does it cost to read a backlog?

use std::sync::Arc;
use std::time::Duration;

use crate::clock::thread_time;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader};
use crate::events::peers::forebay::SLICES;
use crate::events::peers::{self, Probe, TOKIO};
use crate::events::questions::to_tokio;
use crate::events::sight::Tally;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::table::Table;

/// How many readers there are, and how many events each of them has to read.
const BACKLOGS: [(usize, u64); 3] = [(1, 65_536), (64, 16_384), (1_024, 4_096)];

struct Numbers;

struct Pointers;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let method = "Processor time for each event that one reader reads, all of them in \
                  tasks on one thread. Each of 1 reads 65,536, of 64 16,384, of 1,024 4,096.";
    let columns = ["1 reader", "64 readers", "1,024 readers"].map(to_tokio);
    let goals = |next: f64| {
        let at = [1, 2].into_iter();
        let next = at
            .clone()
            .map(move |at| Goal::times_better(at, TOKIO, next));
        let slices = at.map(|at| Goal::variant_times_better(at, SLICES, TOKIO, 50.0));
        (next, slices)
    };
    let (next, slices) = goals(10.0);
    vec![
        Table {
            title: "Draining a backlog of u64",
            method,
            columns: columns.to_vec(),
            rows: interleaved(&Numbers, &peers::all(), rounds),
            goals: next.chain(slices).collect(),
        },
        Table {
            title: "Draining a backlog of Arc",
            method,
            columns: columns.to_vec(),
            rows: interleaved(&Pointers, &peers::all(), rounds),
            goals: goals(8.0).0.collect(),
        },
    ]
}

impl Probe for Numbers {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        drains::<P, u64>()
    }
}

impl Probe for Pointers {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        drains::<P, Arc<u64>>()
    }
}

fn drains<P: Peer, T: Payload>() -> Vec<Option<f64>> {
    if !P::KEEPS || !P::CARRIES {
        return vec![None; BACKLOGS.len()];
    }
    let per_event = BACKLOGS.map(|(readers, events)| {
        let spent = drain::<P, T>(readers, events);
        Some(spent.as_secs_f64() * 1e9 / (readers as u64 * events) as f64)
    });
    per_event.to_vec()
}

fn drain<P: Peer, T: Payload>(readers: usize, events: u64) -> Duration {
    one_thread().block_on(async {
        let mut log = P::Log::<T>::holding(events as usize);
        let readers: Vec<_> = (0..readers).map(|_| log.subscribe()).collect();
        (0..events).for_each(|number| log.append(T::numbered(number)));
        let start = thread_time();
        let reading = readers.into_iter().map(|mut reader| {
            tokio::spawn(async move {
                let tally = reader.read(events, Tally::default()).await;
                assert_eq!(tally, Ok(Tally::of_first(events)), "{}", P::NAME);
                // It is dropped outside of the time that counts.
                reader
            })
        });
        let reading: Vec<_> = reading.collect();
        let mut readers = Vec::with_capacity(reading.len());
        for reader in reading {
            readers.push(reader.await.expect("a reader reads"));
        }
        thread_time().saturating_sub(start)
    })
}
