//! What does it cost to consume: a million changes from a log through a handler to a checkpoint, in one
//! process, with a commit for every thousand and nothing lost?
//!
//! A thread publishes while the consumer reads. Where a commit takes longer than a thousand changes do,
//! the next one is for more, unless no more than a thousand may be uncommitted: then each is waited for,
//! as in the loop that one would write by hand. Files are on the disk of the target folder.
#![allow(clippy::print_stdout, reason = "a bench says what it did")]

use std::convert::Infallible;
use std::future::ready;
use std::hint::black_box;
use std::thread;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use forebay_bench::checkpoints::store::key;
use forebay_checkpoint::{FileStore, MemoryStore};
use forebay_consumer::{Batch, Consumer, Handler, batches, each};
use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, Sequence};
use forebay_events::{Publisher, Retention, Source};
use tempfile::TempDir;
use tokio::runtime::Builder;

const EVENTS: u64 = 1_000_000;
const COMMIT_EVERY: u64 = 1_000;

const LOG: LogId = LogId::new(1);
const DISK_WORKS: &str = "a file in the target folder can be written and read";

/// What the handlers add up, which tells whether each change came once.
const TOTAL: u64 = EVENTS * (EVENTS + 1) / 2;

/// Publishes all changes, each with a sequence of its own, on a thread, and closes the log.
fn publish() -> Source<u64> {
    let mut log = Publisher::builder()
        .log_id(LOG)
        .retention(Retention::window(EVENTS as usize))
        .build()
        .expect("no runtime is needed");
    let source = log.source();
    thread::spawn(move || {
        for number in 1..=EVENTS {
            log.append(number, number).expect("they rise");
        }
        log.close();
    });
    source
}

fn end() -> Checkpoint {
    Cursor::new(LOG, Sequence::new(EVENTS)).into()
}

/// Consumes all changes and returns what the handler has left in `total`.
async fn consume<S: CheckpointStore + 'static>(
    store: S,
    handler: impl Handler<u64>,
    uncommitted_max: u64,
) -> u64 {
    let consumer = Consumer::builder(publish(), (store, key(7)), handler)
        .commit_every(COMMIT_EVERY)
        .uncommitted_max(uncommitted_max)
        .build()
        .expect("the settings make sense");
    let handle = consumer.handle();
    let summary = consumer.run().await;
    let summary = summary.unwrap_or_else(|_| panic!("nothing fails"));
    assert_eq!((summary.applied, summary.uncommitted), (EVENTS, 0));
    assert_eq!(summary.committed, Some(end()));
    handle.stats().commits
}

async fn in_batches<S: CheckpointStore + 'static>(store: S) -> u64 {
    batched(store, EVENTS).await
}

/// Waits for every commit.
async fn in_step<S: CheckpointStore + 'static>(store: S) -> u64 {
    batched(store, COMMIT_EVERY).await
}

async fn batched<S: CheckpointStore + 'static>(store: S, uncommitted_max: u64) -> u64 {
    let mut total = 0;
    let sum = batches(|batch: Batch<'_, u64>| {
        total += batch.iter().sum::<u64>();
        ready(Ok::<_, Infallible>(()))
    });
    let commits = consume(store, sum, uncommitted_max).await;
    assert_eq!(black_box(total), TOTAL);
    commits
}

async fn one_by_one<S: CheckpointStore + 'static>(store: S) -> u64 {
    let mut total = 0;
    let sum = each(|number: &u64| {
        total += *number;
        ready(Ok::<_, Infallible>(()))
    });
    let commits = consume(store, sum, EVENTS).await;
    assert_eq!(black_box(total), TOTAL);
    commits
}

/// The loop without a consumer: it waits for every commit, and has no answer to anything that fails.
async fn by_hand<S: CheckpointStore>(store: S) -> u64 {
    let mut reader = publish().subscribe_oldest();
    let (mut total, mut commits, mut since) = (0, 0, 0);
    while let Ok(slice) = reader.next_slice().await {
        total += slice.iter().map(|entry| *entry).sum::<u64>();
        since += slice.len() as u64;
        if since >= COMMIT_EVERY {
            let commit = store.commit(&key(7), reader.cursor().into()).await;
            commit.unwrap_or_else(|_| panic!("nothing fails"));
            (since, commits) = (0, commits + 1);
        }
    }
    let last = store.commit(&key(7), reader.cursor().into()).await;
    last.unwrap_or_else(|_| panic!("nothing fails"));
    assert_eq!(black_box(total), TOTAL);
    commits + 1
}

/// A store in a new file, as durable as it is unless it is told otherwise: each commit is synced.
fn in_file() -> (Option<TempDir>, FileStore) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect(DISK_WORKS);
    let store = FileStore::open(folder.path().join("positions"));
    (Some(folder), store.expect(DISK_WORKS))
}

fn in_memory() -> (Option<TempDir>, MemoryStore) {
    (None, MemoryStore::new())
}

type Benches<'a> = BenchmarkGroup<'a, WallTime>;

/// Measures one way to consume, over a store that is made anew for each run.
fn measure<S, F: Future<Output = u64>>(
    benches: &mut Benches<'_>,
    name: &str,
    open: impl Fn() -> (Option<TempDir>, S),
    consume: impl Fn(S) -> F,
) {
    let runtime = Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("there is a clock");
    let mut commits = 0;
    benches.bench_function(name, |bencher| {
        bencher.iter_with_large_drop(|| {
            let (folder, store) = open();
            commits = runtime.block_on(consume(store));
            folder
        });
    });
    println!("{name}: {EVENTS} changes came once each, with {commits} commits");
}

fn million(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("a million changes");
    benches.throughput(Throughput::Elements(EVENTS));
    benches.sample_size(10);
    let b = &mut benches;
    measure(b, "in memory, in batches", in_memory, in_batches);
    measure(b, "in memory, in step", in_memory, in_step);
    measure(b, "in memory, one by one", in_memory, one_by_one);
    measure(b, "in memory, by hand", in_memory, by_hand);
    measure(b, "in a file, in batches", in_file, in_batches);
    measure(b, "in a file, in step", in_file, in_step);
    measure(b, "in a file, one by one", in_file, one_by_one);
    measure(b, "in a file, by hand", in_file, by_hand);
    benches.finish();
}

criterion_group!(benches, million);
criterion_main!(benches);
