use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;

use forebay_checkpoint::{CheckpointError, FileReader, FileStore};
use forebay_core::CheckpointStore;
use futures::executor::block_on;

use crate::calling::hold;
use crate::{KEY, OTHER_KEY, at, names, nowhere};

#[test]
fn what_is_written_is_seen_while_somebody_keeps_the_lock() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let held = hold(&path);
    let mut reader = FileReader::open(&path).unwrap();
    assert_eq!(reader.load(&KEY), Some(at(1)));
    assert!(!reader.refresh().unwrap());
    drop(held);
    store.commit_blocking(&KEY, at(2)).unwrap();
    block_on(store.label(&OTHER_KEY, Some("other"))).unwrap();
    let held = hold(&path);
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.rows(), store.rows());
    assert_eq!(reader.load(&OTHER_KEY), None);
    assert!(!reader.refresh().unwrap());
    drop(held);
    assert_eq!(reader.path(), store.path());
}

#[test]
fn a_file_that_takes_the_place_of_another_is_looked_at() {
    let (_folder, path) = nowhere();
    let store = FileStore::options().compact_from(1).open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let mut reader = FileReader::open(&path).unwrap();
    for sequence in 2..50 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
        assert!(reader.refresh().unwrap());
        assert_eq!(reader.load(&KEY), Some(at(sequence)));
    }
    assert!(store.stats().replacements > 1);
    block_on(store.remove(&KEY)).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.load(&KEY), None);
}

#[test]
fn looking_changes_nothing_and_creates_nothing() {
    let (folder, path) = nowhere();
    let error = FileReader::open(&path).unwrap_err();
    assert!(matches!(error, CheckpointError::Io { .. }), "{error}");
    assert_eq!(names(&folder), Vec::<String>::new());
    File::create(&path).unwrap();
    let mut reader = FileReader::open(&path).unwrap();
    assert!(reader.rows().is_empty());
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.load(&KEY), Some(at(1)));
    store.close_blocking().unwrap();

    let bytes = fs::read(&path).unwrap();
    let modified = || fs::metadata(&path).unwrap().modified().unwrap();
    let before = modified();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    assert_eq!(FileReader::open(&path).unwrap().load(&KEY), Some(at(1)));
    assert!(fs::read(&path).unwrap() == bytes && modified() == before);
    // It does not outlast its file.
    fs::remove_file(&path).unwrap();
    assert!(reader.refresh().is_err());
    assert_eq!(names(&folder), Vec::<String>::new());
}

#[test]
fn what_cannot_be_read_is_told_as_a_store_tells_it() {
    let (folder, path) = nowhere();
    let error = FileReader::open(folder.path()).unwrap_err();
    assert!(matches!(error, CheckpointError::NotAFile { .. }), "{error}");
    fs::write(&path, "x").unwrap();
    let error = FileReader::open(&path).unwrap_err();
    assert!(
        matches!(error, CheckpointError::NotAStore { .. }),
        "{error}"
    );
    fs::write(&path, "{}").unwrap();
    let error = FileReader::open(&path).unwrap_err();
    assert!(matches!(error, CheckpointError::JsonV1 { .. }), "{error}");
}
