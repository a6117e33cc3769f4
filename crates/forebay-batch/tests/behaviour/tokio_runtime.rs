//! Batchers on tokio.
//!
//! * A batcher is built anywhere, and calls run on the runtime of the load that starts them; outside
//!   of any, where it was built.
//! * One that shuts down in the middle leaves nobody waiting, and the batcher works on the others.
//! * Windows and timeouts follow tokio's clock, a paused one too; a runtime that was built without
//!   timers fails those who need one.
//! * When every handle and every load is dropped, no task remains.

use std::time::Duration;

use forebay_batch::{Batcher, Dispatch};
use forebay_core::LoadError;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::Instant;

use crate::backend::Backend;
use crate::hand::{Hand, at_once};
use crate::pool::Pool;
use crate::scene::read;

const SECOND: Duration = Duration::from_secs(1);

/// A runtime with a paused clock.
fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

/// Lets all tasks of this runtime run until they wait.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

fn alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[test]
fn batcher_is_built_anywhere_and_works_on_any_runtime() {
    let backend = Backend::answering();
    let batcher = Batcher::new(backend.clone());
    assert_eq!(at_once(batcher.load(&0)), Err(LoadError::Closed));
    for call in 0..3 {
        let answer = runtime().block_on(async { batcher.load(&1).await });
        assert_eq!(answer, read(1, call));
    }
    assert_eq!(backend.calls(), [[1], [1], [1]]);
}

#[test]
fn load_outside_of_any_runtime_runs_where_the_batcher_was_built() {
    let runtime = runtime();
    let backend = Backend::answering();
    let batcher = runtime.block_on(async { Batcher::new(backend) });
    let load = Hand::waiting(batcher.load(&1));
    runtime.block_on(settle());
    assert_eq!(load.woken(), read(1, 0));
}

#[test]
fn loads_on_several_runtimes_share_calls() {
    let (one, other) = (runtime(), runtime());
    let backend = Backend::held();
    let batcher = Batcher::new(backend.clone());
    let first = {
        let batcher = batcher.clone();
        one.spawn(async move { batcher.load(&1).await })
    };
    one.block_on(settle());
    let second = {
        let batcher = batcher.clone();
        other.spawn(async move { batcher.load(&1).await })
    };
    other.block_on(settle());
    backend.answer(0);
    one.block_on(settle());
    assert_eq!(other.block_on(second).unwrap(), read(1, 0));
    assert_eq!(one.block_on(first).unwrap(), read(1, 0));
    assert_eq!(backend.calls(), [[1]]);
}

#[test]
fn runtime_that_shuts_down_during_a_call_fails_those_who_wait_elsewhere() {
    let (one, other) = (runtime(), runtime());
    let backend = Backend::held();
    let batcher = Batcher::new(backend.clone());
    let lost = {
        let batcher = batcher.clone();
        one.spawn(async move { batcher.load(&1).await })
    };
    one.block_on(settle());
    let waits = {
        let batcher = batcher.clone();
        other.spawn(async move { batcher.load(&1).await })
    };
    other.block_on(settle());
    drop((one, lost));
    assert_eq!(other.block_on(waits).unwrap(), Err(LoadError::Abandoned));
    let answer = other.block_on(async {
        let load = batcher.load(&1);
        backend.script([crate::backend::Step::Answer]);
        load.await
    });
    assert_eq!(answer, read(1, 1));
}

