use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use forebay_checkpoint::{
    CheckpointError, Durability, EVENT_ID_BYTES_MAX, FileStore, LABEL_BYTES_MAX,
};
use forebay_core::{CheckpointStore, ResumeKey, Survives};
use futures::executor::block_on;

use crate::calling::hold;
use crate::{KEY, OTHER_KEY, at, names, nowhere};

/// How many times this process has a file open.
fn times_open(path: &Path) -> usize {
    let files = fs::read_dir("/proc/self/fd").unwrap();
    let targets = files.filter_map(|file| fs::read_link(file.unwrap().path()).ok());
    targets.filter(|target| target == path).count()
}

#[test]
fn a_clone_outlives_the_handle_it_was_made_from() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let clone = store.clone();
    store.commit_blocking(&KEY, at(1)).unwrap();
    drop(store);
    // However often the thread has nothing to do, and looks whether anybody is left.
    for sequence in 2..100 {
        assert!(
            clone
                .commit_blocking(&KEY, at(sequence))
                .unwrap()
                .is_advanced()
        );
    }
    clone.clone().close_blocking().unwrap();
    assert!(clone.commit_blocking(&KEY, at(100)).unwrap().is_advanced());
}

#[test]
fn a_clone_is_as_durable_and_as_patient_as_what_it_was_made_from() {
    let (_folder, path) = nowhere();
    let hasty = Some(Duration::from_millis(5));
    let store = FileStore::options().durability(Durability::Os);
    let first = store.lock_timeout(hasty).open(&path).unwrap();
    let store = first.clone();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let before = store.stats().syncs;
    store.commit_blocking(&KEY, at(2)).unwrap();
    assert_eq!(store.stats().syncs, before);
    assert_eq!(store.guarantee().survives(), Survives::Crash);
    let held = hold(&path);
    let error = store.commit_blocking(&KEY, at(3)).unwrap_err();
    assert!(
        matches!(error, CheckpointError::LockTimeout { .. }),
        "{error}"
    );
    drop((held, first));
}

#[test]
fn handles_that_were_opened_before_there_was_a_file_share_it() {
    let (_folder, path) = nowhere();
    let (one, other) = (
        FileStore::open(&path).unwrap(),
        FileStore::open(&path).unwrap(),
    );
    one.commit_blocking(&KEY, at(1)).unwrap();
    assert_eq!(other.load_now(&KEY), Some(at(1)));
    assert_eq!(times_open(&path), 1);
}

#[test]
fn an_empty_file_that_another_process_begins_is_looked_at_anew() {
    let (folder, path) = nowhere();
    fs::write(&path, "").unwrap();
    let store = FileStore::open(&path).unwrap();
    // As another process does it: it puts a new file at the path.
    let elsewhere = folder.path().join("elsewhere");
    let other = FileStore::open(&elsewhere).unwrap();
    other.commit_blocking(&KEY, at(1)).unwrap();
    other.close_blocking().unwrap();
    fs::rename(&elsewhere, &path).unwrap();
    assert_eq!(store.load_fresh_blocking(&KEY).unwrap(), Some(at(1)));
}

#[test]
fn closing_waits_until_the_file_is_no_longer_open() {
    let (_folder, path) = nowhere();
    for sequence in 1..50 {
        let store = FileStore::open(&path).unwrap();
        store.commit_blocking(&KEY, at(sequence)).unwrap();
        assert_eq!(times_open(&path), 1);
        if sequence % 2 == 0 {
            store.close_blocking().unwrap();
        } else {
            block_on(store.close()).unwrap();
        }
        assert_eq!(times_open(&path), 0);
    }
}

#[test]
fn a_watch_ends_when_the_last_handle_is_dropped() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let mut watch = store.watch(&KEY);
    let first = block_on(store.claim(&KEY)).unwrap();
    assert_eq!((first.key(), first.checkpoint()), (&KEY, None));
    block_on(first.commit(at(1))).unwrap();
    let claim = block_on(store.claim(&KEY)).unwrap();
    assert_eq!(claim.checkpoint(), Some(&at(1)));
    drop((store, first));
    assert_eq!(block_on(watch.next()).unwrap(), Some(at(1)));
    // A claim is a handle.
    block_on(claim.commit(at(2))).unwrap();
    assert_eq!(block_on(watch.next()).unwrap(), Some(at(2)));
    drop(claim);
    let error = block_on(watch.next()).unwrap_err();
    assert!(matches!(error, CheckpointError::Closed));
    assert_eq!(times_open(&path), 0);
}

