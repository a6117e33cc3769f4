//! How it ends when it is told to.
//!
//! * Nothing new is taken; the batch in hand is applied, flushed and committed.
//! * All of that has a deadline, after which what is not finished is dropped.
//! * What waits to be tried again, or to begin, is not waited for; a commit under way is.
//! * A stop before the start, and in any wait, is a stop.
//! * A log that always has more does not keep other tasks from running.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use forebay_consumer::{Consumer, End, FollowError, Phase, Received, Retry, Step, follow_fn};
use forebay_core::Checkpoint;
use futures::FutureExt;
use futures::stream::Pending;

use crate::harness::scene::Scene;
use crate::harness::script::{Broken, at, items, parts};
use crate::harness::shelf::Fault;
use crate::harness::worker::Done::{Applied, Flushed};
use crate::harness::worker::Go;

type Piece = Result<Step<Received<u64>>, FollowError<Broken>>;

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

const SECOND: Duration = Duration::from_secs(1);
const RETRY: Retry = Retry::exponential(SECOND, SECOND);

#[test]
fn what_was_reached_is_committed_and_nothing_new_is_taken() {
    let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
    let mut running = scene.start();
    running.handle.stop();
    scene.log.push(items(4..=9));
    running.run();
    let summary = running.end().unwrap();
    assert_eq!(summary.end, End::Stopped);
    assert_eq!(summary.committed, Some(at(1, 3)));
    assert_eq!((summary.applied, summary.uncommitted), (3, 0));
    assert_eq!(scene.worker.take_done(), [Applied(vec![1, 2, 3]), Flushed]);
    assert_eq!(scene.log.left(), 1);
}

#[test]
fn the_batch_in_hand_is_finished_and_the_next_one_is_not_begun() {
    let scene = Scene::new([vec![]]).storing(1, 0);
    scene.worker.takes(2);
    scene.worker.applies([Go::Holds]);
    let mut running = scene.start();
    scene.log.push(items(1..=6));
    running.run();
    running.stop();
    assert!(!running.has_ended());
    scene.worker.release();
    let summary = running.end().unwrap();
    assert_eq!((summary.end, summary.applied), (End::Stopped, 2));
    assert_eq!(
        summary.committed,
        Some(at(1, 2)),
        "in the middle of what came in one piece"
    );
    assert_eq!(scene.store.stored(), Some(at(1, 2)));
}

#[test]
fn a_handler_that_takes_too_long_is_dropped() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.shutdown_timeout(5 * SECOND));
    scene.worker.applies([Go::Holds]);
    scene.log.push(items(2..=2));
    running.run();
    running.advance(100 * SECOND);
    running.stop();
    running.advance(4 * SECOND);
    assert!(!running.has_ended());
    running.advance(SECOND);
    let summary = running.end().unwrap();
    assert_eq!((summary.end, summary.applied), (End::TimedOut, 1));
    assert_eq!(summary.uncommitted, 1);
}

#[test]
fn a_commit_that_takes_too_long_is_dropped_and_may_happen() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.shutdown_timeout(5 * SECOND));
    scene.store.hold();
    running.stop();
    running.advance(5 * SECOND);
    let handle = running.handle.clone();
    let summary = running.end().unwrap();
    assert_eq!((summary.end, summary.uncommitted), (End::TimedOut, 1));
    assert_eq!(scene.store.take_calls(), ["load", "commit 1"]);
    assert_eq!(handle.stats().phase, Phase::Ended);
}

#[test]
fn a_commit_that_fails_at_the_end_is_tried_again_until_it_is_too_late() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.store_retry(RETRY));
    scene.store.fail([Fault::Busy]);
    running.stop();
    assert!(!running.has_ended());
    running.advance(SECOND);
    let summary = running.end().unwrap();
    assert_eq!((summary.end, summary.uncommitted), (End::Stopped, 0));
}

#[test]
fn a_flush_that_fails_at_the_end_is_tried_again_until_it_is_too_late() {
    for advances in [1, 10] {
        let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
        let retry = RETRY.forever();
        let mut running = scene.start_with(|builder| builder.handler_retry(retry));
        scene.worker.flushes(vec![Go::Fails; advances]);
        running.stop();
        assert!(!running.has_ended());
        for _ in 0..advances {
            running.advance(SECOND);
        }
        let summary = running.end().unwrap();
        let expected = if advances == 1 {
            (End::Stopped, 0)
        } else {
            (End::TimedOut, 1)
        };
        assert_eq!((summary.end, summary.uncommitted), expected);
    }
}

#[test]
fn a_commit_that_is_refused_at_the_end_is_a_failure() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let mut running = scene.start();
    scene.store.fail([Fault::Refused]);
    running.stop();
    let error = running.end().unwrap_err();
    assert!(matches!(
        error.cause,
        forebay_consumer::Cause::Store(Fault::Refused)
    ));
    assert_eq!(error.summary.uncommitted, 1);
}

