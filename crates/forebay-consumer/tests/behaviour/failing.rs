//! What is tried again, how, and when it is given up.
//!
//! * A handler that failed gets the same items again; the position behind them stays, and is committed
//!   meanwhile.
//! * A store that failed is asked again while items are applied; one that refused is not.
//! * A log that broke off is opened again after the last position that was reached.
//! * Each is given up after its attempts, which count anew after a success.
//! * A handler that panicked is not called again, and nothing is committed after it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_consumer::{Cause, Doing, End, FollowError, Phase, Retry};

use crate::harness::scene::Scene;
use crate::harness::script::{Broken, Event, at, items, parts};
use crate::harness::shelf::Fault;
use crate::harness::worker::Done::{Applied, Failed, Flushed};
use crate::harness::worker::Go;

const SECOND: Duration = Duration::from_secs(1);
const RETRY: Retry = Retry::exponential(SECOND, SECOND);

#[test]
fn a_handler_that_failed_gets_the_same_items_again() {
    let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
    scene.worker.applies([Go::Fails, Go::Fails]);
    let mut running = scene.start_with(|builder| builder.handler_retry(RETRY));
    assert_eq!(scene.worker.take_done(), [Failed(1)]);
    assert_eq!(running.handle.stats().phase, Phase::Waiting);
    running.advance(SECOND);
    assert_eq!(scene.worker.take_done(), [Failed(2)]);
    running.advance(SECOND);
    assert_eq!(scene.worker.take_done(), [Applied(vec![1, 2, 3])]);
    let stats = running.handle.stats();
    assert_eq!((stats.handler_failures, stats.applied), (2, 3));
    assert_eq!(stats.last_error.as_deref(), Some("the worker failed"));
}

#[test]
fn what_was_reached_is_committed_while_a_handler_waits_for_its_next_attempt() {
    let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
    let running = scene.start_with(|builder| builder.handler_retry(RETRY));
    scene.worker.applies([Go::Fails]);
    scene.log.push(items(4..=4));
    let mut running = running;
    running.run();
    assert_eq!(scene.store.stored(), Some(at(1, 3)));
}

#[test]
fn a_handler_is_given_up_after_its_attempts() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.handler_retry(RETRY.attempts(3)));
    scene.worker.applies([Go::Fails; 3]);
    scene.log.push(items(2..=2));
    running.run();
    running.advance(SECOND);
    assert!(!running.has_ended());
    running.advance(SECOND);
    let error = running.end().unwrap_err();
    assert!(matches!(error.cause, Cause::Handler(_)));
    assert_eq!(error.summary.end, End::Failed);
    assert_eq!(
        error.summary.committed,
        Some(at(1, 1)),
        "what was reached is kept"
    );
    assert_eq!(error.summary.uncommitted, 0);
    assert_eq!(
        error.to_string(),
        "the handler failed after 0000000000000001-1"
    );
}

#[test]
fn an_error_that_is_fatal_is_not_tried_again() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    scene.worker.applies([Go::FailsForGood]);
    let error = scene.start().end().unwrap_err();
    assert!(matches!(error.cause, Cause::Handler(_)));
    assert_eq!(scene.worker.take_done(), [Failed(1)]);
}

#[test]
fn a_handler_that_panicked_is_not_called_again_and_nothing_is_committed_after_it() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let mut running = scene.start();
    scene.worker.applies([Go::Panics]);
    scene.log.push(items(2..=2));
    running.run();
    let error = running.end().unwrap_err();
    assert!(matches!(&error.cause, Cause::Panicked(said) if &**said == "out of ideas"));
    assert_eq!(error.summary.reached, Some(at(1, 1)));
    assert_eq!(error.summary.committed, Some(at(1, 0)));
    assert_eq!(error.summary.uncommitted, 1);
    assert_eq!(scene.worker.take_done(), [Applied(vec![1])]);
    assert_eq!(scene.store.take_calls(), ["load"]);
}

