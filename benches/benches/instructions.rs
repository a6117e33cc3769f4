//! How many instructions do the hot operations of singleflight and of the batcher take?
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
use forebay_bench::hand::{Hand, Line};
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

/// Returns a batcher that has served calls, so that what it keeps for the next one is there.
fn served(keys: u64) -> Hand {
    let hand = Hand::new(keys);
    let _ = (hand.alone(), hand.many());
    hand
}

#[library_benchmark]
#[bench::number(served(1))]
fn lone(hand: Hand) -> u64 {
    black_box(hand).alone()
}

#[library_benchmark]
#[bench::hundredth(served(200).line(99))]
fn enter(mut line: Line) -> Line {
    black_box(&mut line).enter();
    line
}

#[library_benchmark]
#[bench::waiting(served(200).line(100))]
fn join_waiting(mut line: Line) -> Line {
    black_box(&mut line).join();
    line
}

#[library_benchmark]
#[bench::of_hundred(served(200).line(100))]
fn withdraw(mut line: Line) -> Line {
    black_box(&mut line).cancel();
    line
}

/// Returns so many keys that are under way.
fn sent(keys: usize) -> Line {
    let mut line = served(200).line(keys);
    line.leave();
    line
}

#[library_benchmark]
#[bench::hundred(sent(100))]
fn land(mut line: Line) -> (u64, Line) {
    (black_box(&mut line).land(), line)
}

#[library_benchmark]
#[bench::thousand(Hand::cached(1_000))]
fn hit(hand: Hand) -> u64 {
    black_box(hand).hit(7)
}

#[library_benchmark]
#[bench::thousand(served(1_000))]
fn many(hand: Hand) -> u64 {
    black_box(hand).many()
}

library_benchmark_group!(
    name = singleflight,
    benchmarks = [uncontended, join, complete, cancel]
);
library_benchmark_group!(
    name = batch,
    benchmarks = [lone, enter, join_waiting, withdraw, land, hit, many]
);
main!(library_benchmark_groups = [singleflight, batch]);
