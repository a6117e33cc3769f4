//! Any bytes as a checkpoint file, and any records in blocks whose checksums are right.
//!
//! * No input makes anything panic.
//! * What can be opened is what is found sound, and both show the same.
//! * What is damaged is kept when it is salvaged; the store is sound afterwards, and takes a commit.
#![no_main]

#[path = "checkpoint/bytes.rs"]
mod bytes;
#[path = "checkpoint/place.rs"]
mod place;

use std::sync::LazyLock;

use forebay_checkpoint::{CheckpointError, FileStore, OnCorrupt};
use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
use libfuzzer_sys::fuzz_target;

use crate::bytes::Bytes;
use crate::place::Place;

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let file = match kind {
        0 => rest.to_vec(),
        _ => blocks(rest),
    };
    if !file.starts_with(b"{") {
        check(&file);
    }
});

/// Each block takes its pending, its nonce and the length of its records from the input.
fn blocks(mut input: &[u8]) -> Vec<u8> {
    let mut bytes = Bytes::new(u64::from(input.first().copied().unwrap_or(0)), 64);
    while let [pending, nonce, len, rest @ ..] = input {
        let (records, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        bytes.block(u32::from(*nonce), u64::from(*pending) * 8, records);
        input = rest;
    }
    bytes.bytes
}

fn check(file: &[u8]) {
    PLACE.put(file);
    let report = FileStore::verify(&PLACE.path);
    let mut refused = true;
    match PLACE.open(OnCorrupt::Refuse) {
        Ok(store) => {
            let report = report.unwrap();
            assert_eq!(report.damage, None);
            assert_eq!(report.keys, store.stats().keys);
            store.close_blocking().unwrap();
            refused = false;
        }
        Err(CheckpointError::Corrupt { .. }) => assert!(report.unwrap().damage.is_some()),
        Err(_) => assert!(report.is_err() || report.unwrap().damage.is_some()),
    }
    PLACE.put(file);
    let Ok(store) = PLACE.open(OnCorrupt::Salvage) else {
        return;
    };
    assert!(!refused || PLACE.has(file));
    let key = ResumeKey::from_bytes([200; 32]);
    let at = Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(u64::MAX)));
    // It may be there already, in this log or another one.
    let _ = store.commit_blocking(&key, at);
    let keys = store.stats().keys;
    store.close_blocking().unwrap();
    let report = FileStore::verify(&PLACE.path).unwrap();
    assert_eq!((report.damage, report.keys), (None, keys));
}
