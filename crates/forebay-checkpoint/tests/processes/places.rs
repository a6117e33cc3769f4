use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use forebay_checkpoint::{CheckpointError, FileStore};
use forebay_core::{Outcome, StoreError};
use futures::executor::block_on;

use crate::child::say;
use crate::notice::{figures, is_root, not_checked, say_past_the_harness, works};
use crate::other::Other;
use crate::{KEY, OTHER_KEY, at, begin, names, nowhere};

const INSIDE: &str = "FOREBAY_CHECKPOINT_MOUNTS";
const NOBODY: u32 = 65_534;

/// Returns `true` in a process that may mount, and whose mounts end with it: outside of that, runs
/// this one test there.
pub(crate) fn has_own_mounts(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut unshare = vec!["--mount", "--propagation", "private"];
    if !is_root() {
        unshare.push("--map-root-user");
    }
    let (folder, _) = nowhere();
    let probe = [
        "mount",
        "-t",
        "tmpfs",
        "none",
        folder.path().to_str().unwrap(),
    ];
    if !works("unshare", &[&unshare[..], &probe].concat()) {
        not_checked(&format!("{test}: mounting is not allowed"));
        return false;
    }
    let output = Command::new("unshare")
        .args(unshare)
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "")
        // A folder is not removed with what is mounted in it, which ends with the process.
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{wrong}"
    );
    for line in wrong.lines().filter(|line| line.starts_with("!! ")) {
        say_past_the_harness(line);
    }
    for line in said.lines().filter_map(|line| line.split_once("figures: ")) {
        figures(line.1);
    }
    false
}

pub(crate) fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {wrong}");
}

fn kind(error: &CheckpointError) -> std::io::ErrorKind {
    let CheckpointError::Io { source, .. } = error else {
        unreachable!("{error}");
    };
    source.kind()
}

/// Commits until nothing more fits, and says what was committed and what came then.
pub(crate) fn fill(path: &Path) {
    // Replacing the file is tried all the time, and fails as soon as there is no room for two.
    let store = FileStore::options().compact_from(1_000).open(path).unwrap();
    for sequence in 1.. {
        if let Err(error) = store.commit_blocking(&KEY, at(sequence)) {
            assert_eq!(store.load_now(&KEY), Some(at(sequence - 1)));
            say(&format!(
                "{} {:?} {:?}",
                sequence - 1,
                kind(&error),
                error.outcome()
            ));
            break;
        }
    }
}

/// A limit on the length of files makes a write short before it fails.
#[test]
fn a_file_that_may_not_grow_keeps_what_was_committed() {
    let (folder, path) = nowhere();
    let twin = folder.path().join("twin");
    // It has two names, so that no shorter file takes its place.
    fs::write(&path, "").unwrap();
    fs::hard_link(&path, &twin).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]);
    let said = Other::start_under(shell, &path, "fill").rest();
    let [said] = &said[..] else {
        panic!("{said:?}")
    };
    let (most, wrong) = said.split_once(' ').unwrap();
    assert_eq!(wrong, "FileTooLarge NotCommitted");
    let most: u64 = most.parse().unwrap();
    // What the limit has room for was used.
    assert!(most > 50, "{most}");
    // And the part of a block that was written is gone.
    let report = FileStore::verify(&path).unwrap();
    assert_eq!((report.damage, report.torn_bytes), (None, 0));
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(most)));
    assert!(
        store
            .commit_blocking(&KEY, at(most + 1))
            .unwrap()
            .is_advanced()
    );
}

