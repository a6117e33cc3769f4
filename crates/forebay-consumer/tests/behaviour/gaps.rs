//! What happens where something between what was applied and what comes is missing.
//!
//! * Unless it was told to begin anew, it ends, and what was reached is committed.
//! * Told to, it first makes the stored position void, then has the handler forget, then begins as
//!   somebody new. The position after that is in whatever log it is.
//! * A handler that has begun to forget is committed for no more: neither if it fails, nor at a stop.
//! * Somebody new who gets a snapshot is told to forget as well: it may have died in the middle of one.
//! * A snapshot ends with its first position: what comes behind it are changes.
//! * Gap after gap with nothing between is tried like a log that cannot be reached.

use std::time::Duration;

use forebay_consumer::{Cause, FollowError, OnGap, Phase, Received, Retry, Step};

use crate::harness::scene::Scene;
use crate::harness::script::{Broken, Event, anew, at, items, parts, reached};
use crate::harness::shelf::Fault;
use crate::harness::worker::Done::{Anew, Applied, Failed, Flushed, Piece};
use crate::harness::worker::Go;

const SECOND: Duration = Duration::from_secs(1);
const RETRY: Retry = Retry::exponential(SECOND, SECOND);

fn stale() -> Event {
    Event::Fails(FollowError::Stale(Broken))
}

#[test]
fn a_stale_position_ends_it_unless_it_was_told_to_begin_anew() {
    let scene = Scene::new([]).storing(1, 7);
    scene.log.plan(Err(FollowError::Stale(Broken)));
    let error = scene.start().end().unwrap_err();
    assert!(matches!(error.cause, Cause::Gap(Some(Broken))));
    assert_eq!(scene.store.take_calls(), ["load"]);
    assert_eq!(scene.worker.take_done(), []);
}

#[test]
fn a_gap_while_following_ends_it_with_what_was_reached_committed() {
    for gap in [stale(), anew()] {
        let scene = Scene::new([vec![items(8..=9), gap]]).storing(1, 7);
        let error = scene.start().end().unwrap_err();
        assert!(matches!(error.cause, Cause::Gap(_)));
        assert_eq!(error.summary.committed, Some(at(1, 9)));
        assert_eq!(scene.worker.take_done(), [Applied(vec![8, 9]), Flushed]);
    }
}

#[test]
fn the_position_is_void_before_anything_is_forgotten() {
    let scene = Scene::new([]).storing(1, 7);
    scene.log.plan(Err(FollowError::Stale(Broken)));
    scene.log.plan(Ok(vec![anew(), parts([1, 2])]));
    let mut running = scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew));
    assert_eq!(scene.store.take_calls(), ["load", "reset 1-0"]);
    assert_eq!(scene.log.opened(), [Some(at(1, 7)), None]);
    assert_eq!(running.handle.stats().phase, Phase::Snapshot);
    assert_eq!(scene.worker.take_done(), [Anew, Piece(vec![1, 2])]);

    scene.log.push(reached(2, 5));
    scene.log.push(parts([6]));
    scene.log.push(reached(2, 6));
    running.run();
    assert_eq!(running.handle.stats().phase, Phase::Following);
    assert_eq!(scene.worker.take_done(), [Applied(vec![6])]);
    running.advance(SECOND);
    assert_eq!(
        scene.store.take_calls(),
        ["reset 2-6"],
        "it is in another log"
    );
}

#[test]
fn a_store_that_fails_keeps_the_handler_from_forgetting() {
    let scene = Scene::new([]).storing(1, 7);
    scene.log.plan(Err(FollowError::Stale(Broken)));
    let mut running =
        scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew).store_retry(RETRY));
    assert_eq!(scene.worker.take_done(), [Anew]);
    // That commit may have happened, so what is stored may not be void any more.
    scene.store.fail([Fault::Unanswered]);
    scene.log.push(items(8..=8));
    running.run();
    running.advance(SECOND);
    scene.store.fail([Fault::Busy]);
    scene.log.push(stale());
    running.run();
    assert_eq!(scene.worker.take_done(), [Applied(vec![8]), Flushed]);
    running.advance(SECOND);
    assert_eq!(scene.worker.take_done(), [Anew]);
}

