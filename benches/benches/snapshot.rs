//! What does it cost to take a snapshot, to serve it, and to install it?
//!
//! A state of a million numbers. What a provider does at the start and at the end of it, and for the
//! first follower and the next; what a follower does, beside decoding and building alone; and the whole
//! state served in batches by a map without order that is read by index, which is how this is done where
//! nobody thinks of it.

use std::hint::black_box;
use std::time::Instant;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use forebay_bench::catchup::transfer::{Shelf, Transfer, numbers};
use imbl::{HashMap, OrdMap};

const ITEMS: u64 = 1_000_000;

fn take(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("take");
    for items in [1_000, 100_000, ITEMS] {
        let state = numbers(items);
        benches.bench_function(format!("snapshot of {items}"), |bencher| {
            bencher.iter(|| black_box(&state).clone());
        });
    }
    benches.finish();
}

fn serve(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("serve");
    let mut shelf = Shelf::new(numbers(ITEMS), 64 << 20);
    for (place, chunk) in [("start", 0), ("end", shelf.chunks() - 1)] {
        assert!(!shelf.fetch(chunk).is_empty());
        benches.bench_function(format!("chunk at the {place}, kept"), |bencher| {
            bencher.iter(|| shelf.fetch(black_box(chunk)));
        });
    }
    let mut shelf = Shelf::new(numbers(ITEMS), 0);
    for (place, chunk) in [("start", 0), ("end", shelf.chunks() - 1)] {
        benches.bench_function(format!("chunk at the {place}, encoded again"), |bencher| {
            bencher.iter(|| shelf.fetch(black_box(chunk)));
        });
    }
    benches.finish();
}

fn whole(criterion: &mut Criterion) {
    // By index it takes a square of the size, so that a tenth of the items is a hundredth of the time.
    const FEWER: u64 = ITEMS / 10;
    let mut benches = criterion.benchmark_group("whole state");
    benches
        .sample_size(10)
        .throughput(Throughput::Elements(FEWER));
    let ordered: OrdMap<u64, u64> = numbers(FEWER);
    let plain: HashMap<u64, u64> = ordered.iter().map(|(key, value)| (*key, *value)).collect();
    for batch in [100, 1_000] {
        let by_index = || {
            let starts = (0..FEWER as usize).step_by(batch);
            let sums = starts.map(|start| {
                let items = plain.iter().skip(start).take(batch);
                items.map(|(key, _)| *key).fold(0, u64::wrapping_add)
            });
            sums.fold(0, u64::wrapping_add)
        };
        let by_key = || {
            let (mut sum, mut from) = (0_u64, 0);
            loop {
                let items = ordered.range(from..).take(batch);
                let mut last = None;
                for (key, _) in items {
                    sum = sum.wrapping_add(*key);
                    last = Some(*key);
                }
                match last {
                    Some(last) => from = last + 1,
                    None => return sum,
                }
            }
        };
        assert_eq!(by_index(), by_key());
        benches.bench_function(
            format!("without order by index, batches of {batch}"),
            |bencher| {
                bencher.iter(by_index);
            },
        );
        benches.bench_function(format!("by key, batches of {batch}"), |bencher| {
            bencher.iter(by_key);
        });
    }
    benches.finish();
}

fn transfer(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("a million");
    benches
        .sample_size(10)
        .throughput(Throughput::Elements(ITEMS));
    let transfer = Transfer::new(numbers(ITEMS));
    assert_eq!(transfer.session(), transfer.decode_and_build());
    benches.bench_function("session, verified", |bencher| {
        bencher.iter_with_large_drop(|| transfer.session());
    });
    benches.bench_function("decode and build alone", |bencher| {
        bencher.iter_with_large_drop(|| transfer.decode_and_build());
    });
    benches.bench_function("further follower, at its provider", |bencher| {
        bencher.iter_custom(|times| {
            let begun = Instant::now();
            for _ in 0..times {
                black_box(transfer.serve_again());
            }
            begun.elapsed()
        });
    });
    benches.bench_function("memcpy of as many bytes", |bencher| {
        let bytes = transfer.bytes();
        bencher.iter_batched(|| (), |()| bytes.clone(), BatchSize::LargeInput);
    });
    benches.finish();
}

criterion_group!(benches, take, serve, whole, transfer);
criterion_main!(benches);
