use std::fs;
use std::time::Duration;

use forebay_checkpoint::{FileStore, OnCorrupt};
use forebay_core::{CheckpointStore, Commit};
use futures::executor::block_on;

use crate::calling::hold;
use crate::{KEY, OTHER_KEY, at, nowhere};

#[test]
fn what_was_done_is_counted() {
    let (_folder, path) = nowhere();
    let hasty = Some(Duration::from_millis(5));
    let store = FileStore::options()
        .lock_timeout(hasty)
        .open(&path)
        .unwrap();
    assert_eq!(store.stats(), Default::default());
    block_on(async {
        store.commit(&KEY, at(1)).await.unwrap();
        store.commit(&OTHER_KEY, at(1)).await.unwrap();
        let many = vec![(KEY, at(2)), (OTHER_KEY, at(2)), (KEY, at(2))];
        let Ok([_, _, Commit::Unchanged { .. }]) =
            <[_; 3]>::try_from(store.commit_many(many).await.unwrap())
        else {
            unreachable!();
        };
        store.commit(&KEY, at(1)).await.unwrap();
        store.remove(&OTHER_KEY).await.unwrap();
        let claim = store.claim(&KEY).await.unwrap();
        store.reset(&KEY, at(1)).await.unwrap();
        claim.commit(at(9)).await.unwrap_err();
    });
    let watch = store.watch(&KEY);
    let before = store.stats();
    assert_eq!((before.keys, before.watches, before.queued), (1, 1, 0));
    assert_eq!(
        (before.commits, before.unchanged, before.refused),
        (4, 2, 1)
    );
    // The first commit is in the new file, which was synced before it had its name.
    assert_eq!((before.blocks, before.syncs), (5, 5));
    assert_eq!(before.replacements, 1);
    drop(watch);

    let patient = FileStore::options().lock_timeout(None).open(&path).unwrap();
    let held = hold(&path);
    store.commit_blocking(&KEY, at(2)).unwrap_err();
    drop(held);
    // The thread may still be on its way from the lock, for longer than the hasty one waits.
    block_on(patient.flush()).unwrap();
    let after = store.stats();
    assert_eq!((after.lock_timeouts, after.lock_waits), (1, 1));
    assert_eq!(
        (after.refused, after.blocks),
        (before.refused, before.blocks)
    );
    assert_eq!(after.written_bytes, before.written_bytes);
    store.commit_blocking(&KEY, at(2)).unwrap();
    assert_eq!(store.stats().written_bytes, before.written_bytes + 56);
    assert_eq!(store.stats().watches, 0);
}

#[test]
fn what_salvage_could_not_tell_is_named() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    for key in [KEY, OTHER_KEY] {
        store.commit_blocking(&key, at(1)).unwrap();
    }
    for _ in 0..2 {
        // The second block of the other key stands before the damage, and this one behind it.
        let next = store.load_now(&KEY).unwrap().sequence().get() + 1;
        store.commit_blocking(&KEY, at(next)).unwrap();
    }
    store.close_blocking().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let report = FileStore::verify(&path).unwrap();
    assert_eq!((report.damage, report.blocks, report.records), (None, 4, 4));
    assert_eq!(report.len, bytes.len() as u64);
    assert_eq!((report.salvage, report.torn_bytes), (None, 0));
    let damaged = 64 + 2 * 88;
    bytes[damaged + 30] ^= 1;
    fs::write(&path, &bytes).unwrap();

    let found = FileStore::verify(&path).unwrap().salvage.unwrap();
    assert_eq!(found.gaps, [(damaged as u64, damaged as u64 + 56)]);
    assert_eq!(
        (&found.behind[..], found.lost_records),
        (&[OTHER_KEY][..], 0)
    );
    assert_eq!(found.kept, None);
    let store = FileStore::options().on_corrupt(OnCorrupt::Salvage);
    let store = store.open(&path).unwrap();
    let done = store.salvaged().unwrap();
    assert_eq!((&done.behind, &done.gaps), (&found.behind, &found.gaps));
    assert_eq!((&done.rows, &found.rows), (&store.rows(), &done.rows));
    assert!(fs::read(done.kept.as_ref().unwrap()).unwrap() == bytes);
    assert_eq!((store.stats().salvages, store.stats().lost_records), (1, 0));
    store.close_blocking().unwrap();
    assert_eq!(FileStore::open(&path).unwrap().salvaged(), None);
}
