//! How many instructions do the hot operations of singleflight, of the batcher, of the log, of stores
//! of positions and of snapshots take?
//!
//! Counted under valgrind, so that a noisy machine does not matter. `.ci/run instructions` runs
//! this for two commits and fails where a count has risen; hashes and keys are fixed.
#![allow(
    missing_docs,
    unused_qualifications,
    reason = "what gungraun's macros expand to"
)]

use std::hint::black_box;

use forebay_bench::catchup::transfer::{Shelf, Transfer, numbers};
use forebay_bench::checkpoints::positions::{InFile, InMemory};
use forebay_bench::checkpoints::store::key;
use forebay_bench::events::follow::Follow;
use forebay_bench::reads::crowd::{Crowd, Group, alone, group};
use forebay_bench::reads::hand::{Hand, Line};
use forebay_bench::reads::layers::{Layer, Layers};
use forebay_checkpoint::{FileReader, KeyParts};
use forebay_core::{Checkpoint, ResumeKey};
use forebay_events::Subscription;
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

/// Returns layers that have served calls.
fn used() -> Layers {
    let layers = Layers::new();
    for layer in Layer::ALL {
        let _ = (layers.alone(layer, 7), layers.together(layer, &HUNDRED));
    }
    layers
}

/// Keys that are asked for at once.
static HUNDRED: [u64; 100] = {
    let mut keys = [0; 100];
    let mut key = 0;
    while key < 100 {
        keys[key] = key as u64;
        key += 1;
    }
    keys
};

#[library_benchmark]
#[bench::none(used(), Layer::None)]
#[bench::singleflight(used(), Layer::Singleflight)]
#[bench::batch(used(), Layer::Batch)]
#[bench::both(used(), Layer::Both)]
fn path_alone(layers: Layers, layer: Layer) -> (u64, Layers) {
    (black_box(&layers).alone(layer, 7), layers)
}

#[library_benchmark]
#[bench::none(used(), Layer::None)]
#[bench::singleflight(used(), Layer::Singleflight)]
#[bench::batch(used(), Layer::Batch)]
#[bench::both(used(), Layer::Both)]
fn path_of_hundred(layers: Layers, layer: Layer) -> (u64, Layers) {
    (black_box(&layers).together(layer, &HUNDRED), layers)
}

/// Returns a log that has been in use for a while, so that its segments are as long as they get, with
/// a reader that has read everything, and so many events after that.
fn settled(events: usize) -> Follow {
    let mut log = Follow::backlog(5_000);
    log.drain();
    log.fill(events);
    log
}

#[library_benchmark]
#[bench::one_present(settled(0))]
fn append(mut log: Follow) -> Follow {
    black_box(&mut log).append();
    log
}

#[library_benchmark]
#[bench::of_64(settled(0))]
fn append_all(mut log: Follow) -> Follow {
    black_box(&mut log).append_all(64);
    log
}

#[library_benchmark]
#[bench::available(settled(100))]
fn next(mut log: Follow) -> (u64, Follow) {
    (black_box(&mut log).take_next(), log)
}

/// Returns a log whose reader has a whole segment of so many events before it.
fn segment(events: usize) -> Follow {
    let mut log = Follow::backlog(20 * events);
    while log.take_slice() != events {}
    log
}

#[library_benchmark]
#[bench::of_512(segment(512))]
fn next_slice(mut log: Follow) -> (usize, Follow) {
    (black_box(&mut log).take_slice(), log)
}

/// Returns a log for whose next event so many readers wait, as they have before.
fn parked(readers: usize) -> Follow {
    let mut log = Follow::new(readers);
    log.park();
    log.append();
    log.wake();
    log.take();
    log.park();
    log
}

#[library_benchmark]
#[bench::one(parked(1))]
#[bench::hundred(parked(100))]
fn append_to_waiting(mut log: Follow) -> Follow {
    black_box(&mut log).append();
    log
}

