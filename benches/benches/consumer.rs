//! What does it cost to consume: a million changes from a log through a handler to a checkpoint, in one
//! process, with a commit for every thousand and nothing lost?
//!
//! A thread publishes while the consumer reads. Beside the consumer is the loop that one would write by
//! hand, which waits for each of its commits. Files are on the disk of the target folder.
#![allow(clippy::print_stdout, reason = "a bench says what it did")]

use std::convert::Infallible;
use std::future::ready;
use std::hint::black_box;
use std::thread;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use forebay_bench::checkpoints::store::key;
use forebay_checkpoint::{Durability, FileStore, MemoryStore};
use forebay_consumer::{Batch, Consumer, Handler, batches, each};
use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, Sequence};
use forebay_events::{Publisher, Retention, Source};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

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
async fn consume<S: CheckpointStore + 'static>(store: S, handler: impl Handler<u64>) -> u64 {
    let consumer = Consumer::builder(publish(), (store, key(7)), handler)
        .commit_every(COMMIT_EVERY)
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
    let mut total = 0;
    let sum = batches(|batch: Batch<'_, u64>| {
        total += batch.iter().sum::<u64>();
        ready(Ok::<_, Infallible>(()))
    });
    let commits = consume(store, sum).await;
    assert_eq!(black_box(total), TOTAL);
    commits
}

async fn one_by_one<S: CheckpointStore + 'static>(store: S) -> u64 {
    let mut total = 0;
    let sum = each(|number: &u64| {
        total += *number;
        ready(Ok::<_, Infallible>(()))
    });
    let commits = consume(store, sum).await;
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

/// A store in a new file, durable as it is unless it is told otherwise.
fn file(durability: Durability) -> (TempDir, FileStore) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect(DISK_WORKS);
    let options = FileStore::options().durability(durability);
    let store = options.open(folder.path().join("positions"));
    (folder, store.expect(DISK_WORKS))
}

/// Measures one way to consume, over a store that is made anew for each run.
fn measure<S, H, F>(
    benches: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    (name, keep, store): (&str, fn() -> H, fn(&H) -> S),
    consume: impl Fn(S) -> F,
) where
    F: Future<Output = u64>,
{
    benches.bench_function(name, |bencher| {
        let mut commits = 0;
        bencher.iter_with_large_drop(|| {
            let kept = keep();
            commits = runtime.block_on(consume(store(&kept)));
            kept
        });
        println!("  {name}: {EVENTS} events, the last time with {commits} commits");
    });
}

type Kept = (TempDir, FileStore);

fn million(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .expect("there is a thread");
    let mut benches = criterion.benchmark_group("a million changes, a commit for a thousand");
    benches
        .throughput(Throughput::Elements(EVENTS))
        .sample_size(10);

    let memory: (fn() -> MemoryStore, fn(&MemoryStore) -> MemoryStore) =
        (MemoryStore::new, Clone::clone);
    let durable: (fn() -> Kept, fn(&Kept) -> FileStore) =
        (|| file(Durability::Sync), |kept| kept.1.clone());
    let (bench, on) = (&mut benches, &runtime);
    measure(
        bench,
        on,
        ("in memory, in batches", memory.0, memory.1),
        in_batches,
    );
    measure(
        bench,
        on,
        ("in memory, one by one", memory.0, memory.1),
        one_by_one,
    );
    measure(
        bench,
        on,
        ("in memory, by hand", memory.0, memory.1),
        by_hand,
    );
    measure(
        bench,
        on,
        ("in a file, synced, in batches", durable.0, durable.1),
        in_batches,
    );
    measure(
        bench,
        on,
        ("in a file, synced, one by one", durable.0, durable.1),
        one_by_one,
    );
    measure(
        bench,
        on,
        ("in a file, synced, by hand", durable.0, durable.1),
        by_hand,
    );
    benches.finish();
}

criterion_group!(benches, million);
criterion_main!(benches);
