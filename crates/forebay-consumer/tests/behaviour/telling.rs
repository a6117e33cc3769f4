//! What can be seen of a consumer while it lives, and after it.
//!
//! * Every failure is counted and said, whether or not anything is tried again; whoever asked is told
//!   of what is tried again, and of nothing else.
//! * Whatever stands still after a failure shows as waiting.
//! * However it ends, it shows as ended, and a handle keeps nothing of it alive.
//! * What is the user's is not called under a lock.

use std::fmt;
use std::future::Ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use forebay_consumer::{
    Cause, Consumer, FollowError, Handle, Phase, Received, Retry, Stats, Step, each, follow_fn,
};
use forebay_core::Checkpoint;
use futures::FutureExt;
use futures::stream::Empty;

use crate::harness::scene::Scene;
use crate::harness::script::{Broken, Event, items};
use crate::harness::shelf::Fault;
use crate::harness::worker::Go;

const SECOND: Duration = Duration::from_secs(1);
const RETRY: Retry = Retry::exponential(SECOND, SECOND);

type Piece = Result<Step<Received<u64>>, FollowError<Broken>>;

/// Runs it to its end, which is a failure, and returns what is seen afterwards.
fn seen_after(scene: &Scene) -> Stats {
    let running = scene.start();
    let handle = running.handle.clone();
    running.end().unwrap_err();
    handle.stats()
}

#[test]
fn a_handler_that_fails_for_good_is_counted_and_nobody_is_told_to_wait() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    scene.worker.applies([Go::Fails, Go::FailsForGood]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&told);
    let mut running = scene.start_with(|builder| {
        builder
            .handler_retry(RETRY)
            .on_retry(move |retrying| lines.lock().unwrap().push(retrying.failures))
    });
    running.advance(SECOND);
    assert_eq!(running.handle.stats().handler_failures, 2);
    assert_eq!(*told.lock().unwrap(), [1], "the second is not tried again");
    assert!(running.has_ended());
}

#[test]
fn a_panic_counts_as_a_failure_of_the_handler() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    scene.worker.applies([Go::Panics]);
    let stats = seen_after(&scene);
    assert_eq!(stats.handler_failures, 1);
    assert_eq!(stats.last_error.as_deref(), Some("out of ideas"));
}

#[test]
fn a_store_that_refuses_is_counted() {
    let scene = Scene::new([]);
    scene.store.fail([Fault::Refused]);
    let stats = seen_after(&scene);
    assert_eq!(stats.store_failures, 1);
    assert_eq!(stats.last_error.as_deref(), Some("Refused"));
}

#[test]
fn a_log_that_refuses_is_counted_and_a_gap_is_said() {
    let scene = Scene::new([]);
    scene.log.plan(Err(FollowError::Refused(Broken)));
    let stats = seen_after(&scene);
    assert_eq!(stats.interruptions, 1);
    assert_eq!(stats.last_error.as_deref(), Some("broken"));

    let gap = Event::Fails(FollowError::Stale(Broken));
    let scene = Scene::new([vec![gap]]).storing(1, 0);
    let stats = seen_after(&scene);
    assert_eq!((stats.interruptions, stats.begun_anew), (0, 0));
    assert_eq!(stats.last_error.as_deref(), Some("broken"));
}

#[test]
fn a_flush_that_is_tried_again_shows_as_waiting_unless_it_is_the_last() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    scene.worker.flushes([Go::Fails]);
    let mut running = scene.start_with(|builder| builder.commit_every(1).handler_retry(RETRY));
    assert_eq!(running.handle.stats().phase, Phase::Waiting);
    running.advance(SECOND);
    assert_eq!(running.handle.stats().phase, Phase::Following);

    scene.worker.flushes([Go::Fails, Go::Fails]);
    scene.log.push(items(2..=2));
    running.run();
    assert_eq!(running.handle.stats().phase, Phase::Waiting);
    running.stop();
    assert_eq!(running.handle.stats().phase, Phase::Stopping);
    running.advance(SECOND);
    assert!(running.has_ended());
}

#[test]
fn a_batch_that_is_tried_again_shows_as_waiting_until_then() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    scene.worker.applies([Go::Fails, Go::Holds]);
    let mut running = scene.start_with(|builder| builder.handler_retry(RETRY));
    assert_eq!(running.handle.stats().phase, Phase::Waiting);
    running.advance(SECOND);
    assert_eq!(running.handle.stats().phase, Phase::Following);
}

#[test]
fn one_that_is_dropped_or_never_started_shows_as_ended() {
    let scene = Scene::new([vec![items(1..=1)]]);
    let running = scene.start();
    let handle = running.handle.clone();
    assert_eq!(handle.stats().phase, Phase::Following);
    drop(running);
    assert_eq!(handle.stats().phase, Phase::Ended);

    let consumer = scene.builder().build().unwrap();
    let handle = consumer.handle();
    drop(consumer);
    assert_eq!(handle.stats().phase, Phase::Ended);
}

#[test]
fn a_handle_keeps_no_task_alive() {
    let scene = Scene::new([vec![items(1..=1)]]);
    let running = scene.start();
    let (handle, task) = (running.handle.clone(), running.task());
    assert!(task.upgrade().is_some());
    // The log, the store and the clock of the test have wakers as well, and go with the scene.
    drop((scene, running));
    assert!(task.upgrade().is_none());
    assert_eq!(handle.stats().applied, 1);
}

#[test]
fn an_error_may_ask_the_consumer_while_it_speaks() {
    #[derive(Clone)]
    struct Nosy(Arc<OnceLock<Handle>>);

    impl fmt::Display for Nosy {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "after {}", self.0.get().unwrap().stats().applied)
        }
    }

    let scene = Scene::new([vec![items(1..=2)]]).storing(1, 0);
    let nosy = Nosy(Arc::default());
    let error = nosy.clone();
    let fails = each(move |number: &u64| {
        std::future::ready(if *number == 2 {
            Err(error.clone())
        } else {
            Ok(())
        })
    });
    let consumer = Consumer::builder(scene.log.clone(), scene.store.clone(), fails)
        .runtime(Arc::new(scene.clock))
        .handler_retry(Retry::never())
        .build()
        .unwrap();
    let handle = consumer.handle();
    assert!(nosy.0.set(handle.clone()).is_ok());
    let error = consumer.run().now_or_never().unwrap().unwrap_err();
    assert!(matches!(error.cause, Cause::Handler(_)));
    assert_eq!(handle.stats().last_error.as_deref(), Some("after 1"));
}

#[test]
fn a_panic_of_what_it_follows_goes_through_and_shows_as_an_end() {
    let panics = follow_fn(
        |_: Option<Checkpoint>| -> Ready<Result<Empty<Piece>, FollowError<Broken>>> {
            panic!("it cannot be followed")
        },
    );
    let scene = Scene::new([]).storing(1, 7);
    let consumer = Consumer::builder(panics, scene.store.clone(), scene.worker)
        .runtime(Arc::new(scene.clock))
        .build()
        .unwrap();
    let handle = consumer.handle();
    let ended = catch_unwind(AssertUnwindSafe(|| consumer.run().now_or_never()));
    assert!(ended.is_err());
    assert_eq!(handle.stats().phase, Phase::Ended);
    assert_eq!(scene.store.take_calls(), ["load"]);
}