#[test]
fn a_full_disk_keeps_what_was_committed_and_goes_on_with_room() {
    if !has_own_mounts("places::a_full_disk_keeps_what_was_committed_and_goes_on_with_room") {
        return;
    }
    let (folder, _) = nowhere();
    let disk = folder.path();
    run(
        "mount",
        &[
            "-t",
            "tmpfs",
            "-o",
            "size=512k",
            "none",
            disk.to_str().unwrap(),
        ],
    );
    let (path, filler) = (disk.join("offsets"), disk.join("filler"));
    fs::write(&filler, vec![1; 448 << 10]).unwrap();
    let options = FileStore::options().compact_from(1_000);
    let store = options.open(&path).unwrap();
    let failed = (1..).find_map(|sequence| {
        let error = store.commit_blocking(&KEY, at(sequence)).err()?;
        Some((sequence, error))
    });
    // With one name, room for one more file is all that is needed, so fill that as well.
    let (mut sequence, mut error) = failed.unwrap();
    let rest = disk.join("rest");
    let _ = fs::write(&rest, vec![1; 64 << 10]);
    for _ in 0..10 {
        assert_eq!(kind(&error), std::io::ErrorKind::StorageFull, "{error}");
        assert_eq!(error.outcome(), Outcome::NotCommitted);
        assert_eq!(store.load_now(&KEY), Some(at(sequence - 1)));
        match store.commit_blocking(&KEY, at(sequence)) {
            Ok(_) => sequence += 1,
            Err(again) => error = again,
        }
    }
    // Another process finds what this one has.
    let mut other = Other::start(&path, "serve");
    assert_eq!(other.hear().as_deref(), Some("ready"));
    assert_eq!(other.ask("load 7"), (sequence - 1).to_string());
    // Neither of them tries any more to replace the file, which it does after its answers.
    assert_eq!(other.ask("flush"), "Ok(())");
    block_on(store.flush()).unwrap();
    // A new store cannot begin, and leaves nothing behind.
    let second = FileStore::open(disk.join("second")).unwrap();
    let error = second.commit_blocking(&KEY, at(1)).unwrap_err();
    assert_eq!(kind(&error), std::io::ErrorKind::StorageFull, "{error}");
    assert_eq!(error.outcome(), Outcome::NotCommitted);
    assert!(!names(disk).iter().any(|name| name.ends_with(".compact")));

    fs::remove_file(&filler).unwrap();
    assert!(
        store
            .commit_blocking(&KEY, at(sequence))
            .unwrap()
            .is_advanced()
    );
    assert_eq!(other.ask("fresh 7"), sequence.to_string());
    assert!(second.commit_blocking(&KEY, at(1)).unwrap().is_advanced());
}

#[test]
fn a_file_that_is_a_mount_point_is_written_in_place() {
    if !has_own_mounts("places::a_file_that_is_a_mount_point_is_written_in_place") {
        return;
    }
    for is_begun in [false, true] {
        let (folder, path) = nowhere();
        fs::write(&path, "").unwrap();
        if is_begun {
            begin(&path, &OTHER_KEY, at(5));
        }
        let target = path.to_str().unwrap();
        run("mount", &["--bind", target, target]);
        let inode = fs::metadata(&path).unwrap().ino();
        let store = FileStore::options().compact_from(1).open(&path).unwrap();
        for sequence in 1..200 {
            assert!(
                store
                    .commit_blocking(&KEY, at(sequence))
                    .unwrap()
                    .is_advanced()
            );
        }
        // By then nothing is tried any more.
        block_on(store.flush()).unwrap();
        assert_eq!(store.stats().replacements, 0);
        assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
        assert_eq!(names(&folder), ["offsets"]);
        let mut other = Other::start(&path, "serve");
        assert_eq!(other.hear().as_deref(), Some("ready"));
        assert_eq!(other.ask("commit 7 200"), "advanced");
        store.close_blocking().unwrap();
        let store = FileStore::open(&path).unwrap();
        assert_eq!(store.load_now(&KEY), Some(at(200)));
        assert_eq!(store.load_now(&OTHER_KEY), is_begun.then(|| at(5)));
    }
}