#[test]
fn runtime_that_shuts_down_before_a_call_fails_nobody_elsewhere() {
    for window in [None, Some(SECOND)] {
        let (one, other) = (runtime(), runtime());
        let (backend, pool) = (Backend::answering(), Pool::new(0));
        let asked = pool.clone();
        let mut builder = Batcher::builder(backend.clone());
        builder = builder.permits(move || asked.clone().take());
        if let Some(window) = window {
            builder = builder.dispatch(Dispatch::Window(window));
        }
        let batcher = builder.build().unwrap();
        let lost = {
            let batcher = batcher.clone();
            one.spawn(async move { batcher.load(&1).await })
        };
        one.block_on(settle());
        let waits = {
            let batcher = batcher.clone();
            other.spawn(async move { batcher.load_many(&[1, 2]).await })
        };
        other.block_on(settle());
        drop((one, lost));
        pool.add(1);
        assert_eq!(other.block_on(waits).unwrap(), [read(1, 0), read(2, 0)]);
        assert_eq!(backend.calls(), [[1, 2]]);
        // The load that was lost with its runtime was taken back.
        assert_eq!(batcher.stats().cancelled, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn window_ends_by_the_paused_clock() {
    let policy = Dispatch::Window(10 * SECOND);
    let backend = Backend::answering();
    let batcher = Batcher::builder(backend.clone()).dispatch(policy).build();
    let batcher = batcher.unwrap();
    let began = Instant::now();
    let late = async {
        tokio::time::sleep(9 * SECOND).await;
        batcher.load(&2).await
    };
    let both = futures::join!(batcher.load(&1), late);
    assert_eq!(both, (read(1, 0), read(2, 0)));
    // Tokio's timers are as coarse as a millisecond.
    let waited = began.elapsed();
    assert!(waited >= 10 * SECOND && waited <= 10 * SECOND + Duration::from_millis(1));
    assert_eq!(backend.calls(), [[1, 2]]);
}

#[tokio::test(start_paused = true)]
async fn call_times_out_by_the_paused_clock() {
    let batcher = Batcher::builder(Backend::held())
        .call_timeout(SECOND)
        .build();
    let batcher = batcher.unwrap();
    let began = Instant::now();
    assert_eq!(batcher.load(&1).await, Err(LoadError::TimedOut));
    let waited = began.elapsed();
    assert!(waited >= SECOND && waited <= SECOND + Duration::from_millis(1));
}

#[test]
fn runtime_without_timers_fails_those_who_need_one() {
    let untimed = Builder::new_current_thread().build().unwrap();
    let policy = Dispatch::Window(SECOND);
    let window = Batcher::builder(Backend::answering())
        .dispatch(policy)
        .build();
    let window = window.unwrap();
    let timeout = Batcher::builder(Backend::held())
        .call_timeout(SECOND)
        .build();
    let timeout = timeout.unwrap();
    for batcher in [window, timeout] {
        let load = async { batcher.load(&1).await };
        assert_eq!(untimed.block_on(load), Err(LoadError::Closed));
        let many = async { batcher.load_many(&[1]).await };
        assert_eq!(untimed.block_on(many), [Err(LoadError::Closed)]);
        let stats = batcher.stats();
        assert_eq!((stats.waiting, stats.running), (0, 0));
    }
    let plain = Batcher::new(Backend::answering());
    assert_eq!(untimed.block_on(async { plain.load(&1).await }), read(1, 0));
}

#[test]
fn no_task_remains_when_everything_is_dropped() {
    runtime().block_on(async {
        for policy in [
            Dispatch::Natural,
            Dispatch::Window(SECOND),
            Dispatch::Manual,
        ] {
            let batcher = Batcher::builder(Backend::held())
                .dispatch(policy)
                .call_timeout(SECOND)
                .build()
                .unwrap();
            let key = 1;
            let loads = (
                Hand::waiting(batcher.load(&key)),
                Hand::waiting(batcher.load_many(&[1, 2])),
            );
            settle().await;
            batcher.dispatch();
            settle().await;
            drop(loads);
            drop(batcher);
            settle().await;
            assert_eq!(alive(), 0, "{policy:?}");
        }
    });
}

#[test]
fn no_task_remains_when_a_batcher_is_idle() {
    runtime().block_on(async {
        let batcher = Batcher::new(Backend::answering());
        for key in 0..100 {
            assert!(batcher.load(&key).await.is_ok());
        }
        settle().await;
        assert_eq!(alive(), 0);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_on_several_threads_get_their_own_answers() {
    let batcher = Batcher::new(Backend::answering());
    let tasks: Vec<_> = (0..500)
        .map(|key| {
            let batcher = batcher.clone();
            tokio::spawn(async move { (key, batcher.load(&key).await) })
        })
        .collect();
    for task in tasks {
        let (key, answer) = task.await.unwrap();
        assert_eq!(answer.unwrap().unwrap().0, key);
    }
    batcher.drain().await;
    assert_eq!(batcher.stats().keys, 500);
}
