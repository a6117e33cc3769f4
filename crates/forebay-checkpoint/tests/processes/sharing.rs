use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use forebay_checkpoint::{CheckpointError, FileStore};
use forebay_core::{CheckpointStore, Commit};
use futures::executor::block_on;

use crate::other::Other;
use crate::{KEY, OTHER_KEY, at, names, nowhere};

fn serve(path: &std::path::Path) -> Other {
    let mut other = Other::start(path, "serve");
    assert_eq!(other.hear().as_deref(), Some("ready"));
    other
}

#[test]
fn what_another_process_commits_is_seen_when_it_is_asked_for() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let mut other = serve(&path);
    assert_eq!(other.ask("commit 7 5"), "advanced");
    assert_eq!(store.load_now(&KEY), None);
    assert_eq!(store.load_fresh_blocking(&KEY).unwrap(), Some(at(5)));
    assert_eq!(other.ask("commit 7 7"), "advanced");
    let current = at(7);
    let commit = store.commit_blocking(&KEY, at(6)).unwrap();
    assert_eq!(commit, Commit::Unchanged { current });
    // Its file takes the place of this one, more than once.
    // As long as it is open, no other file is given its number.
    let first = File::open(&path).unwrap();
    for sequence in (10..400).step_by(10) {
        assert_eq!(other.ask(&format!("commit 7 {sequence}")), "advanced");
        let found = block_on(store.load_fresh(&KEY)).unwrap();
        assert_eq!(found, Some(at(sequence)));
        for step in 1..10 {
            store.commit_blocking(&KEY, at(sequence + step)).unwrap();
        }
    }
    let inodes = [first.metadata(), fs::metadata(&path)].map(|found| found.unwrap().ino());
    assert_ne!(inodes[0], inodes[1]);
}

/// Each of four commits in turn, a key of its own and one of all, and each of the others sees both.
#[test]
fn four_processes_see_what_each_of_them_commits() {
    let (folder, path) = nowhere();
    let mut others: Vec<_> = (0..4).map(|_| serve(&path)).collect();
    for sequence in 1..=60_u64 {
        let writer = sequence as usize % others.len();
        let own = 20 + writer;
        assert_eq!(
            others[writer].ask(&format!("commit {own} {sequence}")),
            "advanced"
        );
        assert_eq!(
            others[writer].ask(&format!("commit 7 {sequence}")),
            "advanced"
        );
        for other in &mut others {
            assert_eq!(other.ask(&format!("fresh {own}")), sequence.to_string());
            assert_eq!(other.ask("fresh 7"), sequence.to_string());
        }
        let behind = &mut others[(writer + 1) % 4];
        let answer = behind.ask(&format!("commit 7 {}", sequence - 1));
        assert_eq!(answer, format!("unchanged {sequence}"));
    }
    drop(others);
    assert_eq!(names(&folder), ["offsets"]);
}

#[test]
fn a_watch_sees_what_another_process_commits() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let mut watch = store.watch(&KEY);
    let mut other = serve(&path);
    assert_eq!(block_on(watch.next()).unwrap(), Some(at(1)));
    assert_eq!(other.ask("watch 7"), "1");
    assert_eq!(other.ask("commit 7 2"), "advanced");
    assert_eq!(block_on(watch.next()).unwrap(), Some(at(2)));
    assert_eq!(other.ask("next"), "2");
    // And the other way round.
    store.commit_blocking(&KEY, at(3)).unwrap();
    assert_eq!(other.ask("next"), "3");
    block_on(store.remove(&KEY)).unwrap();
    assert_eq!(other.ask("next"), "nothing");
}

#[test]
fn a_claim_is_fenced_by_one_of_another_process() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let claim = block_on(store.claim(&KEY)).unwrap();
    block_on(claim.commit(at(1))).unwrap();
    let mut other = serve(&path);
    assert_eq!(other.ask("claim 7"), "claimed");
    let error = block_on(claim.commit(at(2))).unwrap_err();
    assert!(matches!(error, CheckpointError::Fenced { .. }));
    assert_eq!(other.ask("claimed 2"), "advanced");
    // Who shares the key without a claim is not fenced, and fences nobody.
    assert!(block_on(store.commit(&KEY, at(3))).unwrap().is_advanced());
    assert_eq!(other.ask("claimed 4"), "advanced");
    block_on(store.reset(&KEY, at(9))).unwrap();
    assert_eq!(other.ask("claimed 10"), "fenced");
    // A file that took the place of the other still knows.
    assert_eq!(other.ask("claim 7"), "claimed");
    let claim = block_on(store.claim(&KEY)).unwrap();
    for sequence in 10..200 {
        store.commit_blocking(&OTHER_KEY, at(sequence)).unwrap();
        other.ask(&format!("commit 8 {sequence}"));
    }
    assert_eq!(other.ask("claimed 10"), "fenced");
    block_on(claim.commit(at(10))).unwrap();
}

