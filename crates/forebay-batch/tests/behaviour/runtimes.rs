//! Runtimes that are not there, come late, or end in the middle.
//!
//! * Where there is none, loads fail at once and nothing is left of them.
//! * Where the runtime ends before a call began, those who wait on others carry it on there, also a
//!   window and a wait for a permit. No time is lost.
//! * Where it ends during a call, those who wait are told, and the batcher goes on on the next one.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use forebay_batch::{Batcher, BoxFuture, Dispatch, PerRequest, Runtime, RuntimeGone};
use forebay_core::LoadError;
use forebay_testkit::{Gone, HandRuntime};

use crate::backend::{Backend, Error, Value};
use crate::hand::{Hand, at_once};
use crate::pool::Pool;
use crate::roaming::Roaming;
use crate::scene::{Scene, read};

type Handle = Batcher<u32, Value<u32>, Error>;

fn roaming(
    backend: &Backend<u32>,
    runtime: &Roaming,
    settings: impl FnOnce(crate::scene::Plain) -> crate::scene::Plain,
) -> Handle {
    let builder = Batcher::builder(backend.clone()).runtime(runtime.clone());
    settings(builder).build().unwrap()
}

fn is_idle(batcher: &Handle, runtime: &HandRuntime) {
    runtime.run();
    let stats = batcher.stats();
    assert_eq!((stats.waiting, stats.running, runtime.tasks()), (0, 0, 0));
    at_once(batcher.drain());
}

const WINDOW: Duration = Duration::from_millis(10);

#[test]
fn load_fails_at_once_where_there_is_no_runtime() {
    for end in Gone::ALL {
        let scene = Scene::new(|builder| builder.cache(PerRequest::new()));
        scene.runtime.shut_down(end);
        scene.batcher.prime(7, None);
        let closed = Err(LoadError::Closed);
        assert_eq!(at_once(scene.batcher.load(&1)), closed);
        let many = at_once(scene.batcher.load_many(&[1, 7, 2]));
        assert_eq!(many, [closed.clone(), Ok(None), closed.clone()]);
        assert_eq!(
            at_once(scene.batcher.try_load_many(&[7, 1])),
            Err((1, LoadError::Closed))
        );
        assert_eq!(scene.counts(), (0, 0));
        at_once(scene.batcher.drain());
    }
}

#[test]
fn load_fails_at_once_where_nobody_tells_when_its_window_ends() {
    let policy = Dispatch::Window(WINDOW);
    let scene = Scene::new(|builder| builder.dispatch(policy).max_batch(2));
    scene.runtime.shut_down(Gone::Refuses);
    assert_eq!(at_once(scene.batcher.load(&1)), Err(LoadError::Closed));
    assert_eq!(scene.counts(), (0, 0));
    assert_eq!(at_once(scene.batcher.load_many(&[1, 2, 3])).len(), 3);
    assert_eq!(scene.counts(), (0, 0));
}

#[test]
fn batcher_works_once_there_is_a_runtime() {
    for end in Gone::ALL {
        let runtime = Roaming::new();
        let batcher = roaming(&Backend::answering(), &runtime, |builder| {
            builder.max_in_flight(1)
        });
        runtime.clock.shut_down(end);
        assert_eq!(at_once(batcher.load(&1)), Err(LoadError::Closed));
        let next = runtime.moves(end);
        let load = Hand::waiting(batcher.load(&1));
        next.run();
        assert_eq!(load.woken(), read(1, 0));
        is_idle(&batcher, &next);
    }
}

#[test]
fn runtime_that_ends_while_a_call_gathers_is_replaced() {
    for end in Gone::ALL {
        for rounds in 0..2 {
            let (runtime, backend) = (Roaming::new(), Backend::answering());
            let batcher = roaming(&backend, &runtime, |builder| builder.max_in_flight(1));
            let mut load = Hand::waiting(batcher.load(&1));
            let mut many = Hand::waiting(batcher.load_many(&[1, 2]));
            let drain = Hand::waiting(batcher.drain());
            (0..rounds).for_each(|_| runtime.clock.round());
            let next = runtime.moves(end);
            assert!(load.is_woken() && many.is_woken());
            load.still_waits();
            many.still_waits();
            next.run();
            assert_eq!(backend.calls(), [[1, 2]]);
            assert_eq!(load.woken(), read(1, 0));
            assert_eq!(many.woken(), [read(1, 0), read(2, 0)]);
            drain.woken();
            is_idle(&batcher, &next);
        }
    }
}