#[test]
fn what_is_mounted_read_only_is_refused_and_left_alone() {
    if !has_own_mounts("places::what_is_mounted_read_only_is_refused_and_left_alone") {
        return;
    }
    let (folder, path) = nowhere();
    begin(&path, &KEY, at(1));
    let bytes = fs::read(&path).unwrap();
    let target = folder.path().to_str().unwrap();
    run("mount", &["--bind", target, target]);
    run("mount", &["-o", "remount,bind,ro", target]);
    let new = folder.path().join("new");
    let open = FileStore::open(&path).unwrap_err();
    let commit = FileStore::open(&new)
        .unwrap()
        .commit_blocking(&KEY, at(1))
        .unwrap_err();
    for (error, path) in [(open, &path), (commit, &new)] {
        assert_eq!(
            kind(&error),
            std::io::ErrorKind::ReadOnlyFilesystem,
            "{error}"
        );
        assert_eq!(error.outcome(), Outcome::NotCommitted);
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
    // Looking at it needs no right to write.
    assert_eq!(FileStore::verify(&path).unwrap().keys, 1);
    assert!(fs::read(&path).unwrap() == bytes);
    assert_eq!(names(&folder), ["offsets"]);
}

/// What somebody is told who has no rights here.
pub(crate) fn knock(path: &Path) {
    let store = match FileStore::options().compact_from(1).open(path) {
        Ok(store) => store,
        Err(error) => return say(&format!("open {:?} {error}", kind(&error))),
    };
    for sequence in 1..100 {
        if let Err(error) = store.commit_blocking(&KEY, at(sequence)) {
            let outcome = error.outcome();
            return say(&format!("commit {:?} {outcome:?} {error}", kind(&error)));
        }
    }
    say(&format!("done, {} files", store.stats().replacements));
}

/// Somebody who may not do everything, as root may.
fn nobody(folder: &Path, path: &Path) -> Option<Vec<String>> {
    let program = folder.join("program");
    if !program.exists() {
        let this = env::current_exe().unwrap();
        if fs::hard_link(&this, &program).is_err() {
            // Not by this process: a child of another test would have it open for writing for a
            // moment, and what somebody writes is not run.
            run("cp", &[this.to_str().unwrap(), program.to_str().unwrap()]);
        }
    }
    let mut command = Command::new(program);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    Some(Other::start_by(command, path, "knock").rest())
}

/// Gives it to nobody, if it is root's.
fn give_away(path: &Path, mode: u32) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_file_or_folder_that_may_not_be_written_is_said_to_be() {
    let (above, _) = nowhere();
    fs::set_permissions(above.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = above.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("offsets");
    begin(&path, &OTHER_KEY, at(5));
    let bytes = fs::read(&path).unwrap();
    give_away(&folder, 0o755);

    give_away(&path, 0o444);
    let said = nobody(above.path(), &path).unwrap();
    let expected = format!("open PermissionDenied cannot open {}", path.display());
    assert_eq!(said, [expected]);
    assert!(fs::read(&path).unwrap() == bytes);

    // No other file can take its place, so it grows.
    give_away(&path, 0o644);
    give_away(&folder, 0o555);
    let said = nobody(above.path(), &path).unwrap();
    assert_eq!(said, ["done, 0 files"]);
    let new = folder.join("new");
    let said = nobody(above.path(), &new).unwrap();
    let cannot = "commit PermissionDenied NotCommitted cannot create";
    assert_eq!(said, [format!("{cannot} {}", new.display())]);
    assert_eq!(names(&folder), ["offsets"]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(99)));
    assert_eq!(store.load_now(&OTHER_KEY), Some(at(5)));
}

/// Replaced by root, it would be root's, and its owner could no longer open it.
#[test]
fn a_new_file_belongs_to_the_owner_of_the_old_one() {
    if !is_root() {
        return not_checked("who owns a new file: only root gives files away");
    }
    let (_folder, path) = nowhere();
    fs::write(&path, "").unwrap();
    give_away(&path, 0o640);
    let store = FileStore::options().compact_from(1).open(&path).unwrap();
    for sequence in 1..100 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
    }
    assert!(store.stats().replacements > 1);
    let metadata = fs::metadata(&path).unwrap();
    let rights = (metadata.uid(), metadata.gid(), metadata.mode() & 0o777);
    assert_eq!(rights, (NOBODY, NOBODY, 0o640));
}

/// Whoever writes it under its own name has put another file there, which the mount does not show.
#[test]
fn a_mount_point_whose_file_was_replaced_is_refused() {
    if !has_own_mounts("places::a_mount_point_whose_file_was_replaced_is_refused") {
        return;
    }
    let (folder, path) = nowhere();
    begin(&path, &OTHER_KEY, at(5));
    let mounted = folder.path().join("mounted");
    fs::write(&mounted, "").unwrap();
    let [from, to] = [&path, &mounted].map(|path| path.to_str().unwrap());
    run("mount", &["--bind", from, to]);
    let store = FileStore::open(&mounted).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    // Both names lead to one file, until that is replaced.
    let mut other = Other::start(&path, "serve");
    assert_eq!(other.hear().as_deref(), Some("ready"));
    assert_eq!(other.ask("load 7"), "1");
    let inode = || fs::metadata(&path).unwrap().ino();
    let before = inode();
    for sequence in 6.. {
        other.ask(&format!("commit 8 {sequence}"));
        if inode() != before {
            break;
        }
    }
    for _ in 0..2 {
        let error = store.commit_blocking(&KEY, at(2)).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotCommitted, "{error}");
        assert!(error.to_string().contains(to), "{error}");
    }
    assert!(store.load_fresh_blocking(&KEY).is_err());
    assert_eq!(other.ask("fresh 7"), "1");
    // Mounted anew, it is the same again.
    run("umount", &["--lazy", to]);
    run("mount", &["--bind", from, to]);
    assert!(store.commit_blocking(&KEY, at(2)).unwrap().is_advanced());
    assert_eq!(other.ask("fresh 7"), "2");
}
