use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use forebay_checkpoint::{FileStore, OnCorrupt};
use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
use futures::executor::block_on;

use crate::reader::{Contents, Held, Value, read};
use crate::{KEY, OTHER_KEY, at, nowhere};

const GOLDEN: &[u8] = include_bytes!("../golden/format_1.checkpoints");

fn key(number: u8) -> ResumeKey {
    ResumeKey::from_bytes([number; 32])
}

/// Reads the file, and compares what has a position or a label with what the store lists.
fn compare(store: &FileStore) -> Contents {
    // Nothing is written by then any more.
    block_on(store.flush()).unwrap();
    let contents = read(&fs::read(store.path()).unwrap()).unwrap();
    let listed = store.rows().into_iter().map(|row| {
        let value = row.checkpoint.map(|checkpoint| Value {
            log: checkpoint.cursor().log().get(),
            sequence: checkpoint.sequence().get(),
            event_id: checkpoint.event_id().map(str::to_owned),
        });
        let label = row.label.map(|label| label.to_string());
        (*row.key.as_bytes(), (value, label))
    });
    let held = contents.keys.iter();
    let held = held.map(|(key, held)| (*key, (held.value.clone(), held.label.clone())));
    let held: BTreeMap<_, _> = held
        .filter(|(_, (value, label))| value.is_some() || label.is_some())
        .collect();
    assert_eq!(held, listed.collect());
    contents
}

fn held(contents: &Contents, key: ResumeKey) -> Held {
    contents
        .keys
        .get(key.as_bytes())
        .cloned()
        .unwrap_or_default()
}

#[test]
fn whatever_is_written_reads_as_described() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let elsewhere = Cursor::new(LogId::new(u64::MAX), Sequence::new(u64::MAX));
    block_on(store.commit(&KEY, at(0))).unwrap();
    assert_eq!(compare(&store).generation, 1);
    for event_id in [
        "",
        "x",
        "1234567",
        "12345678",
        "\u{1f980}",
        &"long".repeat(10_000),
    ] {
        let next = store.load_now(&KEY).unwrap().sequence().get() + 1;
        let next = at(next).with_event_id(event_id);
        store.commit_blocking(&KEY, next).unwrap();
        compare(&store);
    }
    block_on(store.commit(&OTHER_KEY, elsewhere.into())).unwrap();
    let many = (20..80).map(|number| (key(number), at(number.into())));
    block_on(store.commit_many(many.collect())).unwrap();
    block_on(store.label(&KEY, Some("one"))).unwrap();
    block_on(store.label(&KEY, Some("another, \u{e9}"))).unwrap();
    block_on(store.label(&key(90), Some("no position"))).unwrap();
    block_on(store.label(&key(20), Some("taken away"))).unwrap();
    block_on(store.label(&key(20), None)).unwrap();
    block_on(store.label(&key(21), Some("goes with its key"))).unwrap();
    assert_eq!(held(&compare(&store), KEY).epoch, 0);

    block_on(store.remove(&key(21))).unwrap();
    let gone = Held {
        epoch: 1,
        ..Held::default()
    };
    assert_eq!(held(&compare(&store), key(21)), gone);
    block_on(store.reset(&KEY, at(2))).unwrap();
    assert_eq!(held(&compare(&store), KEY).epoch, 1);
    let mut claim = block_on(store.claim(&KEY)).unwrap();
    let found = held(&compare(&store), KEY);
    assert!(found.is_claimed && found.epoch == claim.epoch() && found.value.is_some());
    block_on(claim.commit(at(3))).unwrap();
    assert_eq!(held(&compare(&store), KEY).epoch, claim.epoch());
    block_on(claim.reset(at(1))).unwrap();
    let found = held(&compare(&store), KEY);
    assert!(
        found.is_claimed && found.epoch == claim.epoch(),
        "{found:?}"
    );
    let nothing = block_on(store.claim(&key(91))).unwrap();
    let found = held(&compare(&store), key(91));
    assert!(found.is_claimed && found.epoch == nothing.epoch() && found.value.is_none());
    store.close_blocking().unwrap();
    compare(&FileStore::open(&path).unwrap());
}

