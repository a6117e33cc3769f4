//! Loads that run in a task of their own, on a runtime that is driven by hand.
//!
//! * The load goes on when its caller leaves: with `Cancel::Never` always, with `WhenUnwatched`
//!   as long as anybody waits for it.
//! * A panic of the load is an error for all its callers.
//! * A runtime that is gone, or goes, leaves nobody waiting.

use std::future::ready;
use std::time::Duration;

use forebay_core::LoadError;
use forebay_singleflight::{Cancel, OnTimeout};
use forebay_testkit::{Gone, HandRuntime};

use crate::backend::Backend;
use crate::hand::{Hand, at_once};
use crate::{Answer, Group};

struct Fixture {
    runtime: HandRuntime,
    group: Group,
    backend: Backend<u64>,
}

impl Fixture {
    fn new() -> Self {
        let runtime = HandRuntime::default();
        let builder = Group::builder().runtime(runtime.clone());
        Self {
            runtime,
            group: builder.build().expect("the settings are right"),
            backend: Backend::new(),
        }
    }

    /// A call that has spawned its load, or joined another one.
    fn call(&self, cancel: Cancel) -> Hand<'static, Answer> {
        let backend = self.backend.clone();
        let load = move || backend.load();
        let call = self.group.work_detached("k".to_owned(), load, cancel);
        let call = Hand::waiting(call);
        self.runtime.run();
        call
    }

    fn answer(&self, load: usize, value: u64) {
        self.backend.answer(load, value);
        self.runtime.run();
    }
}

#[test]
fn nothing_happens_before_the_first_poll() {
    let f = Fixture::new();
    let backend = f.backend.clone();
    let load = move || backend.load();
    let call = f.group.work_detached("k".to_owned(), load, Cancel::Never);
    f.runtime.run();
    assert_eq!((f.group.in_flight(), f.backend.started()), (0, 0));
    drop(call);
    assert_eq!((f.runtime.tasks(), f.backend.started()), (0, 0));
}

#[test]
fn one_task_serves_all_callers() {
    let f = Fixture::new();
    let first = f.call(Cancel::WhenUnwatched);
    let second = f.call(Cancel::WhenUnwatched);
    assert_eq!((f.backend.started(), f.runtime.tasks()), (1, 1));
    assert_eq!(f.group.in_flight(), 1);
    f.answer(0, 7);
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!(first.output(), Ok(7));
    assert_eq!(second.output(), Ok(7));
    assert_eq!((f.group.in_flight(), f.runtime.tasks()), (0, 0));
}

#[test]
fn load_goes_on_while_anybody_waits_for_it() {
    let f = Fixture::new();
    let first = f.call(Cancel::WhenUnwatched);
    let second = f.call(Cancel::WhenUnwatched);
    drop(first);
    f.runtime.run();
    assert_eq!((f.backend.started(), f.backend.running()), (1, 1));
    assert_eq!(second.wakes(), 0);
    f.answer(0, 7);
    assert_eq!(second.output(), Ok(7));
    assert_eq!(f.group.in_flight(), 0);
}

#[test]
fn unwatched_load_is_cancelled() {
    let f = Fixture::new();
    let first = f.call(Cancel::WhenUnwatched);
    let second = f.call(Cancel::WhenUnwatched);
    drop(first);
    drop(second);
    assert_eq!(f.group.in_flight(), 0);
    f.runtime.run();
    assert_eq!((f.backend.running(), f.runtime.tasks()), (0, 0));

    let third = f.call(Cancel::WhenUnwatched);
    assert_eq!(f.backend.started(), 2);
    f.answer(1, 7);
    assert_eq!(third.output(), Ok(7));
}

#[test]
fn load_that_is_never_cancelled_serves_who_comes_later() {
    let f = Fixture::new();
    drop(f.call(Cancel::Never));
    f.runtime.run();
    assert_eq!((f.backend.running(), f.group.in_flight()), (1, 1));
    let late = f.call(Cancel::Never);
    assert_eq!(f.backend.started(), 1);
    f.answer(0, 7);
    assert_eq!(late.output(), Ok(7));
}

#[test]
fn load_that_is_never_cancelled_ends_without_anybody_waiting() {
    let f = Fixture::new();
    drop(f.call(Cancel::Never));
    f.answer(0, 7);
    assert_eq!((f.group.in_flight(), f.runtime.tasks()), (0, 0));
}