#[test]
fn nothing_that_waits_to_be_tried_again_is_waited_for() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    scene.worker.applies([Go::Fails]);
    let mut running = scene.start();
    running.stop();
    let summary = running.end().unwrap();
    assert_eq!((summary.end, summary.applied), (End::Stopped, 0));

    let scene = Scene::new([]).storing(1, 0);
    scene.log.plan(Err(FollowError::Interrupted(Broken)));
    let mut running = scene.start();
    running.stop();
    assert_eq!(running.end().unwrap().end, End::Stopped);

    let scene = Scene::new([]).storing(1, 0);
    scene.store.fail([Fault::Busy]);
    let mut running = scene.start();
    running.stop();
    assert!(
        running.has_ended(),
        "nothing was loaded, so nothing is to be stored"
    );
    assert_eq!(running.end().unwrap().end, End::Stopped);
}

#[test]
fn a_sequence_that_is_not_whole_is_left_to_whoever_goes_on() {
    let scene = Scene::new([vec![items(1..=1), parts([2, 2])]]).storing(1, 0);
    let mut running = scene.start();
    running.stop();
    let summary = running.end().unwrap();
    assert_eq!(summary.committed, Some(at(1, 1)));
    assert_eq!((summary.applied, summary.uncommitted), (3, 2));
}

#[test]
fn a_stop_before_the_start_calls_nobody() {
    let scene = Scene::new([vec![items(1..=1)]]);
    let consumer = scene.builder().build().unwrap();
    consumer.handle().stop();
    let summary = consumer.run().now_or_never().unwrap().unwrap();
    assert_eq!(summary.end, End::Stopped);
    assert_eq!(scene.store.take_calls(), [""; 0]);
    assert_eq!(scene.log.opened(), []);
}

#[test]
fn a_signal_stops_it_too() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let consumer = scene.builder().build().unwrap();
    let summary = consumer.run_until(std::future::ready(())).now_or_never();
    assert_eq!(summary.unwrap().unwrap().end, End::Stopped);

    let consumer = Consumer::builder(scene.log.clone(), scene.store.clone(), scene.worker.clone())
        .runtime(Arc::new(scene.clock))
        .build()
        .unwrap();
    let (signal, signalled) = futures::channel::oneshot::channel::<()>();
    let mut running = Box::pin(consumer.run_until(signalled.map(drop)));
    assert!((&mut running).now_or_never().is_none());
    signal.send(()).unwrap();
    assert_eq!(running.now_or_never().unwrap().unwrap().end, End::Stopped);
}

#[test]
fn a_log_that_always_has_more_lets_others_run() {
    let scene = Scene::new([(1..=1_000).map(|number| items([number])).collect()]);
    let scene = scene.storing(1, 0);
    let mut running = Box::pin(scene.builder().build().unwrap().run());
    assert!((&mut running).now_or_never().is_none());
    assert!((1..=200).contains(&scene.worker.applied().len()));
}

#[test]
fn a_load_and_an_opening_that_never_end_are_not_waited_for() {
    let scene = Scene::new([vec![items(1..=1)]]);
    scene.store.hold();
    let mut running = scene.start();
    running.stop();
    assert_eq!(running.end().unwrap().end, End::Stopped);

    let never = follow_fn(|_: Option<Checkpoint>| {
        std::future::pending::<Result<Pending<Piece>, FollowError<Broken>>>()
    });
    let scene = Scene::default();
    let consumer = Consumer::builder(never, scene.store.clone(), scene.worker.clone())
        .runtime(Arc::new(scene.clock))
        .build()
        .unwrap();
    let handle = consumer.handle();
    let mut running = Box::pin(consumer.run());
    assert!((&mut running).now_or_never().is_none());
    assert_eq!(handle.stats().phase, Phase::Opening);
    handle.stop();
    assert_eq!(running.now_or_never().unwrap().unwrap().end, End::Stopped);
}

#[test]
fn a_commit_under_way_lands_first_and_what_was_reached_meanwhile_follows() {
    for last in [1, 3] {
        let scene = Scene::new([vec![]]).storing(1, 0);
        let mut running = scene.start_with(|builder| builder.commit_every(1));
        scene.store.hold();
        scene.log.push(items(1..=1));
        scene.log.push(items(2..=last));
        running.run();
        running.stop();
        assert!(!running.has_ended());
        scene.store.release();
        let summary = running.end().unwrap();
        assert_eq!((summary.end, summary.uncommitted), (End::Stopped, 0));
        assert_eq!(summary.committed, Some(at(1, last)));
        assert_eq!(scene.store.stored(), Some(at(1, last)));
    }
}

#[test]
fn a_stop_wakes_the_task_in_which_it_was_polled_last() {
    let scene = Scene::new([vec![]]).storing(1, 0);
    let consumer = scene.builder().build().unwrap();
    let handle = consumer.handle();
    let mut running = Box::pin(consumer.run());
    assert!((&mut running).now_or_never().is_none());
    let last = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&last));
    let polled = running.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    handle.stop();
    assert!(last.0.load(SeqCst));
}
