//! What does a position cost, beside what a disk takes?
//!
//! To commit and to load it, to look whether another process has moved it, to open a file with many,
//! to derive a key, and to take positions out and in again. Beside a JSON file that is rewritten for
//! each commit where that does the same. Files are in memory where the system has such a place.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use forebay_bench::checkpoints::keeper::RewrittenJson;
use forebay_bench::checkpoints::positions::{InFile, InMemory, at};
use forebay_bench::checkpoints::store::{Store, key};
use forebay_checkpoint::{KeyParts, KeyV1, export_json_v1, import_json_v1};
use forebay_core::{LogId, ResumeKey};

const FILE_WORKS: &str = "a file in memory can be written and read";

/// Keys one after the other, far from each other in memory.
fn keys(count: u64) -> impl Iterator<Item = ResumeKey> {
    (0..).map(move |index: u64| key(index * 7_919 % count))
}

/// A JSON file with so many keys, and the folder it is in.
fn json(count: u64) -> (tempfile::TempDir, RewrittenJson) {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let store = RewrittenJson::open(&folder.path().join("store")).expect(FILE_WORKS);
    let all: Vec<_> = (0..count).map(|number| (key(number), 1)).collect();
    store.commit_many(&all).expect(FILE_WORKS);
    (folder, store)
}

fn commit(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("commit");
    benches.throughput(Throughput::Elements(1));
    let mut memory = InMemory::new(1_000);
    benches.bench_function("in memory", |bencher| {
        bencher.iter(|| black_box(&mut memory).commit());
    });
    benches.bench_function("in memory, of what is there", |bencher| {
        bencher.iter(|| black_box(&memory).repeat());
    });
    // What is left of a commit without its sync: two threads, a lock, a look and a write.
    let file = InFile::new(1_000, false).expect(FILE_WORKS);
    let store = file.open().expect(FILE_WORKS);
    let mut sequence = 1;
    benches.bench_function("in a file, not synced", |bencher| {
        bencher.iter(|| {
            sequence += 1;
            store.commit_blocking(&key(sequence % 1_000), at(sequence))
        });
    });
    benches.finish();
}

fn load(criterion: &mut Criterion) {
    for count in [1_000, 100_000] {
        let mut benches = criterion.benchmark_group(format!("load, {count} keys"));
        let keys: Vec<ResumeKey> = keys(count).take(8_192).collect();
        let mut next = keys.iter().cycle();
        let file = InFile::new(count, false).expect(FILE_WORKS);
        let store = file.open().expect(FILE_WORKS);
        benches.bench_function("forebay", |bencher| {
            bencher.iter(|| next.next().map(|key| store.load_now(key)));
        });
        benches.bench_function("forebay, whoever has stored it", |bencher| {
            bencher.iter(|| next.next().map(|key| store.load_fresh_blocking(key)));
        });
        let (_folder, json) = json(count);
        benches.bench_function("json", |bencher| {
            bencher.iter(|| next.next().map(|key| json.load(key)));
        });
        benches.finish();
    }
}

fn open(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("open, 100,000 keys");
    benches.sample_size(10);
    let file = InFile::new(100_000, false).expect(FILE_WORKS);
    // The end of the store before it is none of what opening costs.
    benches.bench_function("forebay", |bencher| {
        bencher.iter_with_large_drop(|| file.open());
    });
    benches.bench_function("forebay, to read", |bencher| {
        bencher.iter_with_large_drop(|| file.read());
    });
    let (folder, _json) = json(100_000);
    let path = folder.path().join("store");
    benches.bench_function("json", |bencher| {
        bencher.iter_with_large_drop(|| RewrittenJson::open(&path));
    });
    benches.finish();

    let mut benches = criterion.benchmark_group("replay of 1,000 commits");
    benches.throughput(Throughput::Elements(1_000));
    let file = InFile::new(1_000, true).expect(FILE_WORKS);
    benches.bench_function("each a step of its own", |bencher| {
        bencher.iter_with_large_drop(|| file.read());
    });
    let file = InFile::new(1_000, false).expect(FILE_WORKS);
    benches.bench_function("in one step", |bencher| {
        bencher.iter_with_large_drop(|| file.read());
    });
    benches.finish();
}

fn derive(criterion: &mut Criterion) {
    const FILTER: &str = r#"{"region": "eu", "kinds": ["order", "refund"], "min": 10.5}"#;
    let mut benches = criterion.benchmark_group("key");
    benches.bench_function("of two parts and a filter", |bencher| {
        bencher.iter(|| {
            let parts = KeyParts::new().part("topic", black_box("orders"));
            parts
                .part("consumer", "billing")
                .json("filter", FILTER)
                .key()
        });
    });
    benches.bench_function("of old", |bencher| {
        bencher.iter(|| KeyV1::new(black_box("https://example.org"), "orders", FILTER).key());
    });
    benches.finish();
}

fn carry_over(criterion: &mut Criterion) {
    let mut benches = criterion.benchmark_group("1,000 keys as JSON");
    let file = InFile::new(1_000, false).expect(FILE_WORKS);
    let rows = file.read().expect(FILE_WORKS).rows();
    benches.bench_function("out", |bencher| {
        bencher.iter(|| export_json_v1(black_box(&rows)));
    });
    let text = export_json_v1(&rows);
    benches.bench_function("in", |bencher| {
        let text = || text.clone().into_bytes();
        let read = |text: Vec<u8>| import_json_v1(&text, LogId::new(1));
        bencher.iter_batched(text, read, BatchSize::SmallInput);
    });
    benches.finish();
}

criterion_group!(benches, commit, load, open, derive, carry_over);
criterion_main!(benches);