/// The older store wrote its whole map each time, and with it keys that others had removed.
#[test]
fn what_one_process_removes_no_other_brings_back() {
    let (_folder, path) = nowhere();
    let mut other = serve(&path);
    assert_eq!(other.ask("commit 7 10"), "advanced");
    let store = FileStore::open(&path).unwrap();
    block_on(store.remove(&KEY)).unwrap();
    assert_eq!(other.ask("load 7"), "10");
    assert_eq!(other.ask("commit 8 1"), "advanced");
    assert_eq!(other.ask("load 7"), "nothing");
    store.close_blocking().unwrap();
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), None);
    assert_eq!(store.load_now(&OTHER_KEY), Some(at(1)));
}

/// With the older store the reset was undone, and the events between were skipped for good.
#[test]
fn what_one_process_resets_no_other_moves_on() {
    let (_folder, path) = nowhere();
    let mut other = serve(&path);
    assert_eq!(other.ask("commit 7 1000"), "advanced");
    let store = FileStore::open(&path).unwrap();
    // By a reset, and by removing and committing, which is as good.
    for lower in [3, 2] {
        if lower == 3 {
            block_on(store.reset(&KEY, at(lower))).unwrap();
        } else {
            block_on(store.remove(&KEY)).unwrap();
            assert!(
                store
                    .commit_blocking(&KEY, at(lower))
                    .unwrap()
                    .is_advanced()
            );
        }
        for sequence in 1..100 {
            other.ask(&format!("commit 8 {}", lower * 1_000 + sequence));
        }
        assert_eq!(other.ask("load 7"), lower.to_string());
        assert_eq!(store.load_fresh_blocking(&KEY).unwrap(), Some(at(lower)));
    }
    store.close_blocking().unwrap();
    assert_eq!(FileStore::open(&path).unwrap().load_now(&KEY), Some(at(2)));
}

/// With the older store that said it was removed, and the key stayed.
#[test]
fn a_key_that_was_never_seen_here_is_removed_all_the_same() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let mut other = serve(&path);
    assert_eq!(other.ask("commit 7 10"), "advanced");
    assert_eq!(store.load_now(&KEY), None);
    assert_eq!(block_on(store.remove(&KEY)).unwrap(), Some(at(10)));
    assert_eq!(other.ask("fresh 7"), "nothing");
}

/// With the older store the file that somebody held was no longer the one that others locked.
#[test]
fn a_file_that_was_removed_is_not_written_by_those_who_have_it_open() {
    let (folder, path) = nowhere();
    let mut other = serve(&path);
    assert_eq!(other.ask("commit 7 10"), "advanced");
    let store = FileStore::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(other.ask("commit 8 1"), "advanced");
    assert!(store.commit_blocking(&KEY, at(2)).unwrap().is_advanced());
    assert_eq!(other.ask("fresh 7"), "2");
    assert_eq!(store.load_fresh_blocking(&OTHER_KEY).unwrap(), Some(at(1)));
    assert_eq!(names(&folder), ["offsets"]);
}

/// Whoever wrote it may have died before its sync, and what was seen must not be lost.
#[test]
fn what_others_wrote_is_synced_before_it_is_seen() {
    let (_folder, path) = nowhere();
    let mut other = serve(&path);
    assert_eq!(other.ask("commit 7 1"), "advanced");
    assert_eq!(other.ask("commit 7 2"), "advanced");
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(2)));
    assert_eq!(store.stats().syncs, 1);
    // There is nothing new.
    assert_eq!(store.load_fresh_blocking(&KEY).unwrap(), Some(at(2)));
    assert_eq!(store.stats().syncs, 1);
    assert_eq!(other.ask("commit 7 3"), "advanced");
    assert_eq!(store.load_fresh_blocking(&KEY).unwrap(), Some(at(3)));
    assert_eq!(store.stats().syncs, 2);
    // Where nothing is written, the answer builds on what was read.
    assert_eq!(other.ask("commit 7 4"), "advanced");
    let current = at(4);
    let commit = store.commit_blocking(&KEY, at(1)).unwrap();
    assert_eq!(commit, Commit::Unchanged { current });
    assert_eq!((store.stats().syncs, store.stats().blocks), (3, 0));
    // One sync serves for what was read and what is written.
    assert_eq!(other.ask("commit 7 5"), "advanced");
    store.commit_blocking(&KEY, at(6)).unwrap();
    assert_eq!((store.stats().syncs, store.stats().blocks), (4, 1));
    assert_eq!(store.stats().foreign_blocks, 5);
}
