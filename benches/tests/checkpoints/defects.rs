//! Each test shows what becomes of positions in a JSON file that every commit rewrites whole, and
//! then of the same in the store of forebay.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use forebay_bench::checkpoints::keeper::RewrittenJson;
use forebay_bench::checkpoints::store::{Fault, Store, key};
use forebay_checkpoint::{CheckpointError, FileStore, KeyParts, KeyV1, import_json_v1};
use forebay_core::{Checkpoint, CheckpointStore, Cursor, LogId, ResumeKey, Sequence};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

fn folder(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}

fn json_on_disk(path: &Path, key: &ResumeKey) -> Option<u64> {
    RewrittenJson::open(path).unwrap().load(key).unwrap()
}

fn opened(path: &Path) -> FileStore {
    FileStore::open(path).unwrap()
}

fn ours_on_disk(path: &Path, key: &ResumeKey) -> Option<u64> {
    let store = opened(path);
    store.load_now(key).map(|found| found.sequence().get())
}

/// What another process is told to do to a store of ours: its file, and the words.
const TOLD: [&str; 2] = ["FOREBAY_TOLD_FILE", "FOREBAY_TOLD_WORDS"];

/// Lets another process remove or reset the first key, or commit one: handles of one process share
/// what they know.
fn elsewhere(path: &Path, words: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "defects::another_process_does_as_it_is_told"]);
    command.env(TOLD[0], path).env(TOLD[1], words);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// Does nothing unless it was told to.
#[test]
fn another_process_does_as_it_is_told() {
    let Some((path, words)) = std::env::var_os(TOLD[0]).zip(std::env::var(TOLD[1]).ok()) else {
        return;
    };
    let store = FileStore::open(path).unwrap();
    match words.split(' ').collect::<Vec<_>>()[..] {
        ["commit", number] => {
            let number = number.parse().unwrap();
            assert!(
                store
                    .commit_blocking(&key(number), at(1))
                    .unwrap()
                    .is_advanced()
            );
        }
        ["remove"] => assert!(runtime().block_on(store.remove(&key(1))).unwrap().is_some()),
        ["reset", to] => {
            let to = at(to.parse().unwrap());
            runtime().block_on(store.reset(&key(1), to)).unwrap();
        }
        _ => panic!("{words}"),
    }
}

#[test]
fn a_removed_key_comes_back_with_json_and_stays_away_with_ours() {
    let (_kept, path) = folder("store");
    let (mine, theirs) = (
        RewrittenJson::open(&path).unwrap(),
        RewrittenJson::open(&path).unwrap(),
    );
    mine.put(key(1), 10).unwrap();
    theirs.put(key(2), 10).unwrap();
    theirs.remove(&key(1)).unwrap();
    assert_eq!(json_on_disk(&path, &key(1)), None);
    // Another key altogether, by a handle that remembers the first.
    mine.put(key(3), 1).unwrap();
    assert_eq!(json_on_disk(&path, &key(1)), Some(10));

    let (_kept, path) = folder("store");
    let mine = opened(&path);
    mine.commit_blocking(&key(1), at(10)).unwrap();
    elsewhere(&path, "commit 2");
    elsewhere(&path, "remove");
    mine.commit_blocking(&key(3), at(1)).unwrap();
    mine.close_blocking().unwrap();
    assert_eq!(ours_on_disk(&path, &key(1)), None);
}

#[test]
fn a_key_that_was_set_back_jumps_forward_with_json_and_stays_with_ours() {
    let (_kept, path) = folder("store");
    let (mine, theirs) = (
        RewrittenJson::open(&path).unwrap(),
        RewrittenJson::open(&path).unwrap(),
    );
    mine.put(key(1), 1_000).unwrap();
    theirs.put(key(2), 1).unwrap();
    theirs.remove(&key(1)).unwrap();
    theirs.put(key(1), 3).unwrap();
    assert_eq!(json_on_disk(&path, &key(1)), Some(3));
    mine.put(key(3), 1).unwrap();
    // What lies between was to be done again, and never will be.
    assert_eq!(json_on_disk(&path, &key(1)), Some(1_000));

    let (_kept, path) = folder("store");
    let mine = opened(&path);
    mine.commit_blocking(&key(1), at(1_000)).unwrap();
    elsewhere(&path, "reset 3");
    mine.commit_blocking(&key(3), at(1)).unwrap();
    mine.close_blocking().unwrap();
    assert_eq!(ours_on_disk(&path, &key(1)), Some(3));
}