#[test]
fn nothing_is_committed_before_a_flush_succeeds() {
    let scene = Scene::new([vec![items(1..=2)]]).storing(1, 0);
    scene.worker.flushes([Go::Fails]);
    let mut running =
        scene.start_with(|builder| builder.commit_every(2).handler_retry(RETRY.attempts(2)));
    assert_eq!(scene.store.take_calls(), ["load"]);
    running.advance(SECOND);
    assert_eq!(scene.store.take_calls(), ["commit 2"]);
    scene.worker.flushes([Go::Fails, Go::Fails]);
    scene.log.push(items(3..=4));
    running.run();
    running.advance(SECOND);
    // The end commits what was reached, if the handler lets it; it flushes at last.
    assert!(matches!(
        running.end().unwrap_err().cause,
        Cause::Handler(_)
    ));
    let done = scene.worker.take_done();
    assert_eq!(done.last(), Some(&Flushed));
    assert_eq!(scene.store.stored(), Some(at(1, 4)));
}

#[test]
fn a_commit_is_tried_again_while_items_are_applied() {
    for fault in [Fault::Busy, Fault::Unanswered] {
        let scene = Scene::new([vec![]]).storing(1, 0);
        let mut running = scene.start_with(|builder| builder.store_retry(RETRY).commit_every(1));
        scene.store.fail([fault, fault]);
        scene.log.push(items(1..=1));
        running.run();
        scene.log.push(items(2..=9));
        running.run();
        assert_eq!(scene.worker.applied().len(), 9);
        running.advance(SECOND);
        running.advance(SECOND);
        assert_eq!(scene.store.stored(), Some(at(1, 9)), "{fault}");
        let stats = running.handle.stats();
        assert_eq!((stats.store_failures, stats.uncommitted), (2, 0));
        assert_eq!(stats.last_error.as_deref(), Some(&*fault.to_string()));
        assert!(!running.has_ended());
    }
}

#[test]
fn a_store_is_given_up_after_its_attempts() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| {
        builder
            .store_retry(RETRY.attempts(2))
            .commit_interval(SECOND)
    });
    scene.store.fail([Fault::Busy; 2]);
    running.advance(SECOND);
    running.advance(SECOND);
    let error = running.end().unwrap_err();
    assert!(matches!(error.cause, Cause::Store(Fault::Busy)));
    assert_eq!((error.summary.applied, error.summary.uncommitted), (1, 1));
}

#[test]
fn attempts_of_a_store_count_anew_after_a_success() {
    let scene = Scene::new([vec![]]).storing(1, 0);
    let mut running =
        scene.start_with(|builder| builder.store_retry(RETRY.attempts(2)).commit_every(1));
    for number in 1..=3 {
        scene.store.fail([Fault::Busy]);
        scene.log.push(items([number]));
        running.run();
        running.advance(SECOND);
        assert_eq!(scene.store.stored(), Some(at(1, number)));
    }
    assert!(!running.has_ended());
}

#[test]
fn the_first_failure_is_what_it_failed_of() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let mut running = scene.start();
    scene.worker.applies([Go::FailsForGood]);
    scene.store.fail([Fault::Refused]);
    scene.log.push(items(2..=2));
    running.run();
    let error = running.end().unwrap_err();
    assert!(matches!(error.cause, Cause::Handler(_)));
    assert_eq!(error.summary.uncommitted, 1);
}

#[test]
fn a_commit_that_is_refused_ends_it_once_the_batch_is_applied() {
    let scene = Scene::new([vec![]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.commit_every(1));
    scene.store.fail([Fault::Refused]);
    scene.store.hold();
    scene.worker.applies([Go::Holds]);
    scene.log.push(items(1..=1));
    running.run();
    scene.worker.release();
    running.run();
    scene.worker.applies([Go::Holds]);
    scene.log.push(items(2..=2));
    running.run();
    scene.store.release();
    running.run();
    assert!(!running.has_ended(), "a batch is being applied");
    scene.worker.release();
    let error = running.end().unwrap_err();
    assert!(matches!(error.cause, Cause::Store(Fault::Refused)));
    assert_eq!((error.summary.applied, error.summary.uncommitted), (2, 2));
    assert_eq!(
        scene.store.take_calls(),
        ["load", "commit 1"],
        "it is not asked again"
    );
}

#[test]
fn a_store_that_is_not_there_at_the_start_is_waited_for() {
    let scene = Scene::new([vec![items(8..=8)]]).storing(1, 7);
    scene.store.fail([Fault::Busy; 2]);
    let mut running = scene.start_with(|builder| builder.store_retry(RETRY.forever()));
    assert_eq!(scene.log.opened(), [], "nothing is followed from nowhere");
    running.advance(SECOND);
    running.advance(SECOND);
    assert_eq!(scene.log.opened(), [Some(at(1, 7))]);
    assert_eq!(scene.worker.applied(), [8]);
}

#[test]
fn a_log_that_broke_off_is_opened_again_after_what_was_reached() {
    let breaks = Event::Fails(FollowError::Interrupted(Broken));
    let plans = [
        vec![items(1..=3), parts([4, 4]), breaks],
        vec![parts([4, 4]), items(4..=5)],
    ];
    let scene = Scene::new(plans).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.follow_retry(RETRY));
    assert_eq!(running.handle.stats().phase, Phase::Waiting);
    running.advance(SECOND);
    assert_eq!(running.handle.stats().phase, Phase::Following);
    assert_eq!(scene.log.opened(), [Some(at(1, 0)), Some(at(1, 3))]);
    assert_eq!(scene.worker.applied(), [1, 2, 3, 4, 4, 4, 4, 4, 5]);
    assert_eq!(running.handle.stats().interruptions, 1);
    assert_eq!(running.handle.stats().reached, Some(at(1, 5).cursor()));
}