#[test]
fn a_commit_under_way_lands_before_the_position_is_void() {
    let scene = Scene::new([vec![items(8..=8)]]).storing(1, 7);
    let mut running =
        scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew).commit_interval(SECOND));
    scene.store.hold();
    running.advance(SECOND);
    scene.log.push(stale());
    running.run();
    assert_eq!(scene.store.take_calls(), ["load", "commit 8"]);
    assert_eq!(scene.worker.take_done(), [Applied(vec![8]), Flushed]);
    scene.store.release();
    running.run();
    assert_eq!(scene.store.take_calls(), ["reset 1-0"]);
    assert_eq!(scene.store.stored(), Some(at(1, 0)));
    assert_eq!(scene.worker.take_done(), [Anew]);
}

#[test]
fn a_snapshot_in_the_middle_of_the_stream_is_a_gap_as_well() {
    let scene = Scene::new([vec![items(8..=9), anew(), parts([1])]]).storing(1, 7);
    let running = scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew));
    let stats = running.handle.stats();
    assert_eq!(
        (stats.applied, stats.uncommitted),
        (3, 1),
        "the others do not come again"
    );
    let done = [Applied(vec![8, 9]), Anew, Piece(vec![1])];
    assert_eq!(scene.worker.take_done(), done);
    assert_eq!(
        scene.log.opened().len(),
        1,
        "it goes on with the same stream"
    );
    assert_eq!(scene.store.stored(), Some(at(1, 0)));
}

#[test]
fn somebody_new_forgets_before_a_snapshot_whatever_the_policy() {
    let scene = Scene::new([vec![anew(), parts([1, 2]), reached(1, 5)]]);
    let _running = scene.start();
    assert_eq!(scene.worker.take_done(), [Anew, Piece(vec![1, 2]), Flushed]);
    assert_eq!(scene.store.take_calls(), ["load", "commit 5"]);
}

#[test]
fn a_snapshot_that_breaks_off_is_begun_again_from_its_beginning() {
    let breaks = Event::Fails(FollowError::Interrupted(Broken));
    let plans = [
        vec![anew(), parts([1, 2]), breaks],
        vec![anew(), parts([1, 2, 3]), reached(1, 5)],
    ];
    let scene = Scene::new(plans);
    let mut running = scene.start_with(|builder| builder.follow_retry(RETRY));
    running.advance(SECOND);
    assert_eq!(scene.log.opened(), [None, None]);
    let done = [Anew, Piece(vec![1, 2]), Anew, Piece(vec![1, 2, 3]), Flushed];
    assert_eq!(scene.worker.take_done(), done);
}

#[test]
fn a_handler_that_cannot_forget_is_asked_again() {
    let scene = Scene::new([]).storing(1, 7);
    scene.log.plan(Err(FollowError::Stale(Broken)));
    scene.worker.begins_anew([Go::Fails]);
    let mut running =
        scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew).handler_retry(RETRY));
    assert_eq!(scene.worker.take_done(), [Failed(0)]);
    assert_eq!(scene.log.opened().len(), 1);
    running.advance(SECOND);
    assert_eq!(scene.worker.take_done(), [Anew]);
    assert_eq!(scene.log.opened(), [Some(at(1, 7)), None]);
}

#[test]
fn gap_after_gap_is_tried_with_waits_and_given_up() {
    let scene = Scene::new([vec![items(8..=8), stale()], vec![reached(1, 20), stale()]]);
    let scene = scene.storing(1, 7);
    for _ in 0..3 {
        scene.log.plan(Ok(vec![anew(), stale()]));
    }
    let retry = RETRY.attempts(2);
    let mut running =
        scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew).follow_retry(retry));
    assert_eq!(
        scene.log.opened().len(),
        3,
        "two gaps, with positions before each"
    );
    running.advance(SECOND);
    let error = running.end().unwrap_err();
    assert!(matches!(error.cause, Cause::Follow(Broken)));
    assert_eq!(scene.log.opened().len(), 4);
}

