//! Joining, completing, losing, forgetting and claiming.
//!
//! * Every call gets exactly one answer: no wake is lost, whatever ends the flight.
//! * At most one load of a key runs at a time.
//! * No entry is left when all calls are gone.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Waker};

use forebay_core::LoadError;
use forebay_singleflight::{Handover, OnLeaderLost, WhenFull};
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::thread;

use crate::{Group, builder, group, model};

/// Loads, and finds out whether two loads run at once.
#[derive(Clone)]
struct Table {
    running: Arc<AtomicUsize>,
    loads: Arc<AtomicUsize>,
}

impl Table {
    fn new() -> Self {
        Self {
            running: Arc::new(AtomicUsize::new(0)),
            loads: Arc::new(AtomicUsize::new(0)),
        }
    }

    fn begin(&self) -> Running {
        assert_eq!(self.running.fetch_add(1, SeqCst), 0, "two loads at once");
        self.loads.fetch_add(1, SeqCst);
        Running(self.running.clone())
    }

    async fn load(self) -> usize {
        let _running = self.begin();
        7
    }

    /// A load that does not come to an end.
    async fn hang(self) -> usize {
        let _running = self.begin();
        pending().await
    }

    fn loads(&self) -> usize {
        self.loads.load(SeqCst)
    }
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Makes a call in a thread of its own.
fn spawn_call(group: &Group, table: &Table) -> thread::JoinHandle<()> {
    let (group, table) = (group.clone(), table.clone());
    thread::spawn(move || assert_eq!(block_on(group.work(&0, || table.load())), Ok(7)))
}

fn join(threads: [thread::JoinHandle<()>; 2]) {
    for thread in threads {
        thread.join().expect("a panic ends the whole model");
    }
}

/// Polls a call once, and drops it if it was not ready.
fn poll_and_drop<T>(call: impl Future<Output = T>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    pin!(call).poll(&mut cx).is_ready()
}

#[test]
fn calls_join_and_complete() {
    model(|| {
        let (group, table) = (group(), Table::new());
        let others = [spawn_call(&group, &table), spawn_call(&group, &table)];
        assert_eq!(block_on(group.work(&0, || table.clone().load())), Ok(7));
        join(others);
        assert!((1..=3).contains(&table.loads()));
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn leader_that_is_cancelled_is_replaced() {
    model(|| {
        let (group, table) = (group(), Table::new());
        let others = [spawn_call(&group, &table), spawn_call(&group, &table)];
        poll_and_drop(group.work(&0, || table.clone().hang()));
        join(others);
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn candidate_that_is_cancelled_passes_the_seat_on() {
    model(|| {
        let (group, table) = (group(), Table::new());
        let mut cx = Context::from_waker(Waker::noop());
        let mut leader = Box::pin(group.work(&0, || table.clone().hang()));
        assert!(leader.as_mut().poll(&mut cx).is_pending());
        let other = spawn_call(&group, &table);
        let cancelled = {
            let (group, table) = (group.clone(), table.clone());
            thread::spawn(move || poll_and_drop(group.work(&0, || table.hang())))
        };
        drop(leader);
        other.join().unwrap();
        cancelled.join().unwrap();
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn handover_to_all_makes_one_leader() {
    model(|| {
        let group = builder().handover(Handover::All).build().unwrap();
        let table = Table::new();
        let others = [spawn_call(&group, &table), spawn_call(&group, &table)];
        poll_and_drop(group.work(&0, || table.clone().hang()));
        join(others);
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn followers_of_a_lost_leader_fail_where_the_group_says_so() {
    model(|| {
        let builder = builder().on_leader_lost(OnLeaderLost::Fail);
        let group = builder.build().unwrap();
        let table = Table::new();
        let others = [(); 2].map(|()| {
            let (group, table) = (group.clone(), table.clone());
            thread::spawn(move || {
                let answer = block_on(group.work(&0, || table.load()));
                assert!(matches!(answer, Ok(7) | Err(LoadError::Abandoned)));
            })
        });
        poll_and_drop(group.work(&0, || table.clone().hang()));
        join(others);
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn panic_reaches_every_follower() {
    model(|| {
        let (group, table) = (group(), Table::new());
        let others = [(); 2].map(|()| {
            let (group, table) = (group.clone(), table.clone());
            thread::spawn(move || {
                let answer = block_on(group.work(&0, || table.load()));
                assert!(matches!(answer, Ok(7) | Err(LoadError::Panicked(_))));
            })
        });
        let running = table.clone();
        let load = async || {
            let _running = running.begin();
            resume_unwind(Box::new("poisoned row"));
        };
        // It panics if it leads, and follows otherwise.
        let call = AssertUnwindSafe(|| block_on(group.work(&0, load)));
        if let Ok(answer) = catch_unwind(call) {
            assert_eq!(answer, Ok(7));
        }
        join(others);
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn call_after_a_write_and_a_forget_sees_the_write() {
    model(|| {
        let group = group();
        let written = Arc::new(AtomicUsize::new(0));
        let others = [(); 2].map(|()| {
            let (group, written) = (group.clone(), written.clone());
            thread::spawn(move || block_on(group.work(&0, async || written.load(SeqCst))))
        });
        written.store(1, SeqCst);
        group.forget(&0);
        let read = block_on(group.work(&0, async || written.load(SeqCst)));
        assert_eq!(read, Ok(1));
        for other in others {
            assert!(matches!(other.join().unwrap(), Ok(0 | 1)));
        }
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn forgotten_flight_that_loses_its_leader_is_handed_over() {
    model(|| {
        let group = group();
        let other = {
            let group = group.clone();
            thread::spawn(move || assert_eq!(block_on(group.work(&0, async || 7)), Ok(7)))
        };
        let forgets = {
            let group = group.clone();
            thread::spawn(move || group.forget(&0))
        };
        poll_and_drop(group.work(&0, || pending()));
        other.join().unwrap();
        forgets.join().unwrap();
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn claim_that_is_dropped_or_published_strands_nobody() {
    for publishes in [true, false] {
        model(move || {
            let (group, table) = (group(), Table::new());
            let others = [spawn_call(&group, &table), spawn_call(&group, &table)];
            if let Some(leader) = group.claim(&0) {
                let running = table.begin();
                drop(running);
                if publishes {
                    leader.publish(7);
                }
            }
            join(others);
            assert_eq!(group.in_flight(), 0);
        });
    }
}

#[test]
fn permit_of_a_cancelled_call_is_not_lost() {
    model(|| {
        let builder = builder().max_leaders(1, WhenFull::Wait);
        let group = builder.build().unwrap();
        let table = Table::new();
        let others = [1, 2].map(|key| {
            let (group, table) = (group.clone(), table.clone());
            thread::spawn(move || {
                // All keys share the one permit, so no two of these loads overlap.
                let cancelled = key == 1;
                if cancelled {
                    poll_and_drop(group.work(&key, || table.hang()));
                } else {
                    assert_eq!(block_on(group.work(&key, || table.load())), Ok(7));
                }
            })
        });
        assert_eq!(block_on(group.work(&0, || table.clone().load())), Ok(7));
        join(others);
        assert_eq!(group.in_flight(), 0);
    });
}
