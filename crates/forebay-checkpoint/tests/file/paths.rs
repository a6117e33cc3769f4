use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use forebay_checkpoint::{CheckpointError, FileStore, OnCorrupt};
use forebay_core::{CheckpointStore, Outcome, StoreError};
use futures::executor::block_on;

use crate::{KEY, OTHER_KEY, at, names, nowhere};

const GOLDEN: &[u8] = include_bytes!("../golden/format_1.checkpoints");

fn io_kind(error: &CheckpointError) -> Option<ErrorKind> {
    match error {
        CheckpointError::Io { source, .. } => Some(source.kind()),
        _ => None,
    }
}

#[test]
fn a_file_that_is_not_there_is_created_by_the_first_change() {
    let (folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), None);
    assert_eq!(block_on(store.load_fresh(&KEY)).unwrap(), None);
    assert_eq!(names(&folder), Vec::<String>::new());
    store.commit_blocking(&KEY, at(1)).unwrap();
    assert_eq!(names(&folder), ["offsets"]);
    let mode = fs::metadata(&path).unwrap().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn a_folder_that_is_not_there_or_is_none_is_told_apart() {
    let (folder, path) = nowhere();
    let missing = FileStore::open(folder.path().join("no/offsets")).unwrap_err();
    assert_eq!(io_kind(&missing), Some(ErrorKind::NotFound));
    fs::write(&path, "").unwrap();
    let file = FileStore::open(path.join("offsets")).unwrap_err();
    assert_eq!(io_kind(&file), Some(ErrorKind::NotADirectory));
    assert_eq!(file.outcome(), Outcome::NotCommitted);
}

#[test]
fn a_folder_is_no_file() {
    let (folder, _) = nowhere();
    let error = FileStore::open(folder.path()).unwrap_err();
    assert!(matches!(error, CheckpointError::NotAFile { .. }));
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let (folder, path) = nowhere();
    let _socket = UnixListener::bind(&path).unwrap();
    let null = Path::new("/dev/null");
    for path in [&path, null, Path::new("/"), Path::new("")] {
        let error = FileStore::open(path).unwrap_err();
        assert!(matches!(error, CheckpointError::NotAFile { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()));
    }
    // Something took the place of a file that was there.
    let path = folder.path().join("file");
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = store.commit_blocking(&KEY, at(2)).unwrap_err();
    assert!(matches!(error, CheckpointError::NotAFile { .. }), "{error}");
}

#[test]
fn links_that_lead_nowhere_or_round_are_refused() {
    let (folder, path) = nowhere();
    symlink(folder.path().join("missing/offsets"), &path).unwrap();
    let error = FileStore::open(&path).unwrap_err();
    assert_eq!(io_kind(&error), Some(ErrorKind::NotFound));
    fs::remove_file(&path).unwrap();
    symlink("offsets", &path).unwrap();
    let error = FileStore::open(&path).unwrap_err();
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::NotCommitted);
    assert_eq!(names(&folder), ["offsets"]);
}

#[test]
fn an_empty_file_is_a_new_store_and_keeps_its_mode() {
    let (_folder, path) = nowhere();
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let (_folder, path) = nowhere();
    let zeros = vec![0; 4096];
    let mut newer = GOLDEN.to_vec();
    newer[10] = 2;
    let crc = crc32c::crc32c(&newer[..60]);
    newer[60..64].copy_from_slice(&crc.to_le_bytes());
    for content in [&b"x"[..], &GOLDEN[..63], &zeros, &newer] {
        fs::write(&path, content).unwrap();
        let error = FileStore::open(&path).unwrap_err();
        if content == newer {
            assert!(matches!(
                error,
                CheckpointError::UnsupportedVersion { found: 2, .. }
            ));
        } else {
            assert!(
                matches!(error, CheckpointError::NotAStore { .. }),
                "{error}"
            );
        }
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_file_of_the_first_format_is_read() {
    let (_folder, path) = nowhere();
    fs::write(&path, GOLDEN).unwrap();
    let rows = FileStore::open(&path).unwrap().rows();
    let sequences = rows
        .iter()
        .map(|row| row.checkpoint.as_ref().unwrap().sequence().get());
    assert_eq!(sequences.collect::<Vec<_>>(), [u64::MAX, 5]);
    assert_eq!(
        rows[0].label.as_deref(),
        Some("orders, by \u{e9}v\u{e9}nement")
    );
}

#[test]
fn a_symbolic_link_stays_one_and_its_target_is_written() {
    let (folder, path) = nowhere();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    symlink("second", &first).unwrap();
    symlink("offsets", &second).unwrap();
    // Its target is not there yet.
    let store = FileStore::open(&first).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    assert_eq!(names(&folder), ["first", "offsets", "second"]);
    assert!(first.symlink_metadata().unwrap().is_symlink());
    // Both names lead to one file, and so to one thread.
    let direct = FileStore::open(&path).unwrap();
    direct.commit_blocking(&KEY, at(2)).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(2)));
}