#[test]
fn permissions_are_reset_with_json_and_kept_with_ours() {
    let (_kept, path) = folder("store");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let json = RewrittenJson::open(&path).unwrap();
    json.put(key(1), 1).unwrap();
    let fresh = mode(&path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    json.put(key(1), 2).unwrap();
    assert_eq!(mode(&path), fresh);

    let (_kept, path) = folder("store");
    let ours = FileStore::options().compact_from(1).open(&path).unwrap();
    ours.commit_blocking(&key(1), at(1)).unwrap();
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    // Often enough that the file is replaced by a shorter one.
    let before = ours.stats().replacements;
    for sequence in 2..2_000 {
        ours.commit_blocking(&key(1), at(sequence)).unwrap();
    }
    assert!(ours.stats().replacements > before);
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn a_link_is_replaced_with_json_and_followed_with_ours() {
    let (kept, target) = folder("target");
    let link = kept.path().join("link");
    symlink(&target, &link).unwrap();
    RewrittenJson::open(&target)
        .unwrap()
        .put(key(1), 1)
        .unwrap();
    RewrittenJson::open(&link).unwrap().put(key(1), 2).unwrap();
    assert!(!fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(json_on_disk(&target, &key(1)), Some(1));

    let (kept, target) = folder("target");
    let link = kept.path().join("link");
    symlink(&target, &link).unwrap();
    opened(&target).commit_blocking(&key(1), at(1)).unwrap();
    opened(&link).commit_blocking(&key(1), at(2)).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(ours_on_disk(&target, &key(1)), Some(2));
}

#[test]
fn whoever_removes_the_lock_file_lets_two_write_with_json_and_there_is_none_with_ours() {
    let (kept, path) = folder("store");
    let lock = kept.path().join("store.lock");
    let json = RewrittenJson::open(&path).unwrap();
    json.put(key(1), 1).unwrap();
    let held = File::open(&lock).unwrap();
    held.lock().unwrap();
    fs::remove_file(&lock).unwrap();
    // The lock is held, and somebody writes.
    json.put(key(1), 2).unwrap();

    let (kept, path) = folder("store");
    let ours = FileStore::options()
        .lock_timeout(Some(Duration::ZERO))
        .open(&path)
        .unwrap();
    ours.commit_blocking(&key(1), at(1)).unwrap();
    let files = fs::read_dir(kept.path()).unwrap().count();
    assert_eq!(files, 1);
    let held = File::open(&path).unwrap();
    held.lock().unwrap();
    let refused = ours.commit_blocking(&key(1), at(2));
    assert!(
        matches!(refused, Err(CheckpointError::LockTimeout { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_key_that_was_never_seen_is_not_removed_with_json_and_is_with_ours() {
    let (_kept, path) = folder("store");
    let (mine, theirs) = (
        RewrittenJson::open(&path).unwrap(),
        RewrittenJson::open(&path).unwrap(),
    );
    mine.put(key(1), 1).unwrap();
    theirs.remove(&key(1)).unwrap();
    assert_eq!(json_on_disk(&path, &key(1)), Some(1));

    let (_kept, path) = folder("store");
    let theirs = opened(&path);
    elsewhere(&path, "commit 1");
    // As far as it knows, there is none.
    assert_eq!(theirs.load_now(&key(1)), None);
    runtime().block_on(theirs.remove(&key(1))).unwrap();
    theirs.close_blocking().unwrap();
    assert_eq!(ours_on_disk(&path, &key(1)), None);
}

#[test]
fn a_file_of_zeros_is_an_error_with_both_and_can_be_salvaged_with_ours() {
    let (_kept, path) = folder("store");
    let json = RewrittenJson::open(&path).unwrap();
    json.put(key(1), 1).unwrap();
    fs::write(&path, [0; 4_096]).unwrap();
    assert!(matches!(json.put(key(1), 2), Err(Fault::Json(_))));
    assert!(matches!(RewrittenJson::open(&path), Err(Fault::Json(_))));

    let (_kept, path) = folder("store");
    opened(&path).commit_blocking(&key(1), at(1)).unwrap();
    fs::write(&path, [0; 4_096]).unwrap();
    let refused = FileStore::open(&path);
    assert!(
        matches!(refused, Err(CheckpointError::NotAStore { .. })),
        "{refused:?}"
    );
    let salvaged = FileStore::options().on_corrupt(forebay_checkpoint::OnCorrupt::Salvage);
    let salvaged = salvaged.open(&path).unwrap();
    assert!(
        salvaged
            .commit_blocking(&key(1), at(1))
            .unwrap()
            .is_advanced()
    );
}

#[test]
fn a_digest_in_two_cases_is_at_the_last_with_json_and_at_the_highest_with_ours() {
    let digits = "ab".repeat(32);
    let entry = |digits: &str, sequence: u64| {
        format!(r#""{digits}": {{"last_committed_sequence": {sequence}, "last_event_id": null}}"#)
    };
    let (low, high) = (entry(&digits, 5), entry(&digits.to_uppercase(), 9));
    let key = digits.parse().unwrap();
    let mut found = Vec::new();
    for (first, second) in [(&low, &high), (&high, &low)] {
        let file = format!(
            r#"{{"version": 1, "key_format_version": 1, "checkpoints": {{{first}, {second}}}}}"#
        );
        let (_kept, path) = folder("store");
        fs::write(&path, &file).unwrap();
        let imported = import_json_v1(file.as_bytes(), LogId::new(1)).unwrap();
        found.push((
            json_on_disk(&path, &key).unwrap(),
            imported[0].1.sequence().get(),
        ));
    }
    assert_eq!(found, [(9, 9), (5, 9)]);
}

#[test]
fn whole_numbers_that_doubles_cannot_tell_apart_share_a_key_of_old_and_none_with_ours() {
    let filters = [r#"{"n": 9007199254740992}"#, r#"{"n": 9007199254740993}"#];
    let old = filters.map(|filter| {
        KeyV1::new("https://example.com", "orders", filter)
            .key()
            .unwrap()
    });
    assert_eq!(old[0], old[1]);
    assert!(KeyParts::new().json("filter", filters[1]).key().is_err());
}
