//! Runtimes that end, come late or run tasks at once.
//!
//! * Whatever the pump was doing when its runtime ended, everybody is woken and everything freed.
//! * Without a runtime, and with one that refuses or drops tasks, the writer does it all.
//! * A runtime that comes later is used.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_events::{BoxFuture, Publisher, Runtime, RuntimeGone};
use forebay_testkit::{Gone, HandRuntime};

use crate::payload::{Census, Counted};
use crate::reader::{Error, Log, Reader};

fn on(runtime: impl Runtime) -> Log {
    let builder = Publisher::<u64, Error>::builder().runtime(runtime);
    builder.build().unwrap()
}

fn wait(log: &Log, count: usize) -> Vec<Reader> {
    (0..count).map(|_| Reader::waiting(log)).collect()
}

#[track_caller]
fn all_get(readers: Vec<Reader>, expected: u64) {
    for mut reader in readers {
        assert!(reader.is_woken());
        assert_eq!(reader.wakes.count(), 1);
        assert_eq!(reader.events(), [expected]);
    }
}

#[test]
fn writer_wakes_all_where_there_is_no_runtime() {
    for end in Gone::ALL {
        let runtime = HandRuntime::default();
        runtime.shut_down(end);
        let mut log = on(runtime);
        for round in 0..3 {
            let readers = wait(&log, 1_000);
            log.push(round).unwrap();
            all_get(readers, round);
        }
        let readers = wait(&log, 1_000);
        log.close();
        assert!(readers.iter().all(Reader::is_woken));
    }
}

#[test]
fn runtime_that_ends_wakes_all_who_were_handed_over() {
    for end in Gone::ALL {
        for steps in 0..6 {
            let runtime = HandRuntime::default();
            let mut log = on(runtime.clone());
            let readers = wait(&log, 500);
            log.push(7).unwrap();
            for _ in 0..steps {
                runtime.step();
            }
            runtime.shut_down(end);
            all_get(readers, 7);
            let readers = wait(&log, 500);
            log.push(8).unwrap();
            all_get(readers, 8);
        }
    }
}

#[test]
fn runtime_that_ends_while_its_pump_is_idle_is_noticed() {
    for end in Gone::ALL {
        let runtime = HandRuntime::default();
        let mut log = on(runtime.clone());
        let readers = wait(&log, 100);
        log.push(1).unwrap();
        runtime.run();
        all_get(readers, 1);
        runtime.shut_down(end);
        let readers = wait(&log, 100);
        log.push(2).unwrap();
        all_get(readers, 2);
    }
}

#[test]
fn runtime_that_ends_wakes_who_waits_for_the_end() {
    for end in Gone::ALL {
        let runtime = HandRuntime::default();
        let log = on(runtime.clone());
        let readers = wait(&log, 500);
        log.close();
        runtime.step();
        runtime.shut_down(end);
        assert!(readers.iter().all(Reader::is_woken));
    }
}

#[test]
fn runtime_that_ends_frees_what_was_left_to_it() {
    for end in Gone::ALL {
        for steps in 0..4 {
            let census = Census::default();
            let runtime = HandRuntime::default();
            let builder = Publisher::<Counted>::builder().runtime(runtime.clone());
            let mut log = builder.build().unwrap();
            let reader = log.source().subscribe();
            for number in 1..=10_000 {
                log.append(number, census.event(number)).unwrap();
            }
            drop((log, reader));
            for _ in 0..steps {
                runtime.step();
            }
            runtime.shut_down(end);
            assert_eq!(census.alive(), 0, "{end:?} after {steps}");
        }
    }
}

/// The runtime of whoever is there, as tokio's is, where several come and go.
#[derive(Clone, Default)]
struct Roaming(Arc<Mutex<HandRuntime>>);

impl Roaming {
    fn here(&self) -> HandRuntime {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn moves(&self) -> HandRuntime {
        let next = HandRuntime::default();
        let mut here = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *here = next.clone();
        next
    }
}

impl Runtime for Roaming {
    fn now(&self) -> Duration {
        self.here().now()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.here().sleep_until(deadline)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.here().spawn(task)
    }
}

#[test]
fn runtime_that_comes_later_is_used() {
    for end in Gone::ALL {
        let runtime = Roaming::default();
        let mut log = on(runtime.clone());
        for round in 0..4 {
            let here = runtime.here();
            let readers = wait(&log, 300);
            log.push(round).unwrap();
            assert_eq!(here.tasks(), 1);
            here.step();
            here.shut_down(end);
            all_get(readers, round);
            runtime.moves();
        }
    }
}

/// Runs each task at once, until it waits.
#[derive(Clone, Default)]
struct Eager(HandRuntime);

impl Runtime for Eager {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep_until(deadline)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        self.0.spawn(task)?;
        self.0.run();
        Ok(())
    }
}

#[test]
fn runtime_may_run_tasks_while_they_are_spawned() {
    let runtime = Eager::default();
    let mut log = on(runtime.clone());
    let readers = wait(&log, 300);
    log.push(1).unwrap();
    all_get(readers, 1);
    let readers = wait(&log, 300);
    log.push(2).unwrap();
    runtime.0.run();
    all_get(readers, 2);
}

/// Cannot start a task and says so with a panic.
struct Broken;

impl Runtime for Broken {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn spawn(&self, _: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        std::panic::resume_unwind(Box::new("out of threads"))
    }
}

#[test]
fn runtime_that_panics_leaves_nobody_waiting() {
    let mut log = on(Broken);
    for round in 0..3 {
        let readers = wait(&log, 100);
        let push = std::panic::AssertUnwindSafe(|| log.push(round).is_ok());
        // The panic may or may not come through; the event is published either way.
        let _ = std::panic::catch_unwind(push);
        all_get(readers, round);
    }
}

#[test]
fn publishers_need_no_runtime() {
    let mut log = Publisher::<u64, Error>::builder().inline().build().unwrap();
    let readers = wait(&log, 10_000);
    log.push(1).unwrap();
    all_get(readers, 1);
}