#[test]
fn nothing_is_committed_once_a_handler_has_begun_to_forget() {
    // It fails for good in the middle, and what it applied before was not committed yet.
    let scene = Scene::new([vec![items(8..=9), stale()]]).storing(1, 7);
    scene.worker.begins_anew([Go::FailsForGood]);
    let error = scene
        .start_with(|builder| builder.on_gap(OnGap::BeginAnew))
        .end()
        .unwrap_err();
    assert!(matches!(error.cause, Cause::Handler(_)));
    assert_eq!(scene.store.take_calls(), ["load", "reset 1-0"]);
    assert_eq!(error.summary.committed, Some(at(1, 0)));
    assert_eq!(
        (error.summary.reached, error.summary.uncommitted),
        (None, 0)
    );

    // It is stopped between two attempts.
    let scene = Scene::new([vec![items(8..=9), stale()]]).storing(1, 7);
    scene.worker.begins_anew([Go::Fails]);
    let mut running =
        scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew).handler_retry(RETRY));
    assert_eq!(running.handle.stats().phase, Phase::Waiting);
    running.stop();
    assert_eq!(running.end().unwrap().committed, Some(at(1, 0)));
    assert_eq!(scene.store.take_calls(), ["load", "reset 1-0"]);
    assert_eq!(
        scene.worker.take_done(),
        [Applied(vec![8, 9]), Failed(0)],
        "nothing is flushed"
    );
}

#[test]
fn a_commit_that_was_given_up_for_a_gap_is_made_by_a_stop() {
    let scene = Scene::new([vec![items(8..=8)]]).storing(1, 7);
    let mut running =
        scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew).store_retry(RETRY));
    scene.store.fail([Fault::Busy, Fault::Busy]);
    running.advance(SECOND);
    scene.log.push(stale());
    running.run();
    let calls = ["load", "commit 8", "reset 1-0"];
    assert_eq!(scene.store.take_calls(), calls);
    running.stop();
    let summary = running.end().unwrap();
    assert_eq!(
        (summary.committed, summary.uncommitted),
        (Some(at(1, 8)), 0)
    );
    assert_eq!(scene.store.take_calls(), ["commit 8"]);
}

#[test]
fn changes_right_behind_a_snapshot_are_no_pieces_of_it() {
    // The first of so many items are pieces, and all of them come at once.
    for pieces in 1..=9 {
        let mut all = Received::from((1..=pieces).collect::<Vec<_>>()).reaching(at(1, 20));
        for number in pieces + 1..=9 {
            all = all.and(number).reaching(at(1, 20 + number));
        }
        let plan = vec![anew(), Event::Step(Step::Items(all)), Event::Closed];
        let scene = Scene::new([plan]);
        let summary = scene.start().end().unwrap();
        assert_eq!((summary.applied, summary.uncommitted), (9, 0));
        let done = scene.worker.take_done();
        assert_eq!(done[..2], [Anew, Piece((1..=pieces).collect())]);
        let changes: Vec<_> = (pieces + 1..=9).collect();
        assert!(changes.is_empty() || done.contains(&Applied(changes)));
    }
}

#[test]
fn a_commit_that_may_have_happened_is_made_void_as_well() {
    let scene = Scene::new([vec![]]);
    let retry = Retry::exponential(60 * SECOND, 60 * SECOND);
    let mut running =
        scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew).store_retry(retry));
    scene.store.fail([Fault::Unanswered]);
    scene.log.push(items(1..=1));
    running.run();
    assert_eq!(scene.store.stored(), Some(at(1, 1)), "nobody was told");
    assert_eq!(running.handle.stats().committed, None);
    scene.log.push(stale());
    running.run();
    assert_eq!(scene.store.take_calls(), ["load", "commit 1", "reset 1-0"]);
}

#[test]
fn items_before_a_gap_make_no_commit_behind_it_due() {
    let scene = Scene::new([vec![parts([8, 8, 8]), stale()], vec![items(1..=1)]]).storing(1, 7);
    let mut running = scene.start_with(|builder| builder.on_gap(OnGap::BeginAnew).commit_every(3));
    assert_eq!(scene.store.take_calls(), ["load", "reset 1-0"]);
    scene.log.push(items(2..=3));
    running.run();
    assert_eq!(scene.store.take_calls(), ["commit 3"]);
}

#[test]
fn a_snapshot_that_breaks_off_may_be_followed_by_changes() {
    let breaks = Event::Fails(FollowError::Interrupted(Broken));
    let scene = Scene::new([vec![anew(), parts([1]), breaks], vec![items(5..=5)]]);
    let mut running = scene.start_with(|builder| builder.follow_retry(RETRY));
    running.advance(SECOND);
    let done = [Anew, Piece(vec![1]), Applied(vec![5]), Flushed];
    assert_eq!(scene.worker.take_done(), done);
}