#[test]
fn load_outlives_the_group() {
    let Fixture {
        runtime,
        group,
        backend,
    } = Fixture::new();
    let load = {
        let backend = backend.clone();
        move || backend.load()
    };
    let call = group.work_detached("k".to_owned(), load, Cancel::Never);
    let call = Hand::waiting(call);
    drop(group);
    runtime.run();
    backend.answer(0, 7);
    runtime.run();
    assert_eq!(call.output(), Ok(7));
}

#[test]
fn call_in_place_follows_a_detached_load_and_the_reverse() {
    let f = Fixture::new();
    let detached = f.call(Cancel::WhenUnwatched);
    let in_place = Hand::waiting(f.group.work("k", || f.backend.load()));
    drop(detached);
    f.runtime.run();
    assert_eq!((f.backend.started(), f.backend.running()), (1, 1));
    f.answer(0, 7);
    assert_eq!(in_place.output(), Ok(7));

    let in_place = Hand::waiting(f.group.work("k", || f.backend.load()));
    let detached = f.call(Cancel::WhenUnwatched);
    assert_eq!(f.backend.started(), 2);
    f.backend.answer(1, 8);
    assert_eq!(in_place.output(), Ok(8));
    assert_eq!(detached.output(), Ok(8));
}

#[test]
fn detached_call_takes_over_from_a_lost_leader_in_a_task() {
    let f = Fixture::new();
    let in_place = Hand::waiting(f.group.work("k", || f.backend.load()));
    let mut detached = f.call(Cancel::WhenUnwatched);
    drop(in_place);
    assert_eq!(detached.wakes(), 1);
    detached.still_waits();
    f.runtime.run();
    assert_eq!((f.backend.started(), f.backend.running()), (2, 1));
    f.answer(1, 7);
    assert_eq!(detached.output(), Ok(7));
    assert_eq!((f.group.in_flight(), f.runtime.tasks()), (0, 0));
}

#[test]
fn panic_of_the_load_is_an_error_for_all_callers() {
    let f = Fixture::new();
    let first = f.call(Cancel::Never);
    let second = f.call(Cancel::Never);
    f.backend.panic(0, "poisoned row");
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f.runtime.run()));
    // Some runtimes end with a task's panic, so it stays within the task.
    assert!(ran.is_ok());
    let expected = Err(LoadError::Panicked("poisoned row".into()));
    assert_eq!(first.output(), expected);
    assert_eq!(second.output(), expected);
    assert_eq!(f.group.in_flight(), 0);
}

#[test]
fn panic_of_the_closure_is_an_error_for_its_caller() {
    let f = Fixture::new();
    let load = || -> std::future::Ready<u64> { panic!("no connection") };
    let mut call = Hand::new(f.group.work_detached("k".to_owned(), load, Cancel::Never));
    let expected = Err(LoadError::Panicked("no connection".into()));
    match call.poll() {
        std::task::Poll::Ready(answer) => assert_eq!(answer, expected),
        std::task::Poll::Pending => {
            f.runtime.run();
            assert_eq!(call.output(), expected);
        }
    }
    assert_eq!(f.group.in_flight(), 0);
}

#[test]
fn forgotten_detached_load_goes_on_for_its_callers() {
    let f = Fixture::new();
    let old = f.call(Cancel::WhenUnwatched);
    assert!(f.group.forget("k"));
    let new = f.call(Cancel::WhenUnwatched);
    assert_eq!((f.backend.started(), f.backend.running()), (2, 2));
    f.answer(0, 1);
    assert_eq!(old.output(), Ok(1));
    assert_eq!(new.wakes(), 0);
    f.answer(1, 2);
    assert_eq!(new.output(), Ok(2));
    assert_eq!(f.group.in_flight(), 0);
}

#[test]
fn detached_call_waits_no_longer_than_its_bound() {
    let second = Duration::from_secs(1);
    let f = Fixture::new();
    let backend = f.backend.clone();
    let load = move || backend.load();
    let call = f.group.work_detached("k".to_owned(), load, Cancel::Never);
    let call = Hand::waiting(call.timeout(second));
    f.runtime.run();
    f.runtime.advance(second);
    assert_eq!(call.output(), Err(LoadError::TimedOut));
    assert_eq!((f.backend.running(), f.group.in_flight()), (1, 1));
    f.answer(0, 7);
    assert_eq!(f.group.in_flight(), 0);
}

