use std::fs::File;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use forebay_checkpoint::{Durability, FileStore};
use forebay_core::{CheckpointStore, Guarantee, Survives};
use futures::FutureExt;
use futures::executor::block_on;

use crate::calling::hold;
use crate::{KEY, OTHER_KEY, at, nowhere};

#[test]
fn a_weak_handle_syncs_nothing_until_it_is_asked_to() {
    let (_folder, path) = nowhere();
    let store = FileStore::options()
        .durability(Durability::Os)
        .open(&path)
        .unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let before = store.stats().syncs;
    for sequence in 2..10 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
    }
    assert_eq!(store.stats().syncs, before);
    assert_eq!(store.load_now(&KEY), Some(at(9)));
    block_on(store.flush()).unwrap();
    assert_eq!(store.stats().syncs, before + 1);
    assert_eq!(store.guarantee(), Guarantee::new(Survives::Crash).atomic());
}

#[test]
fn the_strictest_handle_of_a_batch_decides() {
    let (_folder, path) = nowhere();
    let weak = FileStore::options()
        .durability(Durability::Os)
        .open(&path)
        .unwrap();
    let strict = FileStore::open(&path).unwrap();
    weak.commit_blocking(&KEY, at(1)).unwrap();
    let before = weak.stats();
    let file = File::open(&path).unwrap();
    file.lock().unwrap();
    let tickets = [
        weak.submit(&KEY, at(2)).unwrap(),
        strict.submit(&OTHER_KEY, at(2)).unwrap(),
        weak.submit(&KEY, at(3)).unwrap(),
    ];
    drop(file);
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    let after = weak.stats();
    assert_eq!(
        (after.blocks - before.blocks, after.syncs - before.syncs),
        (1, 1)
    );
}

#[test]
fn an_interval_ends_with_a_sync() {
    let (_folder, path) = nowhere();
    let durability = Durability::Interval(Duration::from_millis(1));
    let store = FileStore::options()
        .durability(durability)
        .open(&path)
        .unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let before = store.stats().syncs;
    store.commit_blocking(&KEY, at(2)).unwrap();
    // It comes without anybody asking for it.
    while store.stats().syncs == before {
        thread::yield_now();
    }
    // And it comes with the last handle, however long the interval.
    let durability = Durability::Interval(Duration::from_secs(3600));
    let slow = FileStore::options()
        .durability(durability)
        .open(&path)
        .unwrap();
    slow.commit_blocking(&KEY, at(3)).unwrap();
    slow.close_blocking().unwrap();
    assert!(store.stats().syncs > before + 1);
}

#[test]
fn the_shortest_interval_of_a_batch_decides() {
    let (_folder, path) = nowhere();
    let every = |durability| {
        let options = FileStore::options().durability(durability);
        options.open(&path).unwrap()
    };
    let hour = every(Durability::Interval(Duration::from_secs(3600)));
    let soon = every(Durability::Interval(Duration::from_millis(1)));
    hour.commit_blocking(&KEY, at(1)).unwrap();
    block_on(hour.flush()).unwrap();
    for (sequence, order) in (2..).zip([[&hour, &soon], [&soon, &hour]]) {
        let before = hour.stats();
        let held = hold(&path);
        let [one, other] = order.map(|store| store.submit(&KEY, at(sequence)).unwrap());
        drop(held);
        one.wait().unwrap();
        other.wait().unwrap();
        assert_eq!(hour.stats().blocks, before.blocks + 1);
        // It comes without anybody asking for it.
        while hour.stats().syncs == before.syncs {
            thread::yield_now();
        }
    }
}

#[test]
fn closing_waits_and_the_file_opens_anew() {
    let (_folder, path) = nowhere();
    for sequence in 1..20 {
        let store = FileStore::open(&path).unwrap();
        let other = store.clone();
        drop(store.submit(&KEY, at(sequence)).unwrap());
        block_on(other.close()).unwrap();
        assert_eq!(store.load_now(&KEY), Some(at(sequence)));
        block_on(store.close()).unwrap();
        // Nobody has the lock any more, nor the file open.
        let file = File::open(&path).unwrap();
        file.try_lock().unwrap();
    }
}

#[test]
fn dropping_the_last_handle_carries_out_what_is_queued() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let ticket = store.submit(&KEY, at(1)).unwrap();
    drop(store);
    assert!(ticket.wait().unwrap().is_advanced());
    assert_eq!(FileStore::open(&path).unwrap().load_now(&KEY), Some(at(1)));
}

#[test]
fn a_watch_gives_the_newest_state_and_ends_with_the_store() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let mut watch = store.watch(&KEY);
    let mut unrelated = store.watch(&OTHER_KEY);
    block_on(async {
        assert_eq!(watch.next().await.unwrap(), None);
        assert_eq!(unrelated.next().await.unwrap(), None);
        for sequence in 1..5 {
            store.commit(&KEY, at(sequence)).await.unwrap();
        }
        assert_eq!(watch.next().await.unwrap(), Some(at(4)));
        store.remove(&KEY).await.unwrap();
        assert_eq!(watch.next().await.unwrap(), None);
    });
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(
        Box::pin(unrelated.next()).poll_unpin(&mut cx),
        Poll::Pending
    ));
    assert_eq!(store.stats().watches, 2);
    block_on(store.close()).unwrap();
    assert!(block_on(watch.next()).is_err());
}

#[test]
fn labels_are_listed_with_keys_and_go_with_them() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    block_on(async {
        store.label(&KEY, Some("orders")).await.unwrap();
        store.label(&OTHER_KEY, Some("users")).await.unwrap();
        store.commit(&OTHER_KEY, at(3)).await.unwrap();
        store.close().await.unwrap();
        let store = FileStore::options().compact_from(1).open(&path).unwrap();
        let listed = |store: &FileStore| {
            let rows = store.rows().into_iter();
            let named = rows.map(|row| (row.key, row.checkpoint, row.label));
            named
                .map(|(key, at, label)| (key, at, label.unwrap().to_string()))
                .collect::<Vec<_>>()
        };
        let expected = [
            (KEY, None, "orders".to_owned()),
            (OTHER_KEY, Some(at(3)), "users".to_owned()),
        ];
        assert_eq!(listed(&store), expected);
        // They outlast a new file.
        let before = store.stats().replacements;
        for sequence in 4..20 {
            store.commit(&OTHER_KEY, at(sequence)).await.unwrap();
        }
        // Each answer comes before the file is replaced.
        store.flush().await.unwrap();
        assert!(store.stats().replacements > before);
        store.remove(&OTHER_KEY).await.unwrap();
        store.close().await.unwrap();
        let store = FileStore::open(&path).unwrap();
        assert_eq!(listed(&store), expected[..1]);
    });
}

#[test]
fn a_file_of_a_thousand_keys_stays_small() {
    let (_folder, path) = nowhere();
    let store = FileStore::options()
        .durability(Durability::Os)
        .open(&path)
        .unwrap();
    let key = |number: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        forebay_core::ResumeKey::from_bytes(bytes)
    };
    let mut longest = 0;
    for round in 1..30 {
        for first in (0..1000).step_by(100) {
            let commits = (first..first + 100).map(|number| (key(number), at(round)));
            block_on(store.commit_many(commits.collect())).unwrap();
        }
        longest = longest.max(std::fs::metadata(&path).unwrap().len());
    }
    assert!(store.stats().replacements > 1);
    assert!(longest <= 512 << 10, "{longest}");
}