#[library_benchmark]
#[bench::one(parked(1))]
#[bench::hundred(parked(100))]
fn wake_and_park(mut log: Follow) -> (usize, Follow) {
    let waiting = black_box(&mut log);
    waiting.append();
    waiting.wake();
    let taken = waiting.take();
    waiting.park();
    (taken, log)
}

#[library_benchmark]
#[bench::one(settled(0))]
fn subscribe(log: Follow) -> (Subscription<u64>, Follow) {
    (black_box(&log).subscribe(), log)
}

#[library_benchmark]
#[bench::in_100_000(Follow::window(100_000))]
fn resume(log: Follow) -> (Subscription<u64>, Follow) {
    (black_box(&log).resume(50_000), log)
}

/// Returns a store of a thousand keys, and one of them.
fn thousand() -> (InMemory, ResumeKey) {
    (InMemory::new(1_000), key(7))
}

#[library_benchmark]
#[bench::of_thousand(thousand())]
fn load((store, key): (InMemory, ResumeKey)) -> (Option<Checkpoint>, InMemory) {
    (black_box(&store).load(black_box(&key)), store)
}

#[library_benchmark]
#[bench::of_thousand(InMemory::new(1_000))]
fn commit(mut store: InMemory) -> (bool, InMemory) {
    (black_box(&mut store).commit(), store)
}

#[library_benchmark]
#[bench::of_thousand(InMemory::new(1_000))]
fn commit_unchanged(store: InMemory) -> (bool, InMemory) {
    (black_box(&store).repeat(), store)
}

/// Returns a file of a thousand keys.
fn file(singly: bool) -> InFile {
    InFile::new(1_000, singly).expect("a file in memory can be written")
}

#[library_benchmark]
#[bench::in_one_step(file(false))]
#[bench::in_a_thousand(file(true))]
fn replay(file: InFile) -> (Option<FileReader>, InFile) {
    (black_box(&file).read().ok(), file)
}

#[library_benchmark]
#[bench::of_parts("eu")]
fn derive(region: &str) -> Option<ResumeKey> {
    let parts = KeyParts::new()
        .part("topic", "orders")
        .part("region", black_box(region));
    parts
        .json("filter", r#"{"kinds": ["order", "refund"], "min": 10.5}"#)
        .key()
        .ok()
}

/// Returns a provider of a state, which keeps so many bytes of it encoded.
fn shelf(cached_bytes_max: usize) -> Shelf {
    Shelf::new(numbers(20_000), cached_bytes_max)
}

#[library_benchmark]
#[bench::kept(shelf(1 << 20))]
#[bench::encoded_again(shelf(0))]
fn serve_chunk(mut shelf: Shelf) -> (usize, Shelf) {
    let chunk = shelf.chunks() - 1;
    (black_box(&mut shelf).fetch(chunk).len(), shelf)
}

#[library_benchmark]
#[bench::of_20_000(Transfer::new(numbers(20_000)))]
fn session(transfer: Transfer) -> (usize, Transfer) {
    (black_box(&transfer).session().len(), transfer)
}

library_benchmark_group!(
    name = singleflight,
    benchmarks = [uncontended, join, complete, cancel]
);
library_benchmark_group!(
    name = batch,
    benchmarks = [lone, enter, join_waiting, withdraw, land, hit, many]
);
library_benchmark_group!(name = paths, benchmarks = [path_alone, path_of_hundred]);
library_benchmark_group!(
    name = events,
    benchmarks = [
        append,
        append_all,
        next,
        next_slice,
        append_to_waiting,
        wake_and_park,
        subscribe,
        resume
    ]
);
library_benchmark_group!(
    name = checkpoint,
    benchmarks = [load, commit, commit_unchanged, replay, derive]
);
library_benchmark_group!(name = snapshot, benchmarks = [serve_chunk, session]);
main!(library_benchmark_groups = [singleflight, batch, paths, events, checkpoint, snapshot]);
