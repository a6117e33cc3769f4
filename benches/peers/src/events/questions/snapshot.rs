//! What does a snapshot cost the writer, and those who want the same one?

use std::convert::Infallible;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use forebay_core::Sequence;
use forebay_events::{
    Frame, Hub, HubPublisher, Request, SnapshotSource, SnapshotWriter, Subject, Topic,
};
use tokio::sync::Barrier;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::entry::{Entry, Kind};
use crate::events::peer::{Log, Peer};
use crate::events::peers::forebay::Forebay;
use crate::events::peers::seed::{self, Buffer};
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::workers;
use crate::table::{Column, Table, Unit};

/// How long a phase of publishing takes.
const PHASE: Duration = Duration::from_millis(200);

/// How often something is to be published.
const PACE: Duration = Duration::from_micros(20);

/// How many pieces a snapshot writes in one go.
const PIECES: u64 = 1_000;

/// How many subscribers come at once.
const SUBSCRIBERS: usize = 10_000;

/// How many pieces the snapshot has that they share.
const SHARED_PIECES: u64 = 64;

const TOPIC: &str = "topic";
const KEY: u64 = 7;

struct Publishing;

struct AtOnce;

/// A state of which a snapshot takes as long as it is told to.
#[derive(Default)]
struct State {
    is_held: AtomicBool,
    /// How many pieces it writes every millisecond until then.
    pieces_meanwhile: u64,
    snapshots: AtomicU64,
}

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let entry = |name, settings, kind, probe| Entry {
        name,
        settings,
        kind,
        check: || (),
        probe,
    };
    let publishing = [
        entry(
            Forebay::NAME,
            "hub, defaults",
            Kind::Ours,
            |_: &Publishing| hub(),
        ),
        entry(
            seed::NAME,
            "its publisher, locked meanwhile",
            Kind::Seed,
            |_| locked(),
        ),
    ];
    let at_once: Entry<AtOnce> = Entry {
        name: Forebay::NAME,
        settings: "hub, no cache",
        kind: Kind::Ours,
        check: || (),
        probe: |_| at_once(),
    };
    vec![
        Table {
            title: "Publishing while a snapshot is built",
            method: "Time from the moment at which an event was to be published, one every 20 µs for \
                     200 ms, until it is: nobody builds, or a snapshot of the same key is built on a \
                     worker, with 1,000 pieces every millisecond.",
            columns: vec![
                Column::new("idle p50", Unit::Nanoseconds),
                Column::new("idle p99", Unit::Nanoseconds),
                Column::new("building p99", Unit::Nanoseconds),
                Column::new("building ÷ idle, p99", Unit::Ratio),
            ],
            rows: interleaved(&Publishing, &publishing, rounds),
            goals: vec![Goal::at_most(3, 1.2)],
        },
        Table {
            title: "10,000 subscribers of one key at once",
            method: "Tasks on two workers subscribe at the same moment; each is checked to get the \
                     64 pieces, their end and the event after it. How many snapshots are built, and \
                     the time for each subscriber until all have everything.",
            columns: vec![
                Column::new("snapshots", Unit::Count),
                Column::new("time", Unit::Nanoseconds),
            ],
            rows: interleaved(&AtOnce, &[at_once], rounds),
            goals: vec![Goal::at_most(0, 1.0)],
        },
    ]
}

impl SnapshotSource<u64, u64> for State {
    type Error = Infallible;

    async fn snapshot(
        &self,
        _subject: &Subject<u64>,
        out: &mut SnapshotWriter<u64>,
    ) -> Result<Sequence, Infallible> {
        self.snapshots.fetch_add(1, Ordering::AcqRel);
        while self.is_held.load(Ordering::Acquire) {
            for piece in 0..self.pieces_meanwhile {
                out.push(piece).await;
            }
            sleep(Duration::from_millis(1)).await;
        }
        for piece in 0..SHARED_PIECES {
            out.push(piece).await;
        }
        Ok(Sequence::ZERO)
    }
}

fn publisher(state: &Arc<State>) -> HubPublisher<u64, u64, Infallible> {
    let hub = Hub::builder(Arc::clone(state)).build();
    hub.expect("there is a runtime")
}

fn request() -> Request<u64> {
    Request::new(Topic::new(TOPIC)).key(KEY)
}