#[test]
fn call_on_a_runtime_that_is_gone_is_closed() {
    let f = Fixture::new();
    f.runtime.shut_down(Gone::Refuses);
    let backend = f.backend.clone();
    let load = move || backend.load();
    let call = f.group.work_detached("k".to_owned(), load, Cancel::Never);
    assert_eq!(at_once(call), Err(LoadError::Closed));
    assert_eq!((f.group.in_flight(), f.backend.running()), (0, 0));
    assert_eq!(at_once(f.group.work("k", || ready(7))), Ok(7));
}

#[test]
fn runtime_that_shuts_down_during_the_load_strands_nobody() {
    for cancel in [Cancel::Never, Cancel::WhenUnwatched] {
        let f = Fixture::new();
        let first = f.call(cancel);
        let second = f.call(cancel);
        f.runtime.shut_down(Gone::Refuses);
        assert_eq!(f.backend.running(), 0);
        assert!(first.wakes() + second.wakes() > 0);
        for call in [second, first] {
            assert!(matches!(
                call.output(),
                Err(LoadError::Abandoned | LoadError::Closed)
            ));
        }
        assert_eq!(f.group.in_flight(), 0);
    }
}

#[test]
fn caller_in_place_takes_over_from_a_load_whose_runtime_shut_down() {
    let f = Fixture::new();
    let detached = f.call(Cancel::Never);
    let mut in_place = Hand::waiting(f.group.work("k", || f.backend.load()));
    f.runtime.shut_down(Gone::Refuses);
    assert_eq!(in_place.wakes(), 1);
    in_place.still_waits();
    assert_eq!(f.backend.started(), 2);
    f.backend.answer(1, 7);
    assert_eq!(in_place.output(), Ok(7));
    assert!(matches!(
        detached.output(),
        Ok(7) | Err(LoadError::Abandoned | LoadError::Closed)
    ));
    assert_eq!(f.group.in_flight(), 0);
}

/// A group in which followers begin an extra load after a second.
fn hedging() -> Fixture {
    let f = Fixture::new();
    let hedge = OnTimeout::Hedge {
        after: Duration::from_secs(1),
        max: 1,
    };
    let builder = Group::builder().runtime(f.runtime.clone());
    let group = builder.on_timeout(hedge).build();
    Fixture {
        group: group.expect("the settings are right"),
        ..f
    }
}

#[test]
fn detached_load_is_dropped_when_an_extra_load_answers_first() {
    let f = hedging();
    let detached = f.call(Cancel::Never);
    let mut extra = Hand::waiting(f.group.work("k", || f.backend.load()));
    f.runtime.advance(Duration::from_secs(1));
    extra.still_waits();
    f.backend.answer(1, 7);
    assert_eq!(extra.output(), Ok(7));
    assert_eq!(detached.output(), Ok(7));
    f.runtime.run();
    assert_eq!((f.backend.running(), f.group.in_flight()), (0, 0));
}

#[test]
fn detached_load_beside_an_extra_one_is_cancelled_when_nobody_waits_any_more() {
    for extra_leaves_first in [false, true] {
        let f = hedging();
        let detached = f.call(Cancel::WhenUnwatched);
        let mut extra = Hand::waiting(f.group.work("k", || f.backend.load()));
        f.runtime.advance(Duration::from_secs(1));
        extra.still_waits();
        assert_eq!(f.backend.running(), 2);
        if extra_leaves_first {
            drop(extra);
            drop(detached);
        } else {
            drop(detached);
            extra.still_waits();
            drop(extra);
        }
        f.runtime.run();
        assert_eq!((f.backend.running(), f.group.in_flight()), (0, 0));
    }
}

#[test]
fn extra_load_goes_on_when_the_detached_one_beside_it_is_lost() {
    let f = hedging();
    let detached = f.call(Cancel::WhenUnwatched);
    let mut extra = Hand::waiting(f.group.work("k", || f.backend.load()));
    let follower = Hand::waiting(f.group.work("k", || f.backend.load()));
    f.runtime.advance(Duration::from_secs(1));
    extra.still_waits();
    f.runtime.shut_down(Gone::Refuses);
    drop(detached);
    drop(follower);
    assert_eq!((f.backend.running(), f.group.in_flight()), (1, 1));
    f.backend.answer(1, 7);
    assert_eq!(extra.output(), Ok(7));
    assert_eq!(f.group.in_flight(), 0);
}
