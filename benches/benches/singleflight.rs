//! What does a call through singleflight cost, alone and in a crowd?
//!
//! Everything is polled by hand on one thread, so no scheduler is in the figures. The floor is what
//! any map of keys under way must do: lock, insert, unlock, lock, remove, unlock.

use std::collections::HashMap;
use std::hash::Hash;
use std::hint::black_box;
use std::sync::Mutex;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use foldhash::fast::FixedState;
use forebay_bench::reads::crowd::{Crowd, alone, group};

fn uncontended(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("uncontended");
    let (number, text) = (7_u64, "user:1234567".to_owned());
    let (numbers, texts) = (group(), group());
    benches.bench_function("u64", |bencher| {
        bencher.iter(|| alone(&numbers, black_box(&number)));
    });
    benches.bench_function("String", |bencher| {
        bencher.iter(|| alone(&texts, black_box(&text)));
    });
    benches.bench_function("floor, u64", |bencher| {
        let map = Mutex::new(HashMap::with_hasher(FixedState::default()));
        bencher.iter(|| floor(&map, black_box(number)));
    });
    benches.bench_function("floor, String", |bencher| {
        let map = Mutex::new(HashMap::with_hasher(FixedState::default()));
        bencher.iter(|| floor(&map, black_box(&text).clone()));
    });
    benches.finish();
}

/// What a call cannot do without: its key is put into a map and taken out again.
fn floor<K: Clone + Eq + Hash>(map: &Mutex<HashMap<K, u64, FixedState>>, key: K) -> Option<u64> {
    let again = key.clone();
    map.lock().expect("nobody panics").insert(key, 7);
    map.lock().expect("nobody panics").remove(&again)
}

fn crowd(criterion: &mut Criterion) {
    for followers in [10, 1_000] {
        let mut benches = criterion.benchmark_group(format!("{followers} followers"));
        benches.throughput(Throughput::Elements(followers as u64));
        benches.bench_function("join", |bencher| {
            bencher.iter_with_large_drop(|| Crowd::new(&7_u64, black_box(followers)));
        });
        let new = || Crowd::new(&7_u64, followers);
        benches.bench_function("complete", |bencher| {
            bencher.iter_batched_ref(new, Crowd::complete, BatchSize::SmallInput);
        });
        let cancel_all = |crowd: &mut Crowd| (0..followers).for_each(|_| crowd.cancel());
        benches.bench_function("cancel", |bencher| {
            bencher.iter_batched_ref(new, cancel_all, BatchSize::SmallInput);
        });
        benches.finish();
    }
}

criterion_group!(benches, uncontended, crowd);
criterion_main!(benches);