/// Of a weak handle, too: who was given it must not find it taken back by a loss of power.
#[test]
fn what_tells_an_epoch_is_synced_at_once() {
    let (_folder, path) = nowhere();
    let weak = FileStore::options().durability(Durability::Os);
    let store = weak.open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let before = store.stats().syncs;
    store.commit_blocking(&KEY, at(2)).unwrap();
    assert_eq!(store.stats().syncs, before);
    let mut claim = block_on(store.claim(&KEY)).unwrap();
    assert_eq!(store.stats().syncs, before + 1);
    block_on(claim.reset(at(1))).unwrap();
    assert_eq!(store.stats().syncs, before + 2);
}

#[test]
fn committing_nothing_does_nothing() {
    let (folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    assert_eq!(block_on(store.commit_many(Vec::new())).unwrap(), []);
    block_on(store.flush()).unwrap();
    assert_eq!(store.load_fresh_blocking(&KEY).unwrap(), None);
    assert_eq!(names(&folder), Vec::<String>::new());
}

#[test]
fn a_new_file_has_the_mode_that_was_set() {
    let (_folder, path) = nowhere();
    let store = FileStore::options().mode(0o400).open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o400);
}

#[test]
fn the_longest_texts_and_the_shortest_queue_are_taken() {
    let (_folder, path) = nowhere();
    let store = FileStore::options().queue_len_max(0).open(&path).unwrap();
    let (event_id, label) = ("e".repeat(EVENT_ID_BYTES_MAX), "l".repeat(LABEL_BYTES_MAX));
    let longest = at(1).with_event_id(&*event_id);
    store.commit_blocking(&KEY, longest.clone()).unwrap();
    block_on(store.label(&KEY, Some(&label))).unwrap();
    store.close_blocking().unwrap();
    let store = FileStore::open(&path).unwrap();
    let rows = store.rows();
    assert_eq!(rows[0].checkpoint, Some(longest));
    assert_eq!(rows[0].label.as_deref(), Some(&*label));
}

#[test]
fn more_than_fits_into_one_block_is_written_in_several() {
    let (_folder, path) = nowhere();
    let store = FileStore::options().lock_timeout(None).open(&path).unwrap();
    store.commit_blocking(&OTHER_KEY, at(1)).unwrap();
    let before = store.stats().blocks;
    let held = hold(&path);
    let event_id = "e".repeat(EVENT_ID_BYTES_MAX);
    let tickets: Vec<_> = (0..=255)
        .map(|number| {
            let checkpoint = at(1).with_event_id(&*event_id);
            store.submit(&ResumeKey::from_bytes([number; 32]), checkpoint)
        })
        .collect();
    drop(held);
    for ticket in tickets {
        ticket.unwrap().wait().unwrap();
    }
    // 16 MiB are the most that a block may have.
    assert!(store.stats().blocks > before + 1);
    store.close_blocking().unwrap();
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.stats().keys, 256);
}

#[test]
fn each_call_waits_as_long_as_its_handle_is_patient() {
    let (_folder, path) = nowhere();
    let hasty = FileStore::options().lock_timeout(Some(Duration::from_millis(5)));
    let hasty = hasty.open(&path).unwrap();
    hasty.commit_blocking(&OTHER_KEY, at(1)).unwrap();
    let hour = Some(Duration::from_secs(3600));
    let patient = FileStore::options().lock_timeout(hour).open(&path).unwrap();
    let held = hold(&path);
    let waits = patient.submit(&KEY, at(1)).unwrap();
    for _ in 0..3 {
        let error = hasty.commit_blocking(&KEY, at(9)).unwrap_err();
        assert!(
            matches!(error, CheckpointError::LockTimeout { .. }),
            "{error}"
        );
    }
    drop(held);
    assert!(waits.wait().unwrap().is_advanced());
    assert_eq!(patient.load_now(&KEY), Some(at(1)));
}

/// A new file may get the number of one that was replaced a moment ago, and was taken for it as long
/// as the thread of that one had not noticed.
#[test]
fn a_file_is_never_taken_for_another_one() {
    let (folder, _) = nowhere();
    let folder = folder.path().canonicalize().unwrap();
    thread::scope(|scope| {
        for each in 0..4 {
            let folder = &folder;
            scope.spawn(move || {
                for turn in 0..200 {
                    let path = folder.join(format!("{each}-{turn}"));
                    fs::write(&path, "").unwrap();
                    let store = FileStore::open(&path).unwrap();
                    assert_eq!(store.path(), path);
                    store.commit_blocking(&KEY, at(1)).unwrap();
                }
            });
        }
    });
}

#[test]
fn settings_that_are_not_set_are_as_documented() {
    let options = format!("{:?}", FileStore::options());
    for expected in [
        "durability: Sync",
        "lock_timeout: Some(30s)",
        "queue_len_max: 65536",
        "look_every: Some(50ms)",
        "mode: 384",
        "compact_from: 262144",
        "remote: false",
        "salvage: false",
    ] {
        assert!(options.contains(expected), "{expected}: {options}");
    }
}
