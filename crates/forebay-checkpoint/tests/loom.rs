//! Models of the store in memory that are run through every interleaving of their threads.
//!
//! Run with `RUSTFLAGS="--cfg forebay_loom" cargo test --release --test loom`.
//!
//! * Who watches a key gets the last state, and notices that the store has gone.
//! * A watch that goes while a commit wakes it leaves nothing behind.
//! * Of two that claim a key, the later one commits.
#![cfg(forebay_loom)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::pin::pin;
use std::task::{Context, Waker};

use forebay_checkpoint::{CheckpointError, MemoryStore};
use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
use loom::future::block_on;
use loom::thread;

const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}

/// Three preemptions find every defect that anybody has written about; the environment may ask for
/// more.
fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(f);
}

#[test]
fn the_last_commit_reaches_who_watches() {
    model(|| {
        let store = MemoryStore::new();
        let mut watch = store.watch(&KEY);
        let commits = thread::spawn({
            let store = store.clone();
            move || {
                for sequence in 1..=2 {
                    block_on(store.commit(&KEY, at(sequence))).unwrap();
                }
            }
        });
        block_on(async {
            let mut last = None;
            while last != Some(at(2)) {
                let next = watch.next().await.unwrap();
                let sequence =
                    |state: &Option<Checkpoint>| state.as_ref().map(Checkpoint::sequence);
                assert!(
                    sequence(&next) >= sequence(&last),
                    "{next:?} after {last:?}"
                );
                last = next;
            }
        });
        commits.join().unwrap();
    });
}

#[test]
fn who_watches_notices_that_the_store_has_gone() {
    model(|| {
        let store = MemoryStore::new();
        let mut watch = store.watch(&KEY);
        let other = store.clone();
        let drops = thread::spawn(move || {
            block_on(other.commit(&KEY, at(1))).unwrap();
        });
        drop(store);
        let mut states = Vec::new();
        let end = block_on(async {
            loop {
                match watch.next().await {
                    Ok(state) => states.push(state),
                    Err(error) => return error,
                }
            }
        });
        assert!(matches!(end, CheckpointError::Closed));
        assert_eq!(states.last(), Some(&Some(at(1))));
        drops.join().unwrap();
    });
}

#[test]
fn a_watch_that_goes_while_it_is_woken_leaves_nothing_behind() {
    model(|| {
        let store = MemoryStore::new();
        let mut watch = store.watch(&KEY);
        let commits = thread::spawn({
            let store = store.clone();
            move || block_on(store.commit(&KEY, at(1))).unwrap()
        });
        for _ in 0..2 {
            let mut next = pin!(watch.next());
            let _ = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        drop(watch);
        commits.join().unwrap();
        assert_eq!(store.stats().watches, 0);
    });
}

#[test]
fn of_two_that_claim_the_later_one_commits() {
    model(|| {
        let store = MemoryStore::new();
        let claims_and_commits = |store: MemoryStore, sequence| {
            block_on(async {
                let claim = store.claim(&KEY).await.unwrap();
                let commit = claim.commit(at(sequence)).await;
                // It is given back after both have committed, since releasing is a change too.
                (claim, commit)
            })
        };
        let other = thread::spawn({
            let store = store.clone();
            move || claims_and_commits(store, 1)
        });
        let (first, first_commit) = claims_and_commits(store.clone(), 2);
        let (second, second_commit) = other.join().unwrap();
        let later = if first.epoch() > second.epoch() {
            first_commit
        } else {
            second_commit
        };
        assert!(later.is_ok());
        drop((first, second));
        assert!(store.load_now(&KEY).is_some());
    });
}
