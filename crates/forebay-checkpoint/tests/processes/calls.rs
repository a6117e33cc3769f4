use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use forebay_checkpoint::{Durability, FileStore};
use forebay_core::{Outcome, StoreError};
use futures::executor::block_on;

use crate::child::say;
use crate::notice::can_trace;
use crate::other::Other;
use crate::{KEY, OTHER_KEY, at, names, nowhere};

const MANY: u64 = 100;
const SIXTEEN: &str = "0123456789abcdef";

/// What is traced: some phases, with what begins each of them said where the trace shows it.
pub(crate) fn count(path: &Path) {
    let store = FileStore::open(path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    store.commit_blocking(&OTHER_KEY, at(1)).unwrap();
    // Until then zeros may be written ahead.
    block_on(store.flush()).unwrap();
    say("begin commits");
    for sequence in 2..2 + MANY {
        let checkpoint = at(sequence).with_event_id(SIXTEEN);
        assert!(
            store
                .commit_blocking(&KEY, checkpoint)
                .unwrap()
                .is_advanced()
        );
    }
    say("begin unchanged");
    for sequence in 2..2 + MANY {
        assert!(
            !store
                .commit_blocking(&KEY, at(sequence))
                .unwrap()
                .is_advanced()
        );
    }
    say("begin looks");
    for _ in 0..MANY {
        store.load_fresh_blocking(&KEY).unwrap();
        assert!(store.load_now(&KEY).is_some());
    }
    say("begin batch");
    let file = File::open(path).unwrap();
    file.lock().unwrap();
    let ticket = |sequence| store.submit(&KEY, at(1_000 + sequence)).unwrap();
    let tickets: Vec<_> = (0..MANY).map(ticket).collect();
    file.unlock().unwrap();
    for ticket in tickets {
        assert!(ticket.wait().unwrap().is_advanced());
    }
    store.close_blocking().unwrap();
    let hour = Durability::Interval(Duration::from_secs(3600));
    let weak = FileStore::options().durability(hour).open(path).unwrap();
    say("begin weak");
    weak.commit_blocking(&KEY, at(2_000)).unwrap();
    let mut watch = weak.watch(&KEY);
    block_on(watch.next()).unwrap();
    say("begin leaving");
    drop(weak);
    assert!(block_on(watch.next()).is_err());
    say("begin end");
}

/// The calls of each phase by name, and the lengths of what was written to the file.
fn phases(trace: &str, path: &Path) -> BTreeMap<String, (BTreeMap<String, u64>, Vec<u64>)> {
    let mut phases = BTreeMap::new();
    let mut phase = "start".to_owned();
    let file = format!("<{}>", path.display());
    for line in trace.lines() {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        // What was interrupted by another thread's call is counted where it begins.
        let Some((name, arguments)) = call.split_once('(').filter(|_| !call.starts_with('<'))
        else {
            continue;
        };
        if let Some((_, said)) = arguments.split_once("says begin ") {
            phase = said.split("\\n").next().unwrap().to_owned();
            continue;
        }
        let (calls, lengths): &mut (BTreeMap<_, u64>, Vec<_>) =
            phases.entry(phase.clone()).or_default();
        *calls.entry(name.to_owned()).or_default() += 1;
        if name.starts_with("pwrite") && arguments.contains(&file) {
            let (_, behind) = arguments.rsplit_once('"').unwrap();
            let mut numbers = behind.split(|c: char| !c.is_ascii_digit());
            let length = numbers.find(|number| !number.is_empty()).unwrap();
            lengths.push(length.parse().unwrap());
        }
    }
    phases
}

/// Those that wait for threads, get memory or ask for nothing of the disk do not count.
fn of_files(calls: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let others = [
        "brk",
        // Of systems that do not tell the time without being asked.
        "clock_gettime",
        "clock_nanosleep",
        "fcntl",
        "futex",
        "getpid",
        "madvise",
        "mmap",
        "mprotect",
        "mremap",
        "munmap",
        "restart_syscall",
        "sched_yield",
        "set_robust_list",
        "write",
    ];
    // Who is alone looks now and then whether somebody waits: it gets in line and leaves it.
    let looks = calls.get("fcntl").copied().unwrap_or_default();
    assert!(looks <= MANY / 8, "{looks} looks for others");
    let calls = calls.iter().map(|(name, count)| (&**name, *count));
    calls.filter(|(name, _)| !others.contains(name)).collect()
}

#[test]
fn a_batch_is_one_write_and_one_sync_and_what_changes_nothing_neither() {
    if !can_trace() {
        return;
    }
    let (folder, path) = nowhere();
    let out = folder.path().join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-y", "-s", "32", "-o"]).arg(&out);
    let said = Other::start_under(strace, &path, "count").rest();
    assert_eq!(said.last().map(String::as_str), Some("begin end"));
    let trace = std::fs::read_to_string(out).unwrap();
    let phases = phases(&trace, &path);

    let (commits, lengths) = &phases["commits"];
    let stat = commits.keys().find(|name| name.contains("stat")).unwrap();
    // Nothing is opened, created, renamed or removed.
    let mut expected = [
        ("fdatasync", MANY),
        ("flock", 2 * MANY),
        ("pread64", MANY),
        ("pwrite64", MANY),
        (stat, MANY),
    ];
    expected.sort_unstable();
    assert_eq!(of_files(commits), expected);
    assert_eq!(lengths.len() as u64, MANY);
    assert!(lengths.iter().all(|length| *length <= 72), "{lengths:?}");

    let (unchanged, lengths) = &phases["unchanged"];
    let mut expected = [("flock", 2 * MANY), ("pread64", MANY), (stat, MANY)];
    expected.sort_unstable();
    assert_eq!((of_files(unchanged), lengths.len()), (expected.to_vec(), 0));

    let (looks, _) = &phases["looks"];
    assert_eq!(of_files(looks), [("pread64", MANY)]);

    let (batch, lengths) = &phases["batch"];
    assert_eq!((batch["pwrite64"], batch["fdatasync"]), (1, 1));
    // Of a key that changed often in one batch only the last state is written.
    assert!(lengths[..] == [56], "{lengths:?}");

    // What is due within an hour is synced before that where nobody is left.
    let (weak, leaving) = (&phases["weak"].0, &phases["leaving"].0);
    assert_eq!((weak["pwrite64"], weak.get("fdatasync")), (1, None));
    assert_eq!((leaving.get("pwrite64"), leaving["fdatasync"]), (None, 1));
}

/// What is done while a call of it fails: says of each commit what came of it.
pub(crate) fn fail(path: &Path) {
    let store = FileStore::open(path).unwrap();
    for sequence in 1..=8 {
        match store.commit_blocking(&KEY, at(sequence)) {
            Ok(_) => say(&format!("{sequence} committed")),
            Err(error) if error.outcome() == Outcome::NotCommitted => {
                // What was not committed is not there, and what was before it is.
                let before = store
                    .load_now(&KEY)
                    .map_or(0, |found| found.sequence().get());
                say(&format!("{sequence} not, after {before}: {error}"));
            }
            Err(error) => say(&format!("{sequence} unknown: {error}")),
        }
    }
    let stats = store.stats();
    store.close_blocking().unwrap();
    say(&format!(
        "{} failures, {} files",
        stats.failures, stats.replacements
    ));
}

/// Makes some calls of a kind fail, and returns what came of each commit.
fn fails(call: &str, error: &str, when: &str) -> Vec<String> {
    let (folder, path) = nowhere();
    let mut strace = Command::new("strace");
    strace.args(["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"]);
    strace.args(["-e", &format!("trace={call}")]);
    strace.args(["-e", &format!("inject={call}:error={error}:when={when}")]);
    let mut said = Other::start_under(strace, &path, "fail").rest();
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(8)), "{said:?}");
    assert_eq!(names(&folder), ["offsets"]);
    for line in &mut said {
        // The path is another one each time.
        *line = line.replace(path.to_str().unwrap(), "it");
    }
    said
}