/// Fills a store until its file is replaced; returns the old one, and what the new one has.
fn replaced(path: &Path) -> (Contents, Contents) {
    // Whoever opens the store may replace its file after that, for what it has already.
    let mut old = File::open(path).unwrap();
    let store = FileStore::options().compact_from(1).open(path).unwrap();
    for sequence in 100.. {
        block_on(store.commit(&OTHER_KEY, at(sequence))).unwrap();
        block_on(store.flush()).unwrap();
        if store.stats().replacements > 0 {
            break;
        }
    }
    let mut bytes = Vec::new();
    old.read_to_end(&mut bytes).unwrap();
    (read(&bytes).unwrap(), compare(&store))
}

#[test]
fn a_file_that_took_the_place_of_another_reads_as_described() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let claims = block_on(async {
        store
            .commit(&KEY, at(5).with_event_id("five"))
            .await
            .unwrap();
        store.label(&KEY, Some("orders")).await.unwrap();
        store.label(&key(90), Some("no position")).await.unwrap();
        for number in 20..24 {
            store.reset(&key(number), at(1)).await.unwrap();
        }
        // Three times as many epochs as of any key that stays.
        for _ in 0..3 {
            store.remove(&key(20)).await.unwrap();
            store.commit(&key(20), at(1)).await.unwrap();
        }
        store.remove(&key(20)).await.unwrap();
        let claim = store.claim(&key(22)).await.unwrap();
        let nothing = store.claim(&key(91)).await.unwrap();
        [(key(22), claim.epoch()), (key(91), nothing.epoch())]
    });
    let removed = held(&compare(&store), key(20));
    store.close_blocking().unwrap();

    let (old, new) = replaced(&path);
    assert_eq!(old.moved, Some(new.generation));
    assert_eq!(new.generation, old.generation + 1);
    assert!(new.base as usize <= new.tail && new.base > 64);
    // Of what was removed one number is kept.
    assert!(!new.keys.contains_key(key(20).as_bytes()));
    assert_eq!(new.floor, removed.epoch);
    for (key, epoch) in claims {
        let found = held(&new, key);
        assert!(found.is_claimed && found.epoch == epoch, "{found:?}");
    }
    assert_eq!(held(&new, KEY), held(&old, KEY));
    // So an epoch is never given again.
    let store = FileStore::open(&path).unwrap();
    let claim = block_on(store.claim(&key(20))).unwrap();
    assert!(claim.epoch() > removed.epoch);
}

#[test]
fn what_salvage_leaves_reads_as_described() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    for sequence in 1..=5 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
        store.commit_blocking(&OTHER_KEY, at(sequence)).unwrap();
    }
    store.close_blocking().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let before = read(&bytes).unwrap();
    bytes[64 + 88 + 88 + 30] ^= 1;
    assert!(read(&bytes).unwrap_err().starts_with("damage at 240"));
    fs::write(&path, &bytes).unwrap();
    let store = FileStore::options().on_corrupt(OnCorrupt::Salvage);
    let after = compare(&store.open(&path).unwrap());
    assert_eq!(after.keys, before.keys);
    assert!(after.generation > before.generation);
}

#[test]
fn the_file_that_was_written_from_the_description_reads_as_described() {
    let contents = read(GOLDEN).unwrap();
    let value = |sequence, event_id: Option<&str>| {
        let event_id = event_id.map(str::to_owned);
        let log = 9;
        Some(Value {
            log,
            sequence,
            event_id,
        })
    };
    let label = "orders, by \u{e9}v\u{e9}nement".to_owned();
    let expected = [
        (1, false, None, None),
        (0, false, value(u64::MAX, Some("x")), Some(label)),
        (2, true, value(5, Some("")), None),
    ];
    for (number, (epoch, is_claimed, value, label)) in (0..).zip(expected) {
        let expected = Held {
            epoch,
            is_claimed,
            value,
            label,
        };
        assert_eq!(held(&contents, key(number)), expected);
    }
    let (_folder, path) = nowhere();
    fs::write(&path, GOLDEN).unwrap();
    compare(&FileStore::open(&path).unwrap());
    let behind = Checkpoint::new(Cursor::new(LogId::new(9), Sequence::new(4)));
    let store = FileStore::open(&path).unwrap();
    assert!(
        !store
            .commit_blocking(&key(2), behind)
            .unwrap()
            .is_advanced()
    );
}
