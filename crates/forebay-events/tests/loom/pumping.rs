//! The pump in a thread of its own.
//!
//! * Whoever was handed over is woken, by the pump, by the writer that helps it, or by the end of
//!   the pump's runtime; whoever begins to wait in the meantime is as well.
//! * A backlog that was left to the pump is freed, and the pump ends with its log.

use std::future::poll_fn;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use forebay_events::{BoxFuture, Publisher, Runtime, RuntimeGone};
use loom::future::{AtomicWaker, block_on};
use loom::sync::atomic::{AtomicBool, Ordering::SeqCst};
use loom::thread;

use crate::{Log, Reader, append, model, shallow_model};

/// Runs a task in a thread of the model, to its end or for so many polls.
#[derive(Clone)]
struct ModelRuntime(Option<usize>);

impl Runtime for ModelRuntime {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn spawn(&self, mut task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        match self.0 {
            None => drop(thread::spawn(move || block_on(task))),
            Some(polls) => drop(thread::spawn(move || {
                for _ in 0..polls {
                    let mut cx = Context::from_waker(Waker::noop());
                    if task.as_mut().poll(&mut cx).is_ready() {
                        return;
                    }
                }
                drop(task);
            })),
        }
        Ok(())
    }
}

fn pumped(polls: Option<usize>) -> Log {
    let builder = Publisher::builder().runtime(ModelRuntime(polls));
    builder.build().expect("the settings are right")
}

/// A task that only notes that it was woken, and another one that waits for that.
#[derive(Default)]
struct Noted {
    woken: AtomicBool,
    watcher: AtomicWaker,
}

impl Noted {
    async fn woken(&self) {
        poll_fn(|cx| {
            self.watcher.register_by_ref(cx.waker());
            if self.woken.load(SeqCst) {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }
}

impl Wake for Noted {
    fn wake(self: std::sync::Arc<Self>) {
        self.woken.store(true, SeqCst);
        self.watcher.wake();
    }
}

/// A reader that waits, and the note that it was woken.
fn waiting(log: &Log) -> (Reader, std::sync::Arc<Noted>) {
    let mut reader = log.source().subscribe();
    let noted = std::sync::Arc::<Noted>::default();
    let waker = Waker::from(noted.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(reader.poll_ready(&mut cx).is_pending());
    (reader, noted)
}

#[test]
fn those_who_were_handed_over_are_woken() {
    for polls in [None, Some(0), Some(1)] {
        model(move || {
            let mut log = pumped(polls);
            let readers = [waiting(&log), waiting(&log)];
            append(&mut log, 1..=1);
            for (_, noted) in &readers {
                block_on(noted.woken());
            }
        });
    }
}

#[test]
fn who_begins_to_wait_while_the_pump_works_is_woken() {
    shallow_model(|| {
        let mut log = pumped(None);
        let first = [waiting(&log), waiting(&log)];
        append(&mut log, 1..=1);
        let second = [waiting(&log), waiting(&log)];
        append(&mut log, 2..=2);
        for (_, noted) in first.iter().chain(&second) {
            block_on(noted.woken());
        }
    });
}

#[test]
fn writer_and_pump_wake_everybody_together() {
    model(|| {
        let mut log = pumped(None);
        let readers = [waiting(&log), waiting(&log)];
        append(&mut log, 1..=3);
        for (_, noted) in &readers {
            block_on(noted.woken());
        }
    });
}

#[test]
fn end_wakes_those_who_wait_although_the_log_is_gone() {
    for polls in [None, Some(0), Some(1)] {
        model(move || {
            let log = pumped(polls);
            let [(first, one), (second, two)] = [waiting(&log), waiting(&log)];
            log.close();
            block_on(one.woken());
            block_on(two.woken());
            drop((first, second));
        });
    }
}

#[test]
fn reader_waits_while_the_pump_is_dropped() {
    model(|| {
        let mut log = pumped(Some(1));
        let readers = [waiting(&log), waiting(&log)];
        append(&mut log, 1..=1);
        let late = [waiting(&log), waiting(&log)];
        append(&mut log, 2..=2);
        for (_, noted) in readers.iter().chain(&late) {
            block_on(noted.woken());
        }
    });
}

#[test]
fn backlog_is_freed_by_the_pump() {
    for polls in [None, Some(1)] {
        model(move || {
            let event = std::sync::Arc::new(());
            let builder = Publisher::<_>::builder().runtime(ModelRuntime(polls));
            let mut log = builder.build().unwrap();
            let reader = log.source().subscribe();
            for sequence in 1..=7 {
                log.append(sequence, event.clone()).unwrap();
            }
            let drops = thread::spawn(move || drop(reader));
            drop(log);
            drops.join().unwrap();
        });
    }
}
