//! A snapshot that is older than the events that are left is built again.

use forebay_core::Sequence;
use forebay_events::{FeedError, Retention};

use crate::scene::Scene;
use crate::scene::Seen::{End, Event, New, Piece};
use crate::source::Source;

#[test]
fn snapshot_behind_the_window_is_built_again() {
    let mut scene = Scene::by_hand();
    scene.publish(5, 7);
    let mut reader = scene.follow(7);
    // It comes from a replica that lags: event 5 would be lost.
    scene.build(0).end(4);
    scene.build(1).end(5);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(5)]);
    scene.publish(6, 7);
    assert_eq!(reader.all(), [Event(6, 7, 6)]);
    assert_eq!(scene.stats().retried, 1);
}

#[test]
fn snapshot_that_stays_behind_is_an_error_after_three_attempts() {
    let mut scene = Scene::by_hand();
    scene.publish(5, 7);
    let mut reader = scene.follow(7);
    for number in 0..3 {
        scene.build(number).end(number as u64);
    }
    scene.runtime.run();
    let error = FeedError::SnapshotBehind {
        snapshot: Sequence::new(2),
        gone: Sequence::new(5),
    };
    assert_eq!(reader.end(), error);
    assert_eq!(scene.source.begun(), 3);
    assert_eq!(scene.stats().failed, 1);
}

#[test]
fn pieces_of_an_attempt_that_was_behind_are_called_off() {
    let mut scene = Scene::by_hand();
    scene.publish(5, 7);
    let mut early = scene.follow(7);
    let mut late = scene.follow(7);
    let first = scene.build(0);
    first.write([(7, 1), (8, 1)]);
    scene.runtime.run();
    assert_eq!(early.all(), [Piece(7, 1), Piece(8, 1)]);
    first.end(4);
    let second = scene.build(1);
    second.write([(7, 5)]);
    second.end(5);
    scene.runtime.run();
    assert_eq!(early.all(), [New, Piece(7, 5), End(5)]);
    // Who reads only now reads what was called off as well, and that it was.
    assert_eq!(
        late.all(),
        [Piece(7, 1), Piece(8, 1), New, Piece(7, 5), End(5)]
    );
}

#[test]
fn pieces_are_called_off_even_by_an_empty_snapshot() {
    let mut scene = Scene::by_hand();
    scene.publish(5, 7);
    let mut reader = scene.follow(7);
    let first = scene.build(0);
    first.write([(7, 1)]);
    first.end(4);
    scene.build(1).end(5);
    scene.runtime.run();
    assert_eq!(reader.all(), [Piece(7, 1), New, End(5)]);
}

#[test]
fn subscriber_that_comes_during_the_second_attempt_reads_nothing_of_the_first() {
    let mut scene = Scene::by_hand();
    scene.publish(5, 7);
    let mut early = scene.follow(7);
    let first = scene.build(0);
    first.write([(7, 1)]);
    first.end(4);
    let second = scene.build(1);
    second.write([(7, 5)]);
    scene.runtime.run();
    let mut late = scene.follow(7);
    second.end(5);
    scene.runtime.run();
    assert_eq!(late.all(), [Piece(7, 5), End(5)]);
    assert_eq!(early.all(), [Piece(7, 1), New, Piece(7, 5), End(5)]);
    assert_eq!(scene.source.begun(), 2);
}

#[test]
fn stale_subscriber_is_told_of_a_new_snapshot_once_where_no_piece_was_called_off() {
    let mut scene = Scene::by_hand();
    let other = Scene::new().caught_up(7).cursor();
    scene.publish(5, 7);
    let mut reader = scene.resume(7, other);
    scene.build(0).end(4);
    scene.build(1).end(5);
    scene.runtime.run();
    assert_eq!(reader.all(), [New, End(5)]);
}

#[test]
fn forgotten_key_is_as_new_as_the_newest_that_was_forgotten() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| hub.remembered_keys(1);
    let mut scene = Scene::with(Source::by_hand(), settings);
    scene.publish(5, 7);
    scene.publish(6, 8);
    let mut reader = scene.follow(7);
    scene.build(0).end(4);
    scene.build(1).end(5);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(5)]);
    assert_eq!(scene.stats().retried, 1);
}

#[test]
fn snapshot_may_be_older_than_its_build_while_the_window_has_the_events() {
    let settings =
        |hub: forebay_events::HubBuilder<_, _, _>| hub.retention(Retention::window(1_000));
    let mut scene = Scene::with(Source::by_hand(), settings);
    let mut first = scene.follow(7);
    scene.build(0).end(0);
    scene.runtime.run();
    first.all();
    for sequence in 1..=100 {
        scene.publish(sequence, 7);
    }
    let mut second = scene.follow(7);
    scene.build(1).end(40);
    scene.runtime.run();
    assert_eq!(second.try_next(), Ok(Some(End(40))));
    assert_eq!(second.events(), (41..=100).collect::<Vec<_>>());
}

#[test]
fn snapshot_whose_events_were_cut_off_while_it_was_built_is_built_again() {
    let settings =
        |hub: forebay_events::HubBuilder<_, _, _>| hub.retention(Retention::readers_up_to(100));
    let mut scene = Scene::with(Source::by_hand(), settings);
    let mut reader = scene.follow(7);
    let first = scene.build(0);
    for sequence in 1..=10_000 {
        scene.publish(sequence, 7);
    }
    first.end(10);
    scene.build(1).end(10_000);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(10_000)]);
    assert_eq!(scene.stats().retried, 1);
}

#[test]
fn snapshot_behind_is_noticed_although_more_is_published_until_it_ends() {
    let mut scene = Scene::by_hand();
    scene.publish(5, 7);
    let mut reader = scene.follow(7);
    let first = scene.build(0);
    scene.publish(6, 7);
    first.end(4);
    scene.build(1).end(5);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(5), Event(6, 7, 6)]);
}
