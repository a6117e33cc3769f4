use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use forebay_checkpoint::{
    CheckpointError, FileStore, Options, Row, export_json_v1, import_json_v1,
};
use forebay_core::{Checkpoint, LogId, Outcome, StoreError};
use tempfile::TempDir;

use crate::{KEY, at, names, nowhere};

const JSON: &str = include_str!("../golden/checkpoints_v1.json");
const LOG: LogId = LogId::new(1);

/// A folder with the file of an older client.
fn older() -> (TempDir, PathBuf) {
    let (folder, path) = nowhere();
    fs::write(&path, JSON).unwrap();
    (folder, path)
}

fn importing() -> Options {
    FileStore::options().import_json_v1(LOG)
}

fn listed(store: &FileStore) -> Vec<(forebay_core::ResumeKey, Checkpoint)> {
    let rows = store.rows().into_iter();
    rows.map(|row| (row.key, row.checkpoint.unwrap())).collect()
}

fn has_been_left_alone(folder: &Path, path: &Path) {
    assert_eq!(fs::read_to_string(path).unwrap(), JSON);
    let names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| name == "offsets" || name == "offsets.lock"),
        "{names:?}"
    );
}

#[test]
fn the_file_of_an_older_client_is_refused_unless_it_is_to_be_taken_over() {
    let (folder, path) = older();
    let opened = FileStore::open(&path).map(drop);
    let verified = FileStore::verify(&path).map(drop);
    for error in [opened.unwrap_err(), verified.unwrap_err()] {
        assert!(matches!(error, CheckpointError::JsonV1 { .. }), "{error}");
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
    has_been_left_alone(folder.path(), &path);
    assert_eq!(names(&folder), ["offsets"]);
}

#[test]
fn it_is_taken_over_with_its_rights_and_kept() {
    let (folder, path) = older();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link");
    symlink("offsets", &link).unwrap();
    let store = importing().open(&link).unwrap();
    assert_eq!(
        listed(&store),
        import_json_v1(JSON.as_bytes(), LOG).unwrap()
    );
    let backup = folder.path().join("offsets.v1-backup");
    assert_eq!(fs::read_to_string(&backup).unwrap(), JSON);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    // It goes on as any store, and back to older clients as it came.
    store.commit_blocking(&KEY, at(1)).unwrap();
    store.close_blocking().unwrap();
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(1)));
    let others = store.rows().into_iter().filter(|row| row.key != KEY);
    assert_eq!(export_json_v1(&others.collect::<Vec<Row>>()), JSON);
}

#[test]
fn another_backup_is_not_overwritten() {
    let (folder, path) = older();
    fs::write(folder.path().join("offsets.v1-backup"), "of last year").unwrap();
    importing().open(&path).unwrap().close_blocking().unwrap();
    let kept = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(kept("offsets.v1-backup"), "of last year");
    assert_eq!(kept("offsets.v1-backup-2"), JSON);
}

#[test]
fn an_older_client_that_writes_is_waited_for_and_given_up_on() {
    let (folder, path) = older();
    // Theirs is there, and stays.
    let lock = File::create(folder.path().join("offsets.lock")).unwrap();
    lock.lock().unwrap();
    let hasty = importing().lock_timeout(Some(Duration::from_millis(5)));
    let error = hasty.open(&path).unwrap_err();
    assert!(
        matches!(error, CheckpointError::LockTimeout { .. }),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::NotCommitted);
    has_been_left_alone(folder.path(), &path);
    // What it still writes is taken over: it has its lock, and puts a new file at the path.
    let waits = thread::spawn({
        let path = path.clone();
        move || importing().lock_timeout(None).open(path)
    });
    let last = JSON.replace(": 42,", ": 43,");
    assert_ne!(last, JSON);
    let new = folder.path().join("new");
    fs::write(&new, &last).unwrap();
    fs::rename(&new, &path).unwrap();
    lock.unlock().unwrap();
    let store = waits.join().unwrap().unwrap();
    assert_eq!(
        listed(&store),
        import_json_v1(last.as_bytes(), LOG).unwrap()
    );
    let backup = folder.path().join("offsets.v1-backup");
    assert_eq!(fs::read_to_string(backup).unwrap(), last);
}

#[test]
fn what_is_wrong_with_it_is_told_and_nothing_changes() {
    let (folder, path) = older();
    for wrong in [
        &JSON[..JSON.len() / 2],
        &JSON.replace("\"version\": 1", "\"version\": 2"),
        "{",
    ] {
        fs::write(&path, wrong).unwrap();
        let error = importing().open(&path).unwrap_err();
        assert!(matches!(error, CheckpointError::Import { .. }), "{error}");
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!(fs::read_to_string(&path).unwrap(), wrong);
        assert!(!names(&folder).iter().any(|name| name.contains("backup")));
    }
    // Mended, it is taken over.
    fs::write(&path, JSON).unwrap();
    let store = importing().open(&path).unwrap();
    assert_eq!(
        listed(&store),
        import_json_v1(JSON.as_bytes(), LOG).unwrap()
    );
}

#[test]
fn a_store_of_ours_or_none_is_opened_as_ever() {
    let (_folder, path) = nowhere();
    let store = importing().open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    store.close_blocking().unwrap();
    assert_eq!(importing().open(&path).unwrap().load_now(&KEY), Some(at(1)));
}
