use std::fs::File;
use std::path::Path;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use forebay_checkpoint::{CheckpointError, EVENT_ID_BYTES_MAX, FileStore, Options};
use forebay_core::{CheckpointStore, Commit, Outcome, StoreError};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::join_all;

use crate::{KEY, OTHER_KEY, at, nowhere};

/// Somebody else who has the lock, as another process would.
pub(crate) fn hold(path: &Path) -> File {
    let file = File::options().read(true).write(true).open(path).unwrap();
    file.lock().unwrap();
    file
}

/// Opens a store that has its file already.
fn begun(options: &Options, path: &Path) -> FileStore {
    let store = options.open(path).unwrap();
    store.commit_blocking(&OTHER_KEY, at(1)).unwrap();
    store
}

fn patient() -> Options {
    FileStore::options().lock_timeout(None)
}

#[test]
fn a_ticket_that_is_dropped_is_carried_out() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    drop(store.submit(&KEY, at(1)).unwrap());
    store.close_blocking().unwrap();
    assert_eq!(FileStore::open(&path).unwrap().load_now(&KEY), Some(at(1)));
}

#[test]
fn a_commit_that_was_never_polled_does_nothing() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    drop(store.commit(&KEY, at(1)));
    block_on(store.flush()).unwrap();
    assert_eq!(store.load_now(&KEY), None);
}

#[test]
fn a_commit_that_was_polled_and_dropped_while_another_has_the_lock_is_made() {
    let (_folder, path) = nowhere();
    let store = begun(&patient(), &path);
    let held = hold(&path);
    let mut commit = Box::pin(store.commit(&KEY, at(5)));
    assert!(
        commit
            .poll_unpin(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(commit);
    assert_eq!(store.load_now(&KEY), None);
    drop(held);
    block_on(store.flush()).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(5)));
    store.close_blocking().unwrap();
    assert_eq!(FileStore::open(&path).unwrap().load_now(&KEY), Some(at(5)));
}

#[test]
fn calls_that_time_out_are_withdrawn_and_leave_nothing() {
    let (_folder, path) = nowhere();
    let options = FileStore::options().lock_timeout(Some(Duration::from_millis(5)));
    let store = begun(&options, &path);
    let held = hold(&path);
    let commits = (1..200).map(|sequence| store.commit(&KEY, at(sequence)));
    for result in block_on(join_all(commits)) {
        let error = result.unwrap_err();
        assert!(
            matches!(error, CheckpointError::LockTimeout { .. }),
            "{error}"
        );
        assert_eq!(error.outcome(), Outcome::NotCommitted);
    }
    // Neither they nor the wait for the lock stand in the way of what comes later.
    drop(held);
    block_on(patient().open(&path).unwrap().commit(&OTHER_KEY, at(2))).unwrap();
    assert_eq!(store.load_now(&KEY), None);
}

#[test]
fn loading_waits_for_nobody() {
    let (_folder, path) = nowhere();
    let store = begun(&patient(), &path);
    let held = hold(&path);
    let ticket = store.submit(&OTHER_KEY, at(2)).unwrap();
    assert_eq!(store.load_now(&OTHER_KEY), Some(at(1)));
    assert_eq!(block_on(store.load(&OTHER_KEY)).unwrap(), Some(at(1)));
    drop(held);
    assert!(ticket.wait().unwrap().is_advanced());
}

#[test]
fn a_full_queue_refuses_tickets_and_lets_commits_wait() {
    let (_folder, path) = nowhere();
    let store = begun(&patient().queue_len_max(2), &path);
    let held = hold(&path);
    let queued: Vec<_> = (1..=2)
        .map(|sequence| store.submit(&KEY, at(sequence)).unwrap())
        .collect();
    assert!(matches!(
        store.submit(&KEY, at(3)),
        Err(CheckpointError::Full)
    ));
    let mut waits = Box::pin(store.commit(&KEY, at(4)));
    assert!(
        waits
            .poll_unpin(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(held);
    assert!(block_on(waits).unwrap().is_advanced());
    for ticket in queued {
        assert!(block_on(ticket).unwrap().is_advanced());
    }
    assert_eq!(store.load_now(&KEY), Some(at(4)));
}

#[test]
fn a_commit_that_is_dropped_while_it_waits_for_room_is_not_made() {
    let (_folder, path) = nowhere();
    let store = begun(&patient().queue_len_max(1), &path);
    let held = hold(&path);
    let queued = store.submit(&OTHER_KEY, at(2)).unwrap();
    let mut waits = Box::pin(store.commit(&KEY, at(1)));
    for _ in 0..3 {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(waits.poll_unpin(&mut cx).is_pending());
    }
    drop(waits);
    drop(held);
    assert!(queued.wait().unwrap().is_advanced());
    block_on(store.flush()).unwrap();
    assert_eq!(store.load_now(&KEY), None);
}

#[test]
fn unless_it_is_set_the_queue_takes_as_many_as_is_said() {
    let (_folder, path) = nowhere();
    let store = begun(&patient(), &path);
    let held = hold(&path);
    let mut last = None;
    for sequence in 0..65_536 {
        last = Some(store.submit(&KEY, at(sequence)).unwrap());
    }
    assert_eq!(store.stats().queued, 65_536);
    let refused = store.submit(&KEY, at(1));
    assert!(matches!(refused, Err(CheckpointError::Full)));
    drop(held);
    assert!(last.unwrap().wait().unwrap().is_advanced());
    assert_eq!(store.stats().queued, 0);
}

#[test]
fn threads_that_find_no_room_wait_for_it() {
    let (_folder, path) = nowhere();
    let store = begun(&patient().queue_len_max(1), &path);
    let held = hold(&path);
    let queued = store.submit(&OTHER_KEY, at(2)).unwrap();
    thread::scope(|scope| {
        let threads: Vec<_> = (1..8)
            .map(|sequence| {
                let store = &store;
                scope.spawn(move || store.commit_blocking(&KEY, at(sequence)))
            })
            .collect();
        drop(held);
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    });
    queued.wait().unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(7)));
}

