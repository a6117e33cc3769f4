use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use forebay_checkpoint::{CheckpointError, FileStore};
use forebay_core::{CheckpointStore, Commit, ResumeKey};
use futures::executor::block_on;

use crate::{KEY, OTHER_KEY, at, names, nowhere};

const PATH: &str = "FOREBAY_CHECKPOINT_PATH";
const SCRIPT: &str = "FOREBAY_CHECKPOINT_SCRIPT";

/// What another process does with the store: this program once more, as this one test.
#[test]
fn in_another_process() {
    let (Ok(path), Ok(script)) = (env::var(PATH), env::var(SCRIPT)) else {
        return;
    };
    let store = FileStore::options()
        .compact_from(4_000)
        .open(PathBuf::from(path))
        .unwrap();
    match script.split_once(' ') {
        Some(("commit", sequence)) => {
            let sequence = sequence.parse().unwrap();
            store.commit_blocking(&KEY, at(sequence)).unwrap();
            say("done");
        }
        Some(("rise", number)) => rise(&store, number.parse().unwrap()),
        Some(("claim", _)) => {
            block_on(store.claim(&KEY)).unwrap();
            say("done");
        }
        _ => unreachable!("{script}"),
    }
}

/// Commits one sequence after the other, and says so after each, until it is killed.
fn rise(store: &FileStore, number: u8) {
    let key = ResumeKey::from_bytes([number; 32]);
    let first = store
        .load_now(&key)
        .map_or(1, |found| found.sequence().get() + 1);
    for sequence in first.. {
        let commits = vec![(key, at(sequence)), (OTHER_KEY, at(sequence))];
        block_on(store.commit_many(commits)).unwrap();
        say(&sequence.to_string());
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    out.write_all(format!("says {line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

struct Other {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Other {
    fn start(path: &Path, script: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "processes::in_another_process", "--nocapture"])
            .env(PATH, path)
            .env(SCRIPT, script)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn hear(&mut self) -> Option<String> {
        let mut lines = BufRead::lines(&mut self.lines).map(Result::unwrap);
        lines.find_map(|line| line.split_once("says ").map(|(_, said)| said.to_owned()))
    }

    fn run(path: &Path, script: &str) {
        let mut other = Self::start(path, script);
        assert_eq!(other.hear().as_deref(), Some("done"));
        assert!(other.child.wait().unwrap().success());
    }

    /// Kills it, and returns the last it said.
    fn kill(&mut self) -> Option<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.hear()).last()
    }
}

#[test]
fn what_another_process_commits_is_seen_when_it_is_asked_for() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    Other::run(&path, "commit 5");
    assert_eq!(store.load_now(&KEY), None);
    assert_eq!(store.load_fresh_blocking(&KEY).unwrap(), Some(at(5)));
    Other::run(&path, "commit 7");
    let current = at(7);
    let commit = store.commit_blocking(&KEY, at(6)).unwrap();
    assert_eq!(commit, Commit::Unchanged { current });
    // Its file took the place of this one, more than once.
    for sequence in (10..200).step_by(10) {
        Other::run(&path, &format!("commit {sequence}"));
        let found = block_on(store.load_fresh(&KEY)).unwrap();
        assert_eq!(found, Some(at(sequence)));
        for step in 1..10 {
            store.commit_blocking(&KEY, at(sequence + step)).unwrap();
        }
    }
}

#[test]
fn a_watch_sees_what_another_process_commits() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let mut watch = store.watch(&KEY);
    assert_eq!(block_on(watch.next()).unwrap(), Some(at(1)));
    Other::run(&path, "commit 2");
    assert_eq!(block_on(watch.next()).unwrap(), Some(at(2)));
}

#[test]
fn a_claim_is_fenced_by_one_of_another_process() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    let claim = block_on(store.claim(&KEY)).unwrap();
    block_on(claim.commit(at(1))).unwrap();
    Other::run(&path, "claim it");
    let error = block_on(claim.commit(at(2))).unwrap_err();
    assert!(matches!(error, CheckpointError::Fenced { .. }));
    // Who shares the key without a claim is not fenced.
    assert!(block_on(store.commit(&KEY, at(3))).unwrap().is_advanced());
}

/// Four processes write until one of them has made a counted number of commits; then all are killed.
#[test]
fn killed_processes_lose_nothing_they_were_told_and_leave_nothing_behind() {
    let (folder, path) = nowhere();
    let mut told = [0_u64; 4];
    for round in 0..12_u64 {
        let start = |number: usize| Other::start(&path, &format!("rise {number}"));
        let mut others: Vec<_> = (0..4).map(start).collect();
        let counted = 1 + round * 7 % 40;
        for _ in 0..counted {
            let said = others[round as usize % 4].hear().unwrap();
            told[round as usize % 4] = said.parse().unwrap();
        }
        for (other, told) in others.iter_mut().zip(&mut told) {
            if let Some(said) = other.kill() {
                *told = said.parse().unwrap();
            }
        }
        let store = FileStore::open(&path).unwrap();
        for (number, told) in (0..).zip(&mut told) {
            let found = store.load_now(&ResumeKey::from_bytes([number; 32]));
            let found = found.map_or(0, |found| found.sequence().get());
            // One commit more may have been made, of which nobody was told.
            assert!((*told..=*told + 1).contains(&found), "{found} {told}");
            *told = found;
        }
        let most = store.load_now(&OTHER_KEY).unwrap();
        assert_eq!(most.sequence().get(), *told.iter().max().unwrap());
    }
    let left = names(&folder);
    assert!(
        left.iter().all(|name| name.starts_with("offsets")),
        "{left:?}"
    );
    assert!(left.len() <= 2, "{left:?}");
}