#[test]
fn attempts_of_a_log_count_anew_once_a_position_is_reached() {
    let breaks = || Event::Fails(FollowError::Interrupted(Broken));
    let scene = Scene::new([]).storing(1, 0);
    scene.log.plan(Err(FollowError::Interrupted(Broken)));
    scene.log.plan(Ok(vec![items(1..=1), breaks()]));
    scene.log.plan(Ok(vec![breaks()]));
    let mut running = scene.start_with(|builder| builder.follow_retry(RETRY.attempts(2)));
    running.advance(SECOND);
    assert!(!running.has_ended());
    running.advance(SECOND);
    let error = running.end().unwrap_err();
    assert!(matches!(error.cause, Cause::Follow(Broken)));
    assert_eq!(scene.log.opened().len(), 3);
    assert_eq!(error.summary.committed, Some(at(1, 1)));
}

#[test]
fn a_log_that_refuses_is_not_asked_again() {
    let scene = Scene::new([]);
    scene.log.plan(Err(FollowError::Refused(Broken)));
    let error = scene.start().end().unwrap_err();
    assert!(matches!(error.cause, Cause::Follow(Broken)));
    assert_eq!(scene.log.opened().len(), 1);
}

#[test]
fn whoever_asked_is_told_of_everything_that_is_tried_again() {
    let scene = Scene::new([]).storing(1, 0);
    scene.log.plan(Err(FollowError::Interrupted(Broken)));
    scene.log.plan(Ok(vec![items(1..=1)]));
    scene.store.fail([Fault::Busy]);
    scene.worker.applies([Go::Fails]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&told);
    let mut running = scene.start_with(|builder| {
        builder.retry(RETRY).on_retry(move |retrying| {
            let mut lines = lines.lock().unwrap();
            lines.push((
                retrying.doing,
                retrying.error.to_string(),
                retrying.failures,
            ));
            assert!(retrying.wait > SECOND / 2 && retrying.wait <= SECOND);
        })
    });
    for _ in 0..3 {
        running.advance(SECOND);
    }
    let expected = [
        (Doing::Load, "Busy".to_owned(), 1),
        (Doing::Follow, "broken".to_owned(), 1),
        (Doing::Apply, "the worker failed".to_owned(), 1),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn a_runtime_without_timers_ends_it() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    scene.clock.break_timers();
    let error = scene.start().end().unwrap_err();
    assert!(matches!(error.cause, Cause::Runtime(_)));
}

#[test]
fn nothing_is_committed_after_a_refusal_though_the_batch_in_hand_fails() {
    let scene = Scene::new([vec![]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.commit_every(1));
    scene.store.hold();
    scene.store.fail([Fault::Refused]);
    scene.log.push(items(1..=1));
    scene.log.push(items(2..=2));
    running.run();
    scene.worker.applies([Go::HoldsAndFails]);
    scene.log.push(items(3..=3));
    running.run();
    assert_eq!(scene.store.take_calls(), ["load", "commit 1"]);
    scene.worker.take_done();
    scene.store.release();
    scene.worker.release();
    let error = running.end().unwrap_err();
    assert!(matches!(error.cause, Cause::Store(Fault::Refused)));
    assert_eq!(scene.worker.take_done(), [Failed(1)], "nothing is flushed");
    assert_eq!(scene.store.take_calls(), [""; 0]);
}
