//! When positions are committed.
//!
//! * Only a position that is reached is committed, after the handler has flushed.
//! * A commit is due after so many items, after so long, and for the first position of all.
//! * While one is under way, items are applied, and the next one is for all of them.
//! * It is due while something is waited for, to be tried again, as at any other time.
//! * Not more is applied than may be uncommitted, unless nothing of it could be committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use forebay_consumer::{Consumer, FollowError, Received, Retry, Step, follow_fn};
use forebay_core::Checkpoint;
use futures::FutureExt;

use crate::harness::scene::Scene;
use crate::harness::script::{Broken, Event, at, items, parts, reached};
use crate::harness::worker::Done::{Applied, Flushed};
use crate::harness::worker::Go;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_commit_is_due_after_so_many_items() {
    let scene = Scene::new([vec![items(1..=2), items(3..=3)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.commit_every(4));
    assert_eq!(scene.store.take_calls(), ["load"]);
    scene.log.push(items(4..=4));
    running.run();
    assert_eq!(scene.store.take_calls(), ["commit 4"]);
    scene.log.push(items(5..=7));
    running.run();
    assert_eq!(scene.store.take_calls(), [""; 0]);
    assert_eq!(running.handle.stats().uncommitted, 3);
}

#[test]
fn a_commit_is_due_so_long_after_a_position_was_reached() {
    let scene = Scene::new([vec![items(1..=2)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.commit_interval(3 * SECOND));
    running.advance(2 * SECOND);
    scene.log.push(items(3..=3));
    running.run();
    assert_eq!(scene.store.take_calls(), ["load"]);
    running.advance(SECOND);
    assert_eq!(scene.store.take_calls(), ["commit 3"]);
    running.advance(10 * SECOND);
    assert_eq!(scene.store.take_calls(), [""; 0], "there is nothing new");
}

#[test]
fn the_first_position_of_all_is_committed_at_once() {
    let scene = Scene::new([vec![reached(1, 0), items(1..=2)]]);
    let _running = scene.start();
    assert_eq!(scene.store.take_calls(), ["load", "commit 0"]);
}

#[test]
fn a_position_in_a_step_without_items_is_committed_like_any_other() {
    let empty = |sequence| {
        let nothing = Received::new().reaching(at(1, sequence));
        Event::Step(Step::Items(nothing))
    };
    let scene = Scene::new([vec![empty(0)]]);
    let mut running = scene.start();
    assert_eq!(scene.store.take_calls(), ["load", "commit 0"]);
    scene.log.push(empty(7));
    running.run();
    running.advance(SECOND);
    assert_eq!(scene.store.take_calls(), ["commit 7"]);
}

#[test]
fn only_what_is_reached_is_committed_and_only_when_it_is() {
    let scene = Scene::new([vec![items(1..=2), parts([3, 3]), parts([3])]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.commit_every(1));
    assert_eq!(scene.store.stored(), Some(at(1, 2)));
    assert_eq!(scene.worker.applied(), [1, 2, 3, 3, 3]);
    assert_eq!(running.handle.stats().uncommitted, 3);
    scene.log.push(reached(1, 3));
    running.run();
    assert_eq!(scene.store.stored(), Some(at(1, 3)));
    assert_eq!(running.handle.stats().uncommitted, 0);
}

#[test]
fn a_position_without_items_is_committed_too() {
    let scene = Scene::new([vec![reached(1, 5), reached(1, 6)]]).storing(1, 0);
    let _running = scene.start_with(|builder| builder.commit_every(2));
    assert_eq!(scene.store.take_calls(), ["load", "commit 6"]);
}

#[test]
fn the_handler_flushes_what_it_applied_before_each_commit() {
    let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.commit_every(2));
    let two = [Applied(vec![1, 2]), Flushed, Applied(vec![3])];
    assert_eq!(scene.worker.take_done(), two);
    running.advance(SECOND);
    assert_eq!(scene.worker.take_done(), [Flushed]);
}

#[test]
fn items_are_applied_while_a_commit_is_under_way_and_the_next_is_for_all() {
    let scene = Scene::new([vec![items(1..=2)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.commit_every(5));
    scene.store.hold();
    scene.log.push(items(3..=5));
    running.run();
    assert_eq!(scene.store.take_calls(), ["load", "commit 5"]);
    scene.log.push(items(6..=20));
    running.run();
    assert_eq!(scene.worker.applied().len(), 20);
    assert_eq!(scene.store.take_calls(), [""; 0], "one at a time");
    assert_eq!(running.handle.stats().uncommitted, 20);
    scene.store.release();
    running.run();
    scene.log.push(items(21..=21));
    running.run();
    assert_eq!(scene.store.take_calls(), ["commit 21"]);
    assert_eq!(scene.store.stored(), Some(at(1, 21)));
}

#[test]
fn a_commit_that_lands_lets_the_next_one_begin_without_another_item() {
    let scene = Scene::new([vec![items(1..=2)]]).storing(1, 0);
    scene.store.hold();
    let mut running = scene.start();
    scene.store.release();
    running.run();
    scene.store.hold();
    running.advance(SECOND);
    scene.log.push(items(3..=3));
    running.advance(SECOND);
    assert_eq!(scene.store.take_calls(), ["load", "commit 2"]);
    scene.store.release();
    running.advance(SECOND);
    assert_eq!(scene.store.take_calls(), ["commit 3"]);
}

#[test]
fn no_more_is_applied_than_may_be_uncommitted() {
    let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.uncommitted_max(10).commit_every(3));
    scene.store.hold();
    scene.log.push(items(4..=30));
    running.run();
    let uncommitted = running.handle.stats().uncommitted;
    assert_eq!(uncommitted, 12, "ten, and the batch they end in");
    scene.store.release();
    running.run();
    assert_eq!(scene.worker.applied().len(), 30);

    let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.uncommitted_max(9).commit_every(3));
    scene.store.hold();
    scene.log.push(items(4..=30));
    running.run();
    assert_eq!(running.handle.stats().uncommitted, 9);
}

#[test]
fn a_sequence_of_more_than_may_be_uncommitted_is_applied_all_the_same() {
    let scene = Scene::new([vec![parts([1; 50]), reached(1, 1)]]).storing(1, 0);
    let running = scene.start_with(|builder| builder.uncommitted_max(10).batch_max(5));
    assert_eq!(scene.worker.applied().len(), 50);
    assert_eq!(running.handle.stats().reached, Some(at(1, 1).cursor()));
}

#[test]
fn a_commit_is_due_while_a_log_is_waited_for() {
    let breaks = Event::Fails(FollowError::Interrupted(Broken));
    let scene = Scene::new([vec![items(1..=1), breaks]]).storing(1, 0);
    let minute = 60 * SECOND;
    let mut running =
        scene.start_with(|builder| builder.follow_retry(Retry::exponential(minute, minute)));
    running.advance(SECOND);
    assert_eq!(scene.store.stored(), Some(at(1, 1)));
    assert_eq!(scene.log.opened().len(), 1);
    running.advance(minute);
    assert_eq!(scene.log.opened().len(), 2);
}

#[test]
fn a_commit_is_due_while_a_batch_waits_to_be_tried_again() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    scene.store.hold();
    let minute = 60 * SECOND;
    let retry = Retry::exponential(minute, minute);
    let mut running = scene.start_with(|builder| builder.handler_retry(retry));
    scene.store.release();
    running.run();
    scene.store.hold();
    running.advance(SECOND);
    scene.log.push(items(2..=2));
    running.run();
    scene.worker.applies([Go::Fails]);
    scene.log.push(items(3..=3));
    running.run();
    assert_eq!(scene.store.take_calls(), ["load", "commit 1"]);
    scene.store.release();
    running.run();
    assert_eq!(scene.store.take_calls(), [""; 0], "it is not due");
    running.advance(SECOND);
    assert_eq!(scene.store.take_calls(), ["commit 2"]);
}

#[test]
fn a_bound_below_what_makes_a_commit_due_makes_one_due() {
    let scene = Scene::new([vec![]]).storing(1, 0);
    let mut running = scene.start_with(|builder| builder.uncommitted_max(4).batch_max(2));
    scene.log.push(items(1..=9));
    running.run();
    assert_eq!(scene.store.take_calls(), ["load", "commit 4", "commit 8"]);
    scene.store.hold();
    scene.log.push(items(10..=30));
    running.run();
    assert_eq!(
        running.handle.stats().uncommitted,
        5,
        "one, and two batches"
    );
}

#[test]
fn a_commit_is_due_between_batches_of_a_log_that_always_has_more() {
    let scene = Scene::new([vec![items(1..=1)]]).storing(1, 0);
    let mut running = scene.start();
    scene.worker.applies([Go::Holds]);
    scene.log.push(items(2..=2));
    scene.log.push(items(3..=3));
    running.run();
    running.advance(SECOND);
    scene.worker.release();
    running.run();
    let done = [
        Applied(vec![1]),
        Applied(vec![2]),
        Flushed,
        Applied(vec![3]),
    ];
    assert_eq!(scene.worker.take_done(), done);
}

#[test]
fn a_commit_is_due_while_a_log_is_opened() {
    let is_open = AtomicBool::new(false);
    let once = follow_fn(move |_: Option<Checkpoint>| {
        let is_again = is_open.swap(true, SeqCst);
        async move {
            if is_again {
                std::future::pending::<()>().await;
            }
            let one = Received::one(1).reaching(at(1, 1));
            let breaks = FollowError::Interrupted(Broken);
            Ok(futures::stream::iter([Ok(Step::Items(one)), Err(breaks)]))
        }
    });
    let scene = Scene::default().storing(1, 0);
    let consumer = Consumer::builder(once, scene.store.clone(), scene.worker.clone())
        .runtime(Arc::new(scene.clock.clone()))
        .follow_retry(Retry::exponential(Duration::ZERO, Duration::ZERO))
        .build()
        .unwrap();
    let mut running = Box::pin(consumer.run());
    for _ in 0..3 {
        assert!((&mut running).now_or_never().is_none());
        scene.clock.advance(SECOND / 2);
    }
    assert_eq!(scene.store.stored(), Some(at(1, 1)));
}
