//! Looking at a file that others write.
//!
//! * A reader sees what is stored, and after a refresh what others have stored since, whether they
//!   append or replace the file.
//! * What a writer took back is taken back by the reader too.
//! * A refresh says whether there was anything, and a failed one leaves what was read before.
//! * It changes nothing, waits for no lock, and does not take a missing file for an empty one.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use forebay_checkpoint::{CheckpointError, FileReader, FileStore};
use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
use futures::executor::block_on;
use tempfile::TempDir;

const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}

fn nowhere() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("offsets");
    (folder, path)
}

#[test]
fn what_others_store_is_seen_after_a_refresh() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let mut reader = FileReader::open(&path).unwrap();
    assert_eq!(reader.path(), store.path());
    for sequence in 2..20 {
        assert!(!reader.refresh().unwrap());
        store.commit_blocking(&KEY, at(sequence)).unwrap();
        assert_eq!(reader.load(&KEY), Some(at(sequence - 1)));
        assert!(reader.refresh().unwrap());
        assert_eq!(reader.load(&KEY), Some(at(sequence)));
    }
    block_on(store.label(&KEY, Some("orders"))).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.rows(), store.rows());
    block_on(store.remove(&KEY)).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!((reader.load(&KEY), reader.rows()), (None, Vec::new()));
}

#[test]
fn a_file_that_is_replaced_is_read_anew() {
    let (_folder, path) = nowhere();
    let store = FileStore::options()
        .compact_from(2_000)
        .open(&path)
        .unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let mut reader = FileReader::open(&path).unwrap();
    for sequence in 2..200 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
        if sequence % 7 == 0 {
            assert!(reader.refresh().unwrap());
            assert_eq!(reader.load(&KEY), Some(at(sequence)));
        }
    }
    assert!(store.stats().replacements > 2);
}

#[test]
fn an_empty_file_is_followed_from_its_first_commit_on() {
    let (_folder, path) = nowhere();
    fs::write(&path, "").unwrap();
    let mut reader = FileReader::open(&path).unwrap();
    assert!(!reader.refresh().unwrap());
    assert_eq!(reader.rows(), []);
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.load(&KEY), Some(at(1)));
}

/// A writer whose sync has failed cuts off what it has written, and goes on in its place.
#[test]
fn what_a_writer_takes_back_is_taken_back() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let before = fs::read(&path).unwrap();
    store.commit_blocking(&KEY, at(2)).unwrap();
    store.close_blocking().unwrap();
    let mut reader = FileReader::open(&path).unwrap();
    assert_eq!(reader.load(&KEY), Some(at(2)));

    fs::write(&path, &before).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.load(&KEY), Some(at(1)));
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(3)).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.load(&KEY), Some(at(3)));
}

/// Part of a block is there while it is written, and its beginning is what it will be.
#[test]
fn a_block_is_seen_once_it_is_whole() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let long = at(2).with_event_id("e".repeat(200));
    store.commit_blocking(&KEY, long.clone()).unwrap();
    store.close_blocking().unwrap();
    let after = fs::read(&path).unwrap();
    let last = after.iter().rposition(|byte| *byte != 0).unwrap();
    let mut part = after.clone();
    part[last] ^= 1;
    fs::write(&path, &part).unwrap();

    let mut reader = FileReader::open(&path).unwrap();
    assert_eq!(reader.load(&KEY), Some(at(1)));
    assert!(!reader.refresh().unwrap());
    fs::write(&path, &after).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.load(&KEY), Some(long));
}

#[test]
fn damage_and_loss_of_the_file_leave_what_was_read_before() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    for sequence in 1..5 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
    }
    store.close_blocking().unwrap();
    let mut reader = FileReader::open(&path).unwrap();
    let sound = fs::read(&path).unwrap();
    let mut damaged = sound.clone();
    // In a block that others follow, and in the one that was read last.
    damaged[64 + 88 + 30] ^= 1;
    damaged[64 + 88 + 56 + 56] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let error = reader.refresh().unwrap_err();
    assert!(
        matches!(error, CheckpointError::Corrupt { offset: 152, .. }),
        "{error}"
    );
    let error = FileReader::open(&path).unwrap_err();
    assert!(
        matches!(error, CheckpointError::Corrupt { offset: 152, .. }),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
    let error = reader.refresh().unwrap_err();
    assert!(matches!(error, CheckpointError::Io { .. }), "{error}");
    assert_eq!(reader.load(&KEY), Some(at(4)));
    fs::write(&path, &sound).unwrap();
    reader.refresh().unwrap();
    assert_eq!(reader.load(&KEY), Some(at(4)));
}

#[test]
fn it_neither_changes_nor_creates_anything_nor_waits() {
    let (folder, path) = nowhere();
    let error = FileReader::open(&path).unwrap_err();
    assert!(matches!(error, CheckpointError::Io { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    store.close_blocking().unwrap();
    let (content, metadata) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap());
    let lock = fs::File::open(&path).unwrap();
    lock.lock().unwrap();
    let mut reader = FileReader::open(&path).unwrap();
    assert!(!reader.refresh().unwrap());
    let now = fs::metadata(&path).unwrap();
    assert_eq!(now.modified().unwrap(), metadata.modified().unwrap());
    assert_eq!(fs::read(&path).unwrap(), content);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
