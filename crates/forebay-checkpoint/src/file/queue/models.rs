//! The queue of a file through every interleaving of those who use it.
//!
//! * Every call that is queued is answered, once: by the thread, by the watchdog, or by the end.
//! * Whoever finds no room gets in when there is some, whoever else gives up.
//! * The thread carries out what is queued before the last handle goes, and then ends; whoever joins
//!   before that is served by it, and whoever comes later is told to start anew.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Waker};
use std::time::Instant;

use forebay_rt::sync::AtomicUsize;
use forebay_rt::wake_all;
use loom::future::block_on;
use loom::thread;

use crate::error::CheckpointError;
use crate::file::queue::{Pace, Queue, Queued, Task, Turn};
use crate::file::slot::Slot;

fn call() -> (Queued, Arc<Slot>) {
    Queued::new(Task::Flush, Pace::BeforeAnswer, None)
}

fn timed_out() -> CheckpointError {
    CheckpointError::LockTimeout {
        path: std::path::Path::new("").into(),
    }
}

/// What the thread of a file does, but for the file.
struct Served {
    queue: Queue,
    gone: Slot,
    done: AtomicUsize,
}

impl Served {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            queue: Queue::new(most),
            gone: Slot::default(),
            done: AtomicUsize::new(0),
        })
    }

    fn serve(&self) {
        loop {
            match self.queue.next(None) {
                Turn::Work { .. } => self.turn(),
                Turn::Due => {}
                Turn::End => break,
            }
        }
        self.queue.end();
        wake_all(self.gone.answer(Ok(Vec::new())));
    }

    fn turn(&self) {
        for queued in self.queue.drain(1) {
            self.done.fetch_add(1, Relaxed);
            wake_all(queued.promise.keep(Ok(Vec::new())));
        }
    }
}

/// Two preemptions suffice to break each of these where anything of the queue is left out; the
/// environment may ask for more.
fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    builder.check(f);
}

fn with(served: &Arc<Served>, f: impl FnOnce(&Served) + 'static) -> thread::JoinHandle<()> {
    let served = Arc::clone(served);
    thread::spawn(move || f(&served))
}

#[test]
fn what_is_queued_before_the_last_handle_goes_is_answered() {
    model(|| {
        let served = Served::new(4);
        let thread = with(&served, Served::serve);
        let (queued, slot) = call();
        assert!(served.queue.push(queued).is_ok());
        assert!(served.queue.part());
        assert!(slot.wait().is_ok());
        assert!(served.gone.wait().is_ok());
        assert!(served.queue.push(call().0).is_err());
        assert_eq!(served.done.load(Relaxed), 1);
        thread.join().unwrap();
    });
}

#[test]
fn tasks_that_find_no_room_get_in_one_after_the_other() {
    model(|| {
        let served = Served::new(1);
        assert!(served.queue.push(call().0).is_ok());
        let task = |served: &Served| {
            let (queued, slot) = call();
            assert!(block_on(served.queue.ask(queued, &slot)).is_ok());
        };
        let other = with(&served, task);
        let thread = with(&served, Served::serve);
        task(&served);
        other.join().unwrap();
        served.queue.part();
        thread.join().unwrap();
    });
}

#[test]
fn a_task_that_gives_up_lets_the_next_one_in() {
    model(|| {
        let served = Served::new(1);
        assert!(served.queue.push(call().0).is_ok());
        let thread = with(&served, Served::serve);
        let gives_up = with(&served, |served| {
            let (queued, slot) = call();
            let asks = pin!(served.queue.ask(queued, &slot));
            let _ = asks.poll(&mut Context::from_waker(Waker::noop()));
        });
        let (queued, slot) = call();
        assert!(block_on(served.queue.ask(queued, &slot)).is_ok());
        gives_up.join().unwrap();
        served.queue.part();
        thread.join().unwrap();
    });
}

#[test]
fn a_thread_that_finds_no_room_gets_in() {
    model(|| {
        let served = Served::new(1);
        assert!(served.queue.push(call().0).is_ok());
        let thread = with(&served, Served::serve);
        let other = with(&served, |served| {
            let (queued, slot) = call();
            served.queue.push_blocking(queued).unwrap();
            assert!(slot.wait().is_ok());
        });
        let (queued, slot) = call();
        served.queue.push_blocking(queued).unwrap();
        assert!(slot.wait().is_ok());
        other.join().unwrap();
        served.queue.part();
        thread.join().unwrap();
    });
}

#[test]
fn a_call_is_either_done_or_given_up() {
    model(|| {
        let served = Served::new(4);
        let watchdog = with(&served, |served| served.queue.expire(timed_out));
        let thread = with(&served, |served| {
            served.queue.waits_for_lock(true);
            served.queue.waits_for_lock(false);
            served.turn();
            served.queue.end();
        });
        let (queued, slot) = Queued::new(Task::Flush, Pace::BeforeAnswer, Some(Instant::now()));
        let queued = served.queue.push(queued);
        let answers = slot.wait();
        let done = served.done.load(Relaxed);
        match answers {
            Ok(_) => assert_eq!(done, 1),
            Err(CheckpointError::LockTimeout { .. } | CheckpointError::Closed) => {
                assert_eq!(done, 0);
            }
            // Dropped as it was not queued.
            Err(_) => assert!(queued.is_err()),
        }
        thread.join().unwrap();
        watchdog.join().unwrap();
    });
}

/// The lock is never got, so that nobody but the watchdog answers.
#[test]
fn a_call_that_waits_for_the_lock_is_given_up() {
    model(|| {
        let served = Served::new(4);
        let watchdog = with(&served, |served| served.queue.expire(timed_out));
        let waits = with(&served, |served| served.queue.waits_for_lock(true));
        let (queued, slot) = Queued::new(Task::Flush, Pace::BeforeAnswer, Some(Instant::now()));
        assert!(served.queue.push(queued).is_ok());
        let given_up = slot.wait();
        assert!(matches!(given_up, Err(CheckpointError::LockTimeout { .. })));
        waits.join().unwrap();
        served.queue.end();
        watchdog.join().unwrap();
    });
}

#[test]
fn whoever_joins_is_served_or_told_to_start_anew() {
    model(|| {
        let served = Served::new(4);
        let thread = with(&served, Served::serve);
        let parts = with(&served, |served| {
            served.queue.part();
        });
        if served.queue.join() {
            let (queued, slot) = call();
            assert!(block_on(served.queue.ask(queued, &slot)).is_ok());
            served.queue.part();
        }
        parts.join().unwrap();
        thread.join().unwrap();
        assert!(!served.queue.join());
    });
}
