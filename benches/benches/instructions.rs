//! How many instructions do the hot operations of singleflight take?
//!
//! Counted under valgrind, so that a noisy machine does not matter. `.ci/run instructions` runs
//! this for two commits and fails where a count has risen; hashes and keys are fixed.
#![allow(
    missing_docs,
    unused_qualifications,
    reason = "what gungraun's macros expand to"
)]

use std::hint::black_box;

use forebay_bench::crowd::{Crowd, Group, alone, group};
use gungraun::{library_benchmark, library_benchmark_group, main};

/// Returns a group that has served a call, so that its table is there.
fn warm<K: Clone + Eq + std::hash::Hash + Send + 'static>(key: K) -> (Group<K>, K) {
    let group = group();
    alone(&group, &key);
    (group, key)
}

#[library_benchmark]
#[bench::number(warm(7_u64))]
#[bench::text(warm("user:1234567".to_owned()))]
fn uncontended<K: Clone + Eq + std::hash::Hash + Send + 'static>(
    (group, key): (Group<K>, K),
) -> (u64, Group<K>, K) {
    (alone(black_box(&group), black_box(&key)), group, key)
}

#[library_benchmark]
#[bench::first(Crowd::new(&7_u64, 0))]
#[bench::hundredth(Crowd::new(&7_u64, 99))]
fn join(mut crowd: Crowd) -> Crowd {
    black_box(&mut crowd).join();
    crowd
}

#[library_benchmark]
#[bench::hundred(Crowd::new(&7_u64, 100))]
fn complete(mut crowd: Crowd) -> (u64, Crowd) {
    (black_box(&mut crowd).complete(), crowd)
}

#[library_benchmark]
#[bench::of_hundred(Crowd::new(&7_u64, 100))]
fn cancel(mut crowd: Crowd) -> Crowd {
    black_box(&mut crowd).cancel();
    crowd
}

library_benchmark_group!(
    name = singleflight,
    benchmarks = [uncontended, join, complete, cancel]
);
main!(library_benchmark_groups = singleflight);