/// What is said where all is well but for some commits.
fn but(others: &[(usize, &str)], last: &str) -> Vec<String> {
    let mut said: Vec<_> = (1..=8)
        .map(|number| format!("{number} committed"))
        .collect();
    for (number, other) in others {
        said[number - 1] = format!("{number} {other}");
    }
    said.push(last.to_owned());
    said
}

#[test]
fn a_sync_or_a_write_that_fails_commits_nothing_and_the_next_one_works() {
    if !can_trace() {
        return;
    }
    // The first syncs are those of the new file.
    let failed = "not, after 4: cannot sync it";
    let expected = but(&[(5, failed)], "1 failures, 2 files");
    assert_eq!(fails("fdatasync", "EIO", "5"), expected);
    // The second write is that of the zeros.
    let failed = "not, after 3: cannot write it";
    let expected = but(&[(4, failed)], "1 failures, 1 files");
    assert_eq!(fails("pwrite64", "ENOSPC", "5"), expected);
    // No room for zeros is no matter.
    let said = fails("pwrite64", "ENOSPC", "2");
    assert_eq!(said, but(&[], "0 failures, 1 files"));
}

#[test]
fn what_may_have_been_committed_is_said_to_be_unknown_and_is_settled_by_the_next_that_works() {
    if !can_trace() {
        return;
    }
    // The new file cannot be synced either, and the old one is written and synced again.
    let failed = "not, after 4: cannot sync it";
    let expected = but(&[(5, failed)], "1 failures, 1 files");
    assert_eq!(fails("fdatasync", "EIO", "5..6"), expected);
    // Nor can that, until the next commit, or the one after it.
    let unknown = (5, "unknown: cannot sync it");
    let expected = but(&[unknown], "1 failures, 2 files");
    assert_eq!(fails("fdatasync", "EIO", "5..7"), expected);
    let failed = (6, "not, after 4: cannot replace it");
    let expected = but(&[unknown, failed], "1 failures, 2 files");
    assert_eq!(fails("fdatasync", "EIO", "5..9"), expected);
}

/// The older store said that it had failed, and the position was on disk and not in memory.
#[test]
fn a_name_that_could_not_be_stored_is_given_once_more() {
    if !can_trace() {
        return;
    }
    // That of the empty file, which another one is to replace at once.
    let said = fails("fsync", "EIO", "1");
    assert_eq!(said, but(&[], "0 failures, 1 files"));
    let said = fails("fsync", "EIO", "2");
    assert_eq!(said, but(&[], "0 failures, 2 files"));
    let unknown = [(1, "unknown: cannot sync the directory of it")];
    let expected = but(&unknown, "0 failures, 3 files");
    assert_eq!(fails("fsync", "EIO", "2..3"), expected);
}
