//! What does an event cost on its way through the log?
//!
//! To append it, alone and with others, whoever is there; to read it, one by one and side by side; to
//! wake those who wait; and what it takes to come, to come back and to let go of what was kept.
//! Beside tokio's broadcast channel where that does the same. Everything runs on one thread and is
//! polled by hand.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use forebay_bench::events::follow::Follow;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// How many events are kept for somebody who reads them later: what a ring of this size holds.
const BACKLOG: u64 = 16_384;

/// Tokio's ring with so many receivers.
fn ring(receivers: usize) -> (Sender<u64>, Vec<Receiver<u64>>) {
    let (sender, _) = broadcast::channel(BACKLOG as usize);
    let receivers = (0..receivers).map(|_| sender.subscribe()).collect();
    (sender, receivers)
}

fn append(criterion: &mut Criterion) {
    for readers in [1, 100, 10_000] {
        let mut benches = criterion.benchmark_group(format!("append, {readers} present"));
        benches.throughput(Throughput::Elements(1));
        let mut log = Follow::new(readers);
        benches.bench_function("forebay", |bencher| {
            bencher.iter_custom(|times| timed(&mut log, times, 1, Follow::append));
        });
        let (sender, _receivers) = ring(readers);
        benches.bench_function("broadcast", |bencher| {
            bencher.iter(|| sender.send(black_box(7)));
        });
        benches.finish();
    }
    let mut benches = criterion.benchmark_group("append of 64 at once");
    benches.throughput(Throughput::Elements(64));
    let mut log = Follow::new(1);
    benches.bench_function("forebay", |bencher| {
        bencher.iter_custom(|times| timed(&mut log, times, 64, |log| log.append_all(64)));
    });
    benches.finish();
}

/// Times appends of so many events each. Readers catch up from time to time, outside of what is
/// timed: what they have not read is kept for them, and would soon fill the memory.
fn timed(log: &mut Follow, times: u64, events: u64, append: fn(&mut Follow)) -> Duration {
    let mut took = Duration::ZERO;
    let mut left = times;
    while left > 0 {
        let now = left.min(4 * BACKLOG / events);
        let begun = Instant::now();
        (0..now).for_each(|_| append(log));
        took += begun.elapsed();
        log.catch_up();
        left -= now;
    }
    took
}

fn drain(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("drain of 16,384");
    benches.throughput(Throughput::Elements(BACKLOG));
    let backlog = || Follow::backlog(BACKLOG as usize);
    let full = || {
        let (sender, mut receivers) = ring(1);
        for event in 2..2 + BACKLOG {
            let _ = sender.send(event);
        }
        receivers.pop().expect("there is one")
    };
    let empty = |receiver: &mut Receiver<u64>| {
        let events = std::iter::from_fn(|| receiver.try_recv().ok());
        events.sum::<u64>()
    };
    // All find the same, so that none is quick by finding nothing.
    let sum = (2..2 + BACKLOG).sum::<u64>();
    assert_eq!(backlog().drain(), sum);
    assert_eq!(backlog().drain_slices(), sum);
    assert_eq!(empty(&mut full()), sum);
    benches.bench_function("forebay, next", |bencher| {
        bencher.iter_batched_ref(backlog, Follow::drain, BatchSize::LargeInput);
    });
    benches.bench_function("forebay, slices", |bencher| {
        bencher.iter_batched_ref(backlog, Follow::drain_slices, BatchSize::LargeInput);
    });
    benches.bench_function("broadcast", |bencher| {
        bencher.iter_batched_ref(full, empty, BatchSize::LargeInput);
    });
    benches.finish();
}

fn wake(criterion: &mut Criterion) {
    for readers in [1, 100, 10_000] {
        let mut benches = criterion.benchmark_group(format!("event to {readers} who wait"));
        benches.throughput(Throughput::Elements(readers as u64));
        let mut log = Follow::new(readers);
        let mut follow = || {
            log.park();
            log.append();
            log.wake();
            log.take()
        };
        assert_eq!(follow(), readers);
        benches.bench_function("forebay", |bencher| bencher.iter(&mut follow));
        let (sender, mut receivers) = ring(readers);
        let mut follow = || receive(&sender, &mut receivers);
        assert_eq!(follow(), readers);
        benches.bench_function("broadcast", |bencher| bencher.iter(&mut follow));
        benches.finish();
    }
}

/// Lets every receiver wait, sends one event, and returns how many received it.
fn receive(sender: &Sender<u64>, receivers: &mut [Receiver<u64>]) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    let waiting = receivers.iter_mut().map(|receiver| {
        let mut waiting = Box::pin(receiver.recv());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        waiting
    });
    let mut waiting: Vec<_> = waiting.collect();
    let _ = sender.send(black_box(7));
    let received = waiting
        .iter_mut()
        .filter_map(|waiting| pin!(waiting).poll(&mut cx).is_ready().then_some(()));
    received.count()
}

fn come_and_go(criterion: &mut Criterion) {
    const WINDOW: usize = 1_000_000;
    let mut benches = criterion.benchmark_group("come and go");
    let log = Follow::new(1);
    benches.bench_function("subscribe", |bencher| {
        bencher.iter_with_large_drop(|| log.subscribe());
    });
    benches.bench_function("subscribe and go", |bencher| {
        bencher.iter(|| drop(log.subscribe()));
    });
    let log = Follow::window(WINDOW);
    let mut first = log.resume(WINDOW as u64 / 2);
    let found = first.try_next().map(|event| event.map(|event| *event));
    assert_eq!(found, Ok(Some(2 + WINDOW as u64 / 2)));
    benches.bench_function("resume in the middle of a million", |bencher| {
        bencher.iter(|| drop(log.resume(black_box(WINDOW as u64 / 2))));
    });
    benches.finish();
}

fn drop_backlog(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("drop of 16,384");
    benches.throughput(Throughput::Elements(BACKLOG));
    let backlog = || Follow::backlog(BACKLOG as usize);
    benches.bench_function("forebay", |bencher| {
        bencher.iter_batched(backlog, Follow::free, BatchSize::LargeInput);
    });
    benches.finish();
}

criterion_group!(benches, append, drain, wake, come_and_go, drop_backlog);
criterion_main!(benches);
