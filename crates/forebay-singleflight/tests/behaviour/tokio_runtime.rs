//! Groups on tokio.
//!
//! * Bounds on waiting follow tokio's clock, a paused one too.
//! * A detached load runs on the runtime of its caller, and a runtime that shuts down in the
//!   middle of it leaves nobody waiting.
//! * A runtime that was built without timers fails those who need one.

use std::time::Duration;

use forebay_core::LoadError;
use forebay_singleflight::{Cancel, OnTimeout, Role};
use tokio::runtime::Builder;

use crate::Group;
use crate::backend::Backend;
use crate::hand::{Hand, at_once};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn follower_times_out_by_the_paused_clock() {
    let group = Group::builder()
        .follower_timeout(3600 * SECOND)
        .build()
        .unwrap();
    let backend = Backend::<u64>::new();
    let _leader = Hand::waiting(group.work("k", || backend.load()));
    let began = tokio::time::Instant::now();
    let (answer, info) = group.work("k", || backend.load()).with_info().await;
    assert_eq!(answer, Err(LoadError::TimedOut));
    let waited = began.elapsed();
    // Tokio's timers are as coarse as a millisecond.
    let grain = Duration::from_millis(2);
    assert!(waited >= 3600 * SECOND && waited <= 3600 * SECOND + grain);
    assert_eq!(info.role, Role::Follower);
    assert!(info.waited >= Some(3600 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn extra_load_begins_by_the_paused_clock() {
    let after = 2 * SECOND;
    let group = Group::builder()
        .on_timeout(OnTimeout::Hedge { after, max: 1 })
        .build()
        .unwrap();
    let backend = Backend::<u64>::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let (answer, info) = group.work("k", async || 7).with_info().await;
    assert_eq!((answer, info.role), (Ok(7), Role::Hedge));
    assert_eq!(leader.output(), Ok(7));
}

#[tokio::test]
async fn detached_load_survives_its_caller() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let load = || {
        let backend = backend.clone();
        move || backend.load()
    };
    drop(Hand::waiting(group.work_detached(
        "k".to_owned(),
        load(),
        Cancel::Never,
    )));
    let late = group.work_detached("k".to_owned(), load(), Cancel::Never);
    let late = tokio::spawn(late);
    // The current-thread runtime polls the two tasks in turn.
    while backend.started() == 0 || group.followers("k") != Some(1) {
        tokio::task::yield_now().await;
    }
    backend.answer(0, 7);
    assert_eq!(late.await.unwrap(), Ok(7));
    assert_eq!((backend.started(), group.in_flight()), (1, 0));
}

#[tokio::test]
async fn unwatched_load_is_dropped() {
    let group = Group::new();
    let backend = Backend::<u64>::new();
    let load = {
        let backend = backend.clone();
        move || backend.load()
    };
    let call = group.work_detached("k".to_owned(), load, Cancel::WhenUnwatched);
    let call = Hand::waiting(call);
    while backend.started() == 0 {
        tokio::task::yield_now().await;
    }
    drop(call);
    while backend.running() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(group.in_flight(), 0);
}

#[tokio::test]
async fn panic_of_a_detached_load_is_an_error() {
    let group = Group::new();
    let load = async || -> u64 { panic!("poisoned row") };
    let answer = group
        .work_detached("k".to_owned(), load, Cancel::Never)
        .await;
    assert_eq!(answer, Err(LoadError::Panicked("poisoned row".into())));
}

#[test]
fn detached_load_without_a_runtime_is_closed() {
    let group = Group::new();
    let call = group.work_detached("k".to_owned(), async || 7, Cancel::Never);
    assert_eq!(at_once(call), Err(LoadError::Closed));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn runtime_that_shuts_down_during_the_load_strands_nobody() {
    for cancel in [Cancel::Never, Cancel::WhenUnwatched] {
        let group = Group::new();
        let backend = Backend::<u64>::new();
        let load = || {
            let backend = backend.clone();
            move || backend.load()
        };
        let runtime = Builder::new_current_thread().build().unwrap();
        let (first, second) = runtime.block_on(async {
            let first = Hand::waiting(group.work_detached("k".to_owned(), load(), cancel));
            let second = Hand::waiting(group.work_detached("k".to_owned(), load(), cancel));
            while backend.started() == 0 {
                tokio::task::yield_now().await;
            }
            (first, second)
        });
        drop(runtime);
        assert_eq!(backend.running(), 0);
        for call in [second, first] {
            assert!(matches!(
                call.output(),
                Err(LoadError::Abandoned | LoadError::Closed)
            ));
        }
        assert_eq!(group.in_flight(), 0);
    }
}

#[test]
fn follower_whose_runtime_shut_down_is_bounded_on_another_one() {
    let group = Group::builder().follower_timeout(SECOND).build().unwrap();
    let backend = Backend::<u64>::new();
    let _leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = Hand::new(group.work("k", || backend.load()));
    let first = Builder::new_current_thread().enable_time().build().unwrap();
    first.block_on(async {
        follower.still_waits();
        tokio::task::yield_now().await;
    });
    drop(first);
    assert_eq!(follower.wakes(), 1);

    let second = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let answer = second.block_on(async {
        follower.still_waits();
        tokio::time::advance(2 * SECOND).await;
        while follower.wakes() == 1 {
            tokio::task::yield_now().await;
        }
        follower.output()
    });
    assert_eq!(answer, Err(LoadError::TimedOut));
}

#[test]
fn runtime_without_timers_fails_its_followers_instead_of_stranding_them() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let group = Group::builder().follower_timeout(SECOND).build().unwrap();
        let backend = Backend::<u64>::new();
        let _leader = Hand::waiting(group.work("k", || backend.load()));
        let answer = group.work("k", || backend.load()).await;
        assert_eq!(answer, Err(LoadError::Closed));
    });
}
