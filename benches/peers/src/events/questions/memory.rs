//! How much memory does a log take, and who reads it?

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::allocation::count;
use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader, ReaderOf};
use crate::events::peers::{self, Probe};
use crate::events::sight::Sight;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::table::{Column, Table, Unit};

/// The lengths of the logs of which the difference is measured: powers of two, to which rings are
/// rounded up.
const EVENTS: [u64; 2] = [1_024, 131_072];

/// How many readers there are.
const READERS: usize = 10_000;

struct Memory;

/// Sees nothing, so that nothing of it lies in a task.
struct Blind;

impl Sight for Blind {
    fn see(&mut self, _number: u64) {}
}

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let columns = [
        ("u64", Unit::Hundredths),
        ("Arc", Unit::Hundredths),
        ("log", Unit::Bytes),
        ("reader", Unit::Bytes),
        ("waiting", Unit::Bytes),
        ("in a task", Unit::Bytes),
    ];
    vec![Table {
        title: "Memory",
        method: "Bytes that were asked for. Of a retained event, a u64 or an Arc that was there \
                 before, beyond the first 1,024, up to 131,072. Of a new log that is to hold 64, \
                 its handle included. Of a reader that has read everything, its handle included; \
                 what more it keeps while it waits, beside its future; and all of it in a waiting \
                 task of tokio's, of which the task is 128.",
        columns: columns.map(|(name, unit)| Column::new(name, unit)).to_vec(),
        rows: interleaved(&Memory, &peers::all(), 1),
        goals: vec![
            Goal::at_most(0, 8.0 * 1.02),
            Goal::at_most(1, 8.0 * 1.02),
            Goal::at_most(3, 64.0),
            Goal::at_most(4, 24.0),
        ],
    }]
}

impl Probe for Memory {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let keeps = P::KEEPS && P::CARRIES;
        let parks = P::PARKS;
        vec![
            keeps.then(per_event::<P, u64>),
            keeps.then(per_event::<P, Arc<u64>>),
            Some(new_log::<P>()),
            Some(per_reader::<P>()),
            parks.then(per_wait::<P>),
            parks.then(per_task::<P>),
        ]
    }
}

fn new_log<P: Peer>() -> f64 {
    let runtime = one_thread();
    let _entered = runtime.enter();
    let mut log = None;
    let allocated = count(|| log = Some(P::Log::<u64>::holding(64)));
    allocated.live_bytes as f64 + size_of::<P::Log<u64>>() as f64
}

fn per_event<P: Peer, T: Payload>() -> f64 {
    let [short, long] = EVENTS.map(|events| {
        let payloads: Vec<T> = (0..events).map(T::numbered).collect();
        let mut kept = None;
        let allocated = count(|| {
            let mut log = P::Log::<T>::holding(events as usize);
            let reader = log.subscribe();
            payloads.iter().for_each(|event| log.append(event.clone()));
            kept = Some((log, reader));
        });
        allocated.live_bytes
    });
    (long - short) as f64 / (EVENTS[1] - EVENTS[0]) as f64
}

/// A log with an event, for what is made with the first of them, and readers of all that follows.
fn with_readers<P: Peer>() -> (P::Log<u64>, Vec<ReaderOf<P, u64>>, f64) {
    let mut log = P::Log::<u64>::holding(64);
    let first = log.subscribe();
    log.append(0);
    drop(first);
    let mut readers = Vec::with_capacity(READERS);
    let allocated = count(|| readers.extend((0..READERS).map(|_| log.subscribe())));
    let bytes = allocated.live_bytes as f64 / READERS as f64;
    (log, readers, bytes)
}

fn per_reader<P: Peer>() -> f64 {
    let (_log, _readers, bytes) = with_readers::<P>();
    bytes + size_of::<ReaderOf<P, u64>>() as f64
}

fn per_wait<P: Peer>() -> f64 {
    let (_log, mut readers, _) = with_readers::<P>();
    let reads = readers.iter_mut().map(|reader| reader.read(1, Blind));
    let mut reads: Vec<Pin<Box<_>>> = reads.map(Box::pin).collect();
    let mut cx = Context::from_waker(Waker::noop());
    let allocated = count(|| {
        for read in &mut reads {
            assert!(read.as_mut().poll(&mut cx).is_pending(), "{}", P::NAME);
        }
    });
    allocated.live_bytes as f64 / READERS as f64
}

fn per_task<P: Peer>() -> f64 {
    let runtime = one_thread();
    let parking = || {
        runtime.block_on(async {
            let mut log = P::Log::<u64>::holding(64);
            for _ in 0..READERS {
                let mut reader = log.subscribe();
                tokio::spawn(async move { reader.read(1, Blind).await });
            }
            // It has its turn after all of them.
            let last = tokio::spawn(async {});
            last.await.expect("it only waits for its turn");
            log
        })
    };
    // The runtime's queue grows at the first time.
    let mut log = Some(parking());
    let allocated = count(|| log = Some(parking()));
    (allocated.live_bytes as f64 - new_log::<P>()) / READERS as f64
}
