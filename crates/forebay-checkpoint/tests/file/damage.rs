use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use forebay_checkpoint::{CheckpointError, FileStore, OnCorrupt};
use forebay_core::{Outcome, StoreError};
use futures::executor::block_on;

use crate::{KEY, OTHER_KEY, at, names, nowhere};

/// Writes over a file that somebody has open, as a shell or a copy does, which leaves it the same
/// one.
fn overwrite(path: &Path, bytes: &[u8]) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(0).unwrap();
    file.write_all_at(bytes, 0).unwrap();
}

/// What has a key at 5, and does nothing any more.
fn begun(path: &Path, on_corrupt: OnCorrupt) -> FileStore {
    let store = FileStore::options().on_corrupt(on_corrupt);
    let store = store.open(path).unwrap();
    for sequence in 1..=5 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
    }
    block_on(store.flush()).unwrap();
    store
}

/// Overwrites the file of a live store, which then refuses to write; it goes on when the file is
/// put back.
fn is_refused(overwritten: impl FnOnce(&[u8]) -> Vec<u8>) {
    let (_folder, path) = nowhere();
    let store = begun(&path, OnCorrupt::Refuse);
    let bytes = fs::read(&path).unwrap();
    let damaged = overwritten(&bytes);
    overwrite(&path, &damaged);
    for sequence in 6..9 {
        let error = store.commit_blocking(&KEY, at(sequence)).unwrap_err();
        assert!(matches!(error, CheckpointError::Corrupt { .. }), "{error}");
        assert_eq!(error.outcome(), Outcome::NotCommitted);
        let error = store.load_fresh_blocking(&KEY).unwrap_err();
        assert!(matches!(error, CheckpointError::Corrupt { .. }), "{error}");
        // What was durable is still known here.
        assert_eq!(store.load_now(&KEY), Some(at(5)));
    }
    assert!(fs::read(&path).unwrap() == damaged);
    overwrite(&path, &bytes);
    assert!(store.commit_blocking(&KEY, at(6)).unwrap().is_advanced());
    store.close_blocking().unwrap();
    assert_eq!(FileStore::open(&path).unwrap().load_now(&KEY), Some(at(6)));
}

/// With the older store the process that had everything in memory could no longer write, and here
/// it would write where no other process ever finds it.
#[test]
fn a_file_that_is_emptied_is_refused_until_it_is_put_back() {
    is_refused(|_| Vec::new());
}

#[test]
fn a_file_that_is_overwritten_is_refused_until_it_is_put_back() {
    is_refused(|bytes| vec![0; bytes.len()]);
    // An older copy of it, with the zeros that were written ahead.
    is_refused(|bytes| {
        let mut older = bytes.to_vec();
        let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        older[last - 60..].fill(0);
        older
    });
}

#[test]
fn what_a_live_process_knows_is_put_back_where_salvage_is_allowed() {
    for is_empty in [true, false] {
        let (folder, path) = nowhere();
        let store = begun(&path, OnCorrupt::Salvage);
        let len = if is_empty {
            0
        } else {
            fs::metadata(&path).unwrap().len()
        };
        overwrite(&path, &vec![0; len as usize]);
        assert!(
            store
                .commit_blocking(&OTHER_KEY, at(1))
                .unwrap()
                .is_advanced()
        );
        assert_eq!(store.load_now(&KEY), Some(at(5)));
        assert_eq!(store.stats().salvages, 1);
        store.close_blocking().unwrap();
        let store = FileStore::open(&path).unwrap();
        assert_eq!(store.load_now(&KEY), Some(at(5)));
        assert_eq!(store.load_now(&OTHER_KEY), Some(at(1)));
        let kept = names(&folder)
            .into_iter()
            .find(|name| name.contains(".damaged-"));
        let kept = fs::read(folder.path().join(kept.unwrap())).unwrap();
        assert!(kept == vec![0; len as usize]);
    }
}