#[test]
fn runtime_that_ends_while_a_permit_is_waited_for_is_replaced() {
    for end in Gone::ALL {
        let (runtime, pool) = (Roaming::new(), Pool::new(0));
        let batcher = roaming(&Backend::answering(), &runtime, |builder| {
            let pool = pool.clone();
            builder.permits(move || pool.clone().take())
        });
        let mut load = Hand::waiting(batcher.load(&1));
        runtime.clock.run();
        assert_eq!(pool.waiting(), 1);
        let next = runtime.moves(end);
        assert!(load.is_woken());
        assert_eq!(pool.waiting(), 0);
        load.still_waits();
        pool.add(1);
        next.run();
        assert_eq!(load.woken(), read(1, 0));
        is_idle(&batcher, &next);
    }
}

#[test]
fn wait_for_a_permit_is_given_up_although_another_one_was_lost() {
    let (runtime, pool) = (Roaming::new(), Pool::new(0));
    let batcher = roaming(&Backend::answering(), &runtime, |builder| {
        let pool = pool.clone();
        builder.permits(move || pool.clone().take())
    });
    let mut load = Hand::waiting(batcher.load(&1));
    runtime.clock.run();
    let next = runtime.moves(Gone::Refuses);
    load.still_waits();
    next.run();
    assert_eq!((pool.waiting(), next.tasks()), (1, 1));
    drop(load);
    next.run();
    assert_eq!((pool.waiting(), next.tasks()), (0, 0));
}

#[test]
fn runtime_that_ends_during_a_call_fails_those_who_wait_for_it() {
    for end in Gone::ALL {
        let (runtime, backend) = (Roaming::new(), Backend::held());
        let batcher = roaming(&backend, &runtime, |builder| {
            builder
                .max_in_flight(1)
                .max_batch(2)
                .cache(PerRequest::new())
        });
        let load = Hand::waiting(batcher.load(&1));
        let mut many = Hand::waiting(batcher.load_many(&[1, 2, 3]));
        let drain = Hand::waiting(batcher.drain());
        runtime.clock.run();
        let next = runtime.moves(end);
        assert_eq!(load.woken(), Err(LoadError::Abandoned));
        assert_eq!(backend.running(), [0; 0]);
        // What had not begun goes on.
        many.still_waits();
        next.run();
        backend.answer(1);
        next.run();
        let lost = || Err(LoadError::Abandoned);
        assert_eq!(many.woken(), [lost(), lost(), read(3, 1)]);
        drain.woken();
        assert_eq!(batcher.peek(&1), None);
        let again = Hand::waiting(batcher.load(&1));
        next.run();
        backend.answer(2);
        next.run();
        assert_eq!(again.woken(), read(1, 2));
        assert_eq!(batcher.stats().lost, 1);
        is_idle(&batcher, &next);
    }
}

#[test]
fn those_who_wait_behind_a_call_that_is_lost_go_on() {
    for end in Gone::ALL {
        let (runtime, backend) = (Roaming::new(), Backend::held());
        let batcher = roaming(&backend, &runtime, |builder| builder.max_in_flight(1));
        let lost = Hand::waiting(batcher.load(&1));
        runtime.clock.run();
        let mut waiting = Hand::waiting(batcher.load(&2));
        let next = runtime.moves(end);
        assert_eq!(lost.woken(), Err(LoadError::Abandoned));
        if waiting.is_woken() {
            waiting.still_waits();
        }
        next.run();
        assert_eq!(backend.running(), [1]);
        backend.answer(1);
        next.run();
        assert_eq!(waiting.woken(), read(2, 1));
        is_idle(&batcher, &next);
    }
}

#[test]
fn window_does_not_begin_again_with_another_runtime() {
    for end in Gone::ALL {
        let (runtime, backend) = (Roaming::new(), Backend::answering());
        let policy = Dispatch::Window(WINDOW);
        let batcher = roaming(&backend, &runtime, |builder| builder.dispatch(policy));
        let mut load = Hand::waiting(batcher.load(&1));
        runtime.clock.advance(WINDOW * 3 / 4);
        // The clock goes on, only its tasks end.
        let next = runtime.moves(end);
        assert!(load.is_woken());
        load.still_waits();
        next.run();
        runtime.clock.pass(WINDOW / 4 - Duration::from_nanos(1));
        next.run();
        assert_eq!(backend.begun(), 0);
        runtime.clock.pass(Duration::from_nanos(1));
        next.run();
        assert_eq!(load.woken(), read(1, 0));
        is_idle(&batcher, &next);
    }
}