#[test]
fn a_file_with_two_names_is_never_replaced() {
    let (folder, path) = nowhere();
    fs::write(&path, "").unwrap();
    let twin = folder.path().join("twin");
    fs::hard_link(&path, &twin).unwrap();
    let store = FileStore::options().compact_from(1).open(&path).unwrap();
    let same = FileStore::open(&twin).unwrap();
    for sequence in 1..100 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
    }
    assert_eq!(same.load_now(&KEY), Some(at(99)));
    assert_eq!(store.stats().replacements, 0);
    let inodes = [&path, &twin].map(|path| fs::metadata(path).unwrap().ino());
    assert_eq!(inodes[0], inodes[1]);
}

#[test]
fn replacing_keeps_mode_and_leaves_one_file() {
    let (folder, path) = nowhere();
    let store = FileStore::options().compact_from(1).open(&path).unwrap();
    store.commit_blocking(&OTHER_KEY, at(5)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    let before = store.stats().replacements;
    for sequence in 1..100 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
    }
    assert!(store.stats().replacements > before + 1);
    store.close_blocking().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o604);
    assert_eq!(names(&folder), ["offsets"]);
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(99)));
    assert_eq!(store.load_now(&OTHER_KEY), Some(at(5)));
}

#[test]
fn a_leftover_of_a_replacement_is_removed_by_the_next() {
    let (folder, path) = nowhere();
    fs::write(folder.path().join("offsets.compact"), "half").unwrap();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    assert_eq!(names(&folder), ["offsets"]);
}

#[test]
fn a_torn_tail_is_dropped_and_counted() {
    let (_folder, path) = nowhere();
    let mut torn = GOLDEN.to_vec();
    torn.truncate(torn.len() - 64);
    torn.extend_from_slice(&[1; 40]);
    fs::write(&path, &torn).unwrap();
    let report = FileStore::verify(&path).unwrap();
    assert!(report.torn_bytes == 40 && report.damage.is_none());
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.stats().torn_tails, 1);
    assert_eq!(store.stats().keys, 2);
    store.commit_blocking(&KEY, at(1)).unwrap();
    store.close_blocking().unwrap();
    let store = FileStore::open(&path).unwrap();
    assert_eq!((store.stats().torn_tails, store.stats().keys), (0, 3));
}

#[test]
fn damage_is_refused_or_salvaged_with_the_damaged_file_kept() {
    let (folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    for sequence in 1..=3 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
    }
    store.close_blocking().unwrap();
    let mut damaged = fs::read(&path).unwrap();
    // In the second block, which a third follows.
    damaged[64 + 88 + 30] ^= 1;
    fs::write(&path, &damaged).unwrap();

    let report = FileStore::verify(&path).unwrap();
    assert_eq!(
        (report.damage, report.blocks, report.keys),
        (Some(152), 1, 1)
    );
    let error = FileStore::open(&path).unwrap_err();
    assert!(
        matches!(error, CheckpointError::Corrupt { offset: 152, .. }),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), damaged);

    let salvage = FileStore::options().on_corrupt(OnCorrupt::Salvage);
    let store = salvage.open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(3)));
    assert_eq!(store.stats().salvages, 1);
    store.commit_blocking(&KEY, at(4)).unwrap();
    store.close_blocking().unwrap();
    let kept: Vec<_> = names(&folder)
        .into_iter()
        .filter(|name| name.contains(".damaged-"))
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(folder.path().join(&kept[0])).unwrap(), damaged);
    assert_eq!(FileStore::open(&path).unwrap().load_now(&KEY), Some(at(4)));
}

#[test]
fn a_file_that_is_removed_is_a_new_store() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(9)).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(
        block_on(store.commit(&OTHER_KEY, at(1)))
            .unwrap()
            .is_advanced()
    );
    assert_eq!(store.load_now(&KEY), None);
    assert_eq!(
        FileStore::open(&path).unwrap().load_now(&OTHER_KEY),
        Some(at(1))
    );
}
