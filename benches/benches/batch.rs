//! What does a key cost through the batcher?
//!
//! Over asking directly for each, for many callers at once; beside what any rendezvous of callers
//! must do; in one load of many keys; and when it is cached, beside the cache itself. The backend
//! costs nothing, and everything runs on one thread.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use foldhash::fast::FixedState;
use forebay_batch::Batcher;
use forebay_bench::reads::hand::Hand;
use forebay_core::{Answers, Load, LoadBatch, LoadResult};
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Rows that are one more than their keys.
#[derive(Clone, Copy)]
struct Rows;

impl Load<u64> for Rows {
    type Value = u64;
    type Error = Infallible;

    async fn load(&self, key: &u64) -> LoadResult<u64, Infallible> {
        Ok(Some(black_box(*key) + 1))
    }
}

impl LoadBatch<u64> for Rows {
    type Value = u64;
    type Error = Infallible;

    async fn load_batch(
        &self,
        keys: &[u64],
        answers: &mut Answers<'_, u64, u64, Infallible>,
    ) -> Result<(), Infallible> {
        for (position, key) in keys.iter().enumerate() {
            answers.set(position, black_box(*key) + 1);
        }
        Ok(())
    }
}

/// What callers who meet cannot do without: a place in a list under one lock, and one wake each.
#[derive(Clone, Default)]
struct Rendezvous(Arc<Mutex<Waiting>>);

type Waiting = Vec<(u64, oneshot::Sender<u64>)>;

impl Rendezvous {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self) {
        tokio::task::yield_now().await;
        let waiting = std::mem::take(&mut *self.waiting());
        for (key, answer) in waiting {
            let _ = answer.send(black_box(key) + 1);
        }
    }
}

impl Load<u64> for Rendezvous {
    type Value = u64;
    type Error = Infallible;

    async fn load(&self, key: &u64) -> LoadResult<u64, Infallible> {
        let (answer, answered) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting();
            waiting.push((*key, answer));
            waiting.len() == 1
        };
        if is_first {
            tokio::spawn(self.clone().answer());
        }
        Ok(answered.await.ok())
    }
}

fn batcher() -> Batcher<u64, u64, Infallible> {
    let builder = Batcher::builder(Rows).hasher(FixedState::default());
    builder.build().expect("the defaults are valid")
}

fn runtime() -> Runtime {
    let built = Builder::new_current_thread().build();
    built.expect("a runtime without drivers needs nothing of the system")
}

/// Loads so many keys, each in a task of its own, and returns the sum of their values.
async fn crowd<L>(loader: L, keys: u64) -> u64
where
    L: Load<u64, Value = u64, Error = Infallible> + Clone + Send + Sync + 'static,
{
    let spawn = |key| {
        let loader = loader.clone();
        tokio::spawn(async move { loader.load(&key).await })
    };
    let tasks: Vec<_> = (0..keys).map(spawn).collect();
    let mut sum = 0;
    for task in tasks {
        if let Ok(Ok(Some(value))) = task.await {
            sum += value;
        }
    }
    sum
}

fn callers(criterion: &mut Criterion) {
    let runtime = runtime();
    for keys in [64, 1_024, 16_384] {
        let mut benches = criterion.benchmark_group(format!("{keys} callers"));
        benches.throughput(Throughput::Elements(keys));
        let sum = (1..=keys).sum::<u64>();
        // Each loader is told what to find, so that none is quick by finding nothing.
        let found = |found: u64| assert_eq!(found, sum);
        found(runtime.block_on(crowd(Rows, keys)));
        benches.bench_function("direct", |bencher| {
            bencher.iter(|| runtime.block_on(crowd(Rows, keys)));
        });
        let rendezvous = Rendezvous::default();
        found(runtime.block_on(crowd(rendezvous.clone(), keys)));
        benches.bench_function("floor", |bencher| {
            bencher.iter(|| runtime.block_on(crowd(rendezvous.clone(), keys)));
        });
        let batcher = batcher();
        found(runtime.block_on(crowd(batcher.clone(), keys)));
        benches.bench_function("batch", |bencher| {
            bencher.iter(|| runtime.block_on(crowd(batcher.clone(), keys)));
        });
        benches.finish();
    }
}

fn lone(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut benches = criterion.benchmark_group("lone load");
    let (rendezvous, batcher) = (Rendezvous::default(), batcher());
    assert_eq!(runtime.block_on(rendezvous.load(&7)), Ok(Some(8)));
    benches.bench_function("floor", |bencher| {
        bencher.iter(|| runtime.block_on(rendezvous.load(black_box(&7))));
    });
    assert_eq!(runtime.block_on(batcher.load(&7)), Ok(Some(8)));
    benches.bench_function("batch", |bencher| {
        bencher.iter(|| runtime.block_on(batcher.load(black_box(&7))));
    });
    let hand = Hand::new(1);
    benches.bench_function("batch, polled by hand", |bencher| {
        bencher.iter(|| black_box(&hand).alone());
    });
    benches.finish();
}

fn many(criterion: &mut Criterion) {
    const KEYS: u64 = 10_000;
    let runtime = runtime();
    let keys: Vec<u64> = (0..KEYS).collect();
    let mut benches = criterion.benchmark_group("load_many of 10,000");
    benches.throughput(Throughput::Elements(KEYS));
    let batcher = batcher();
    let direct = runtime.block_on(Rows.load_many(&keys));
    assert_eq!(runtime.block_on(batcher.load_many(&keys)), direct);
    benches.bench_function("direct", |bencher| {
        bencher.iter(|| runtime.block_on(Rows.load_many(black_box(&keys))));
    });
    benches.bench_function("batch", |bencher| {
        bencher.iter(|| runtime.block_on(batcher.load_many(black_box(&keys))));
    });
    benches.finish();
}

fn hit(criterion: &mut Criterion) {
    const KEYS: u64 = 1_000;
    let mut benches = criterion.benchmark_group("hit");
    let (hasher, lifecycle) = (FixedState::default(), DefaultLifecycle::default());
    let capacity = 2 * KEYS;
    let cache = Cache::with(capacity as usize, capacity, UnitWeighter, hasher, lifecycle);
    (0..KEYS).for_each(|key| cache.insert(key, key + 1));
    let hand = Hand::cached(KEYS);
    for key in 0..KEYS {
        assert_eq!(cache.get(&key), Some(hand.hit(key as usize)));
    }
    // Another key each time, as the same one again and again would hardly be looked for.
    let next = |key: u64| (key + 389) % KEYS;
    benches.bench_function("quick_cache", |bencher| {
        let mut key = 0;
        bencher.iter(|| {
            key = next(key);
            cache.get(&key)
        });
    });
    benches.bench_function("batch", |bencher| {
        let mut key = 0;
        bencher.iter(|| {
            key = next(key);
            hand.hit(key as usize)
        });
    });
    benches.finish();
}

criterion_group!(benches, callers, lone, many, hit);
criterion_main!(benches);