fn hub() -> Vec<Option<f64>> {
    let runtime = workers(1);
    let _entered = runtime.enter();
    let state = Arc::new(State {
        pieces_meanwhile: PIECES,
        ..State::default()
    });
    let mut publisher = publisher(&state);
    let hub = publisher.hub();
    // Somebody follows the key, so that what is published is kept.
    let mut feed = hub.subscribe(request()).expect("the hub goes on");
    runtime.block_on(async { while !matches!(feed.next().await, Ok(Frame::EndOfSnapshot(_))) {} });
    let topic = Topic::new(TOPIC);
    let mut sequence = 0;
    let mut publish = || {
        sequence += 1;
        let published = publisher.publish_one(sequence, &topic, KEY, sequence);
        assert!(published.is_ok(), "sequences rise");
    };
    let idle = paced(&mut publish);
    state.is_held.store(true, Ordering::Release);
    let mut other = hub.subscribe(request()).expect("the hub goes on");
    let piece = runtime.block_on(async { other.next().await.is_ok() });
    let building = paced(&mut publish);
    let goes_on = state.is_held.swap(false, Ordering::AcqRel);
    assert!(
        piece && goes_on && other.cursor().is_none(),
        "it is being built"
    );
    figures(idle, building)
}

/// The seed builds a snapshot while it holds the lock of its publisher.
fn locked() -> Vec<Option<f64>> {
    let log = Arc::new(Mutex::new(Buffer::<u64>::holding(0)));
    let publish = |log: &Mutex<Buffer<u64>>| {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.append(1);
    };
    let idle = paced(&mut || publish(&log));
    let guard = log.lock().unwrap_or_else(PoisonError::into_inner);
    let building = thread::scope(|scope| {
        let writing = scope.spawn(|| paced(&mut || publish(&log)));
        let mut snapshot = Vec::new();
        let start = Instant::now();
        while start.elapsed() < PHASE {
            snapshot.extend(0..PIECES);
            thread::sleep(Duration::from_millis(1));
        }
        drop(guard);
        writing.join().expect("the writer goes on")
    });
    figures(idle, building)
}

/// Publishes at its pace, and returns how long after its moment each event was published, in order.
fn paced(publish: &mut impl FnMut()) -> Vec<Duration> {
    let start = Instant::now();
    let moments = (1..)
        .map(|index| PACE * index)
        .take_while(|moment| *moment < PHASE);
    let late = moments.map(|moment| {
        while start.elapsed() < moment {
            spin_loop();
        }
        publish();
        start.elapsed() - moment
    });
    let mut late: Vec<Duration> = late.collect();
    late.sort_unstable();
    late
}

fn figures(idle: Vec<Duration>, building: Vec<Duration>) -> Vec<Option<f64>> {
    let at = |late: &[Duration], percent: usize| {
        late[(late.len() - 1) * percent / 100].as_secs_f64() * 1e9
    };
    let (idle_last, building_last) = (at(&idle, 99), at(&building, 99));
    let figures = [
        at(&idle, 50),
        idle_last,
        building_last,
        building_last / idle_last,
    ];
    figures.map(Some).to_vec()
}

fn at_once() -> Vec<Option<f64>> {
    let runtime = workers(2);
    let state = Arc::new(State::default());
    state.is_held.store(true, Ordering::Release);
    let spent = runtime.block_on(async {
        let mut publisher = publisher(&state);
        let barrier = Arc::new(Barrier::new(SUBSCRIBERS + 1));
        let come = Arc::new(AtomicUsize::new(0));
        let feeds: Vec<_> = (0..SUBSCRIBERS)
            .map(|_| {
                tokio::spawn(follow(
                    publisher.hub(),
                    Arc::clone(&barrier),
                    Arc::clone(&come),
                ))
            })
            .collect();
        barrier.wait().await;
        let start = Instant::now();
        while come.load(Ordering::Acquire) < SUBSCRIBERS {
            yield_now().await;
        }
        state.is_held.store(false, Ordering::Release);
        let published = publisher.publish_one(1, &Topic::new(TOPIC), KEY, 1);
        assert!(published.is_ok(), "sequences rise");
        for feed in feeds {
            feed.await.expect("a feed gets everything");
        }
        start.elapsed()
    });
    let snapshots = state.snapshots.load(Ordering::Acquire);
    let each = spent.as_secs_f64() * 1e9 / SUBSCRIBERS as f64;
    vec![Some(snapshots as f64), Some(each)]
}

/// Subscribes with all others, and checks what comes.
async fn follow(hub: Hub<u64, u64, Infallible>, barrier: Arc<Barrier>, come: Arc<AtomicUsize>) {
    barrier.wait().await;
    let mut feed = hub.subscribe(request()).expect("the hub goes on");
    come.fetch_add(1, Ordering::AcqRel);
    for expected in 0..SHARED_PIECES {
        let piece = feed.next().await.expect("the hub goes on");
        assert!(matches!(piece, Frame::Snapshot(piece) if *piece == expected));
    }
    let end = feed.next().await.expect("the hub goes on");
    assert!(matches!(end, Frame::EndOfSnapshot(Sequence::ZERO)));
    let event = feed.next().await.expect("the hub goes on");
    assert!(matches!(event, Frame::Event(event) if *event == 1));
}
