use std::fs::File;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use forebay_checkpoint::{CheckpointError, FileStore};
use forebay_core::{CheckpointStore, Commit};
use futures::FutureExt;
use futures::executor::block_on;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::Signal;
use tokio::runtime;

use crate::child::{is_awaited, say};
use crate::other::Other;
use crate::{KEY, OTHER_KEY, at, begin, nowhere};

fn is_held(path: &Path) -> bool {
    let file = File::open(path).unwrap();
    let held = file.try_lock().is_err();
    // Not by closing alone: a child that another test is about to start has the file open as well.
    file.unlock().unwrap();
    held
}

/// The older store left a thread behind for every call that gave up, and ran out of them.
#[test]
fn however_many_give_up_on_a_stopped_process_one_thread_waits() {
    let (_folder, path) = nowhere();
    begin(&path, &KEY, at(1));
    let mut waits = Other::start(&path, "wait");
    assert_eq!(waits.hear().as_deref(), Some("ready"));
    let mut holds = Other::start(&path, "hold");
    assert_eq!(holds.hear().as_deref(), Some("held"));
    waits.tell("go on");
    let after_one = waits.hear().unwrap();
    let after_many = waits.hear().unwrap();
    // One that is blocked in a call of the system needs a thread, so there is no other.
    assert_eq!(after_one, after_many);
    // Nothing of what was given up comes to pass later: what had been committed is the next.
    assert!(is_held(&path));
    waits.tell("go on");
    holds.signal(Signal::KILL);
    assert_eq!(waits.hear().as_deref(), Some("advanced"));
    waits.rest();
    let store = FileStore::open(&path).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(2)));
}

/// Dropping the older one took as long as the other process kept the lock.
#[test]
fn a_runtime_whose_tasks_wait_is_dropped_while_the_lock_is_held() {
    let (_folder, path) = nowhere();
    let store = FileStore::options().lock_timeout(None).open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    let mut holds = Other::start(&path, "hold");
    assert_eq!(holds.hear().as_deref(), Some("held"));
    let (asked, has_asked) = mpsc::channel();
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    for sequence in 2..50 {
        let (store, asked) = (store.clone(), asked.clone());
        runtime.spawn(async move {
            let mut commit = Box::pin(store.commit(&KEY, at(sequence)));
            assert!((&mut commit).now_or_never().is_none());
            asked.send(()).unwrap();
            commit.await
        });
    }
    for _ in 2..50 {
        has_asked.recv().unwrap();
    }
    drop(runtime);
    assert!(is_held(&path));
    holds.signal(Signal::KILL);
    // The futures are gone; what they asked for is done, in memory as in the file.
    block_on(store.flush()).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(49)));
    store.close_blocking().unwrap();
    assert_eq!(FileStore::open(&path).unwrap().load_now(&KEY), Some(at(49)));
}

/// With the older store a removal that was cancelled came back with the next commit of another key.
#[test]
fn a_removal_that_is_dropped_is_made_or_was_never_begun() {
    let (_folder, path) = nowhere();
    let store = FileStore::options().lock_timeout(None).open(&path).unwrap();
    for is_polled in [false, true] {
        store.commit_blocking(&KEY, at(1)).unwrap();
        let mut holds = Other::start(&path, "hold");
        assert_eq!(holds.hear().as_deref(), Some("held"));
        let mut remove = Box::pin(store.remove(&KEY));
        if is_polled {
            assert!((&mut remove).now_or_never().is_none());
        }
        drop(remove);
        let ticket = store.submit(&OTHER_KEY, at(1)).unwrap();
        holds.signal(Signal::KILL);
        ticket.wait().unwrap();
        let expected = if is_polled { None } else { Some(at(1)) };
        assert_eq!(store.load_now(&KEY), expected);
        let mut other = Other::start(&path, "serve");
        assert_eq!(other.hear().as_deref(), Some("ready"));
        let found = if is_polled { "nothing" } else { "1" };
        assert_eq!(other.ask("load 7"), found);
    }
}

/// It came when there was a file, for something that needs none.
#[test]
fn a_commit_that_comes_while_the_file_is_removed_makes_a_new_one() {
    let (_folder, path) = nowhere();
    let store = FileStore::options().lock_timeout(None);
    let store = store.open(&path).unwrap();
    for sequence in 1..20 {
        store.commit_blocking(&OTHER_KEY, at(sequence)).unwrap();
        block_on(store.flush()).unwrap();
        let held = File::open(&path).unwrap();
        held.lock().unwrap();
        let mut flush = Box::pin(store.flush());
        assert!((&mut flush).now_or_never().is_none());
        while !is_awaited(&path) {
            thread::yield_now();
        }
        let ticket = store.submit(&KEY, at(sequence)).unwrap();
        std::fs::remove_file(&path).unwrap();
        drop(held);
        assert_eq!(ticket.wait().unwrap(), Commit::Advanced { previous: None });
        block_on(flush).unwrap();
        assert_eq!(store.load_now(&OTHER_KEY), None);
        std::fs::remove_file(&path).unwrap();
    }
}

/// Stands in line for the lock, as who waits for it does, until it is killed.
pub(crate) fn line(path: &Path) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    fcntl_lock(&file, FlockOperation::LockExclusive).unwrap();
    say("in line");
    loop {
        thread::park();
    }
}

/// Of two processes that had enough to do, one got the lock again and again, and the other hardly
/// ever.
#[test]
fn who_has_had_the_lock_lets_others_have_it_first() {
    let (_folder, path) = nowhere();
    let store = FileStore::open(&path).unwrap();
    store.commit_blocking(&KEY, at(1)).unwrap();
    // The commit is answered first, and then more of the file is written under the same lock.
    block_on(store.flush()).unwrap();
    let mut line = Other::start(&path, "line");
    assert_eq!(line.hear().as_deref(), Some("in line"));
    assert!(!is_held(&path));
    let hasty = FileStore::options().lock_timeout(Some(Duration::from_millis(1)));
    let hasty = hasty.open(&path).unwrap();
    // Who has met nobody for long looks now and then.
    let refused = (2..100).find_map(|sequence| {
        let refused = hasty.commit_blocking(&KEY, at(sequence)).err()?;
        assert!(matches!(refused, CheckpointError::LockTimeout { .. }));
        Some(sequence)
    });
    assert!(refused.is_some());
    assert!(!is_held(&path));
    line.signal(Signal::KILL);
    store.commit_blocking(&KEY, at(100)).unwrap();
    // Who has met somebody looks each time.
    let mut line = Other::start(&path, "line");
    assert_eq!(line.hear().as_deref(), Some("in line"));
    assert!(hasty.commit_blocking(&KEY, at(101)).is_err());
    line.signal(Signal::KILL);
    store.commit_blocking(&KEY, at(102)).unwrap();
}