#[test]
fn what_is_committed_at_once_shares_a_block_and_a_sync() {
    let (_folder, path) = nowhere();
    let store = begun(&patient(), &path);
    let before = store.stats();
    let held = hold(&path);
    let first = store.submit(&KEY, at(1)).unwrap();
    let commits: Vec<_> = (2..100)
        .map(|sequence| store.submit(&KEY, at(sequence)).unwrap())
        .collect();
    drop(held);
    let previous = None;
    assert_eq!(first.wait().unwrap(), Commit::Advanced { previous });
    for (commit, sequence) in commits.into_iter().zip(1_u64..) {
        let previous = Some(sequence.into());
        assert_eq!(commit.wait().unwrap(), Commit::Advanced { previous });
    }
    let after = store.stats();
    assert_eq!(
        (after.blocks - before.blocks, after.syncs - before.syncs),
        (1, 1)
    );
}

#[test]
fn a_commit_that_changes_nothing_writes_and_syncs_nothing() {
    let (_folder, path) = nowhere();
    let store = begun(&patient(), &path);
    // By then the zeros are written ahead.
    block_on(store.flush()).unwrap();
    let before = (store.stats().syncs, std::fs::read(&path).unwrap());
    for sequence in [1, 0] {
        let current = at(1);
        let commit = store.commit_blocking(&OTHER_KEY, at(sequence)).unwrap();
        assert_eq!(commit, Commit::Unchanged { current });
    }
    assert_eq!((store.stats().syncs, std::fs::read(&path).unwrap()), before);
}

#[test]
fn one_commit_of_a_known_key_takes_at_most_72_bytes() {
    let (_folder, path) = nowhere();
    let store = begun(&patient(), &path);
    let written = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.len() - bytes.iter().rev().take_while(|byte| **byte == 0).count()
    };
    let sixteen = "0123456789abcdef";
    store
        .commit_blocking(&OTHER_KEY, at(2).with_event_id(sixteen))
        .unwrap();
    let before = written(&path);
    store
        .commit_blocking(&OTHER_KEY, at(3).with_event_id(sixteen))
        .unwrap();
    assert_eq!(written(&path) - before, 72);
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let long = at(1).with_event_id("e".repeat(EVENT_ID_BYTES_MAX + 1));
    let error = block_on(store.commit(&KEY, long)).unwrap_err();
    assert!(matches!(error, CheckpointError::EventIdTooLong { .. }));
    let error = block_on(store.label(&KEY, Some(&"l".repeat(256)))).unwrap_err();
    assert!(matches!(
        error,
        CheckpointError::LabelTooLong { bytes: 256 }
    ));
    let longest = at(1).with_event_id("e".repeat(EVENT_ID_BYTES_MAX));
    let many = vec![(KEY, longest.clone()); 200];
    let error = block_on(store.commit_many(many)).unwrap_err();
    assert!(matches!(error, CheckpointError::BatchTooLarge { .. }));
    assert!(store.commit_blocking(&KEY, longest).unwrap().is_advanced());
}

#[test]
fn many_threads_commit_through_clones() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    thread::scope(|scope| {
        for first in 0..8 {
            let store = store.clone();
            scope.spawn(move || {
                for step in 0..25 {
                    store.commit_blocking(&KEY, at(first + step * 8)).unwrap();
                }
            });
        }
    });
    assert_eq!(store.load_now(&KEY), Some(at(199)));
    store.close_blocking().unwrap();
    assert_eq!(
        FileStore::open(&path).unwrap().load_now(&KEY),
        Some(at(199))
    );
}
