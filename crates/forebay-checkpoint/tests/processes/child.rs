//! What another process does with the store.

use std::env;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use forebay_checkpoint::{CheckpointError, Claim, FileStore, Options};
use forebay_core::{Checkpoint, CheckpointStore, Commit, Cursor, LogId, ResumeKey, Sequence};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::join_all;
use rustix::process::{Signal, getpid, kill_process};

use crate::other::{PATH, SCRIPT};
use crate::progress::{Turn, mark, pair, turn, turned, turning};
use crate::{KEY, OTHER_KEY, at};

#[test]
fn in_another_process() {
    let (Some(path), Ok(script)) = (env::var_os(PATH), env::var(SCRIPT)) else {
        return;
    };
    say(&format!("process {}", std::process::id()));
    let mut words = script.split(' ');
    let script = words.next().unwrap();
    let numbers: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
    let path = Path::new(&path);
    match script {
        "serve" => serve(path),
        "rise" => rise(path, numbers[0] as u8, numbers[1]),
        "hold" => hold(path),
        "line" => crate::waiting::line(path),
        "wait" => wait(path),
        "fail" => crate::calls::fail(path),
        "count" => crate::calls::count(path),
        "fill" => crate::places::fill(path),
        "knock" => crate::places::knock(path),
        _ => unreachable!("{script}"),
    }
}

pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout();
    out.write_all(format!("says {line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

pub(crate) fn hear() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line).unwrap();
    (read > 0).then(|| line.trim_end().to_owned())
}

/// Files are replaced often, and the lock is waited for as long as the disk takes for others.
fn busy() -> Options {
    FileStore::options().compact_from(4_000).lock_timeout(None)
}

/// Does what it is told, and says what came of it.
fn serve(path: &Path) {
    let store = busy().open(path).unwrap();
    let mut claims: Vec<Claim<FileStore>> = Vec::new();
    let mut watch = None;
    say("ready");
    while let Some(order) = hear() {
        let words: Vec<_> = order.split(' ').collect();
        let key = || ResumeKey::from_bytes([words[1].parse().unwrap(); 32]);
        let checkpoint = |word: usize| at(words[word].parse().unwrap());
        let answer = block_on(async {
            match words[0] {
                "load" => found(store.load_now(&key())),
                "fresh" => found(store.load_fresh(&key()).await.unwrap()),
                "commit" => committed(store.commit(&key(), checkpoint(2)).await),
                "remove" => found(store.remove(&key()).await.unwrap()),
                "flush" => format!("{:?}", store.flush().await),
                "reset" => format!("{:?}", store.reset(&key(), checkpoint(2)).await),
                "claim" => {
                    claims.push(store.claim(&key()).await.unwrap());
                    "claimed".to_owned()
                }
                "claimed" => committed(claims[0].commit(checkpoint(1)).await),
                "watch" => {
                    let watch = watch.insert(store.watch(&key()));
                    found(watch.next().await.unwrap())
                }
                "next" => found(watch.as_mut().unwrap().next().await.unwrap()),
                other => unreachable!("{other}"),
            }
        });
        say(&answer);
    }
}

fn found(checkpoint: Option<Checkpoint>) -> String {
    let found = checkpoint.map(|checkpoint| checkpoint.sequence().to_string());
    found.unwrap_or_else(|| "nothing".to_owned())
}

fn committed(result: Result<Commit, CheckpointError>) -> String {
    match result {
        Ok(Commit::Advanced { .. }) => "advanced".to_owned(),
        Ok(Commit::Unchanged { current }) => format!("unchanged {}", current.sequence()),
        Err(CheckpointError::Fenced { .. }) => "fenced".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Makes one step after the other and says so after each; when it has made `steps` of them, it
/// kills itself with the next one under way.
fn rise(path: &Path, number: u8, steps: u64) {
    let store = made(busy().open(path));
    let key = turning(number);
    let mut step = store
        .load_now(&pair(number)[0])
        .map_or(0, |found| found.sequence().get());
    block_on(async {
        // It may have died in the middle of a step.
        if store.load_now(&key) != turned(step) {
            make(&store, &key, step).await;
        }
        for count in 1.. {
            step += 1;
            let mut commits = pair(number).map(|key| (key, mark(number, step))).to_vec();
            commits.push((OTHER_KEY, at(step)));
            let mut both = Box::pin(store.commit_many(commits));
            if count > steps {
                let _ = (&mut both).now_or_never();
                kill_process(getpid(), Signal::KILL).unwrap();
            }
            made(both.await);
            make(&store, &key, step).await;
            say(&step.to_string());
        }
    });
}

async fn make(store: &FileStore, key: &ResumeKey, step: u64) {
    match turn(step) {
        _ if step == 0 => {}
        Turn::Commit(checkpoint) => {
            let commit = made(store.commit(key, checkpoint).await);
            assert!(commit.is_advanced(), "{commit:?}");
        }
        Turn::Reset(checkpoint) => made(store.reset(key, checkpoint).await),
        Turn::Remove => assert!(made(store.remove(key).await).is_some()),
    }
}

/// Who is killed at a system call may still see that this one call was not made.
fn made<T>(result: Result<T, CheckpointError>) -> T {
    if let Err(CheckpointError::Io { source, .. }) = &result
        && source.kind() == ErrorKind::Unsupported
    {
        loop {
            std::thread::park();
        }
    }
    result.unwrap()
}

/// Takes the lock, as in the middle of a commit, and stops.
fn hold(path: &Path) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    file.lock().unwrap();
    say("held");
    kill_process(getpid(), Signal::STOP).unwrap();
    // Another thread may be the one that stops first.
    loop {
        std::thread::park();
    }
}

/// Gives up waiting for the lock many times, and says how many threads that took.
fn wait(path: &Path) {
    let options = FileStore::options().lock_timeout(Some(Duration::from_millis(5)));
    // Reading needs the lock as well, which is free when this begins.
    let store = options.open(path).unwrap();
    say("ready");
    hear();
    for many in [1, 500] {
        let commits = (0..many).map(|sequence| store.commit(&KEY, at(100 + sequence)));
        for result in block_on(join_all(commits)) {
            let is_timeout = matches!(result, Err(CheckpointError::LockTimeout { .. }));
            assert!(is_timeout, "{result:?}");
        }
        // The thread of the file may be on its way to the lock.
        while !is_awaited(path) {
            std::thread::yield_now();
        }
        let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
        say(&format!("{threads} threads"));
    }
    hear();
    let cursor = Cursor::new(LogId::new(1), Sequence::new(2));
    let patient = FileStore::options().lock_timeout(None).open(path).unwrap();
    let commit = block_on(patient.commit(&KEY, cursor.into()));
    say(&committed(commit));
}

/// Whether somebody waits for the lock on a file.
pub(crate) fn is_awaited(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = format!(":{} ", std::fs::metadata(path).unwrap().ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let mut lines = locks.lines();
    lines.any(|line| line.contains("->") && line.contains(&inode))
}