#[test]
fn load_that_comes_after_a_runtime_has_ended_does_not_depend_on_those_before() {
    // They were woken for it, but leave before they are polled.
    for policy in [Dispatch::Natural, Dispatch::Window(WINDOW)] {
        for late in [1, 2] {
            let runtime = Roaming::new();
            let batcher = roaming(&Backend::answering(), &runtime, |builder| {
                builder.dispatch(policy).max_in_flight(1)
            });
            let before = Hand::waiting(batcher.load(&1));
            let next = runtime.moves(Gone::Refuses);
            assert!(before.is_woken());
            let single = Hand::waiting(batcher.load(&late));
            drop(before);
            runtime.clock.pass(WINDOW);
            next.run();
            assert_eq!(single.woken(), read(late, 0), "{policy:?}");

            let before = Hand::waiting(batcher.load(&1));
            let next = runtime.moves(Gone::Refuses);
            let keys = [late];
            let many = Hand::waiting(batcher.load_many(&keys));
            drop(before);
            runtime.clock.pass(WINDOW);
            next.run();
            assert_eq!(many.woken(), [read(late, 1)], "{policy:?}");
            is_idle(&batcher, &next);
        }
    }
}

#[test]
fn batcher_is_built_before_there_is_anything_to_run_on() {
    let runtime = Roaming::new();
    runtime.clock.shut_down(Gone::Refuses);
    let batcher = roaming(&Backend::answering(), &runtime, |builder| builder);
    let next = runtime.moves(Gone::Refuses);
    let load = Hand::waiting(batcher.load(&1));
    next.run();
    assert_eq!(load.woken(), read(1, 0));
}

/// Ends when it is to take its third task, and goes on as another one.
struct Successor(Roaming, AtomicUsize);

impl Runtime for Successor {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep_until(deadline)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        if self.1.fetch_add(1, SeqCst) == 2 {
            self.0.moves(Gone::Refuses);
        }
        self.0.spawn(task)
    }
}

#[test]
fn runtime_that_ends_while_another_one_takes_a_task_fails_nobody_there() {
    let runtime = Roaming::new();
    let successor = Successor(runtime.clone(), AtomicUsize::new(0));
    let builder = Batcher::builder(Backend::answering()).runtime(successor);
    let builder = builder.dispatch(Dispatch::Window(WINDOW)).max_batch(1);
    let batcher = builder.build().unwrap();
    // One task for its call, and one for the time.
    let mut before = Hand::waiting(batcher.load(&1));
    let load = Hand::waiting(batcher.load(&2));
    assert!(before.is_woken());
    before.still_waits();
    runtime.here().run();
    assert!(load.woken().is_ok() && before.woken().is_ok());
    runtime.clock.pass(WINDOW);
    is_idle(&batcher, &runtime.here());
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
    for rounds in [0, 8] {
        let backend = Backend::<u32>::answering();
        let builder = Batcher::builder(backend.clone()).runtime(runtime.clone());
        let builder = builder.gather(rounds).max_batch(2).max_in_flight(1);
        let batcher = builder.build().unwrap();
        let load = Hand::waiting(batcher.load(&1));
        assert_eq!(load.woken(), read(1, 0));
        let many = Hand::new(batcher.load_many(&[1, 2, 3, 4, 5])).finished();
        assert!(many.iter().all(Result::is_ok));
        assert_eq!(runtime.0.tasks(), 0);
    }
}

#[test]
fn window_ends_for_all_keys_of_many_where_tasks_run_while_they_are_spawned() {
    let runtime = Eager::default();
    let builder = Batcher::builder(Backend::<u32>::answering()).runtime(runtime.clone());
    let builder = builder.dispatch(Dispatch::Window(WINDOW)).max_batch(2);
    let batcher = builder.build().unwrap();
    let many = Hand::waiting(batcher.load_many(&[1, 2, 3]));
    runtime.0.advance(WINDOW);
    assert_eq!(many.woken(), [read(1, 0), read(2, 0), read(3, 1)]);
}
