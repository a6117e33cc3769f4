//! A cursor is gone on from strictly after it, or the subscriber is told that it is stale.

use forebay_core::{Cursor, Sequence};
use forebay_events::{Request, Retention};

use crate::scene::Scene;
use crate::scene::Seen::{End, Event, New, Piece};
use crate::scene::TOPIC;
use crate::source::Source;

fn at(cursor: Cursor, sequence: u64) -> Cursor {
    Cursor::new(cursor.log(), Sequence::new(sequence))
}

#[test]
fn resume_at_the_newest_event_goes_on_without_a_snapshot() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    scene.publish(1, 7);
    reader.all();
    let mut again = scene.resume(7, reader.cursor());
    assert_eq!(again.cursor(), reader.cursor());
    assert_eq!(again.all(), []);
    scene.publish(2, 7);
    assert_eq!(again.all(), [Event(2, 7, 2)]);
    assert_eq!(scene.source.begun(), 1);
}

#[test]
fn resume_anywhere_in_the_window_gets_exactly_what_comes_after() {
    let window = Retention::window(1_000);
    let mut scene = Scene::with(Source::default(), |hub| hub.retention(window));
    let reader = scene.caught_up(7);
    for sequence in 1..=1_000 {
        scene.publish(sequence * 10, 7);
    }
    for known in (0..=10_000).step_by(5) {
        let mut again = scene.resume(7, at(reader.cursor(), known));
        let expected = (1..=1_000).map(|n| n * 10).filter(|n| *n > known);
        assert_eq!(
            again.events(),
            expected.collect::<Vec<_>>(),
            "after {known}"
        );
    }
    assert_eq!(scene.source.begun(), 1);
}

#[test]
fn resume_before_the_window_is_told_so_and_gets_a_snapshot() {
    let window = Retention::window(10);
    let mut scene = Scene::with(Source::default(), |hub| hub.retention(window));
    let mut reader = scene.caught_up(7);
    let old = reader.cursor();
    for sequence in 1..=5_000 {
        scene.publish(sequence, 7);
        reader.all();
    }
    let mut again = scene.resume(7, old);
    assert_eq!(again.feed.cursor(), None);
    scene.runtime.run();
    assert_eq!(again.all(), [New, Piece(7, 5_000), End(5_000)]);
    assert_eq!(scene.stats().stale, 1);
}

#[test]
fn cursor_of_another_hub_is_stale() {
    let other = Scene::new().caught_up(7).cursor();
    let scene = Scene::new();
    let _line = scene.caught_up(7);
    let mut reader = scene.resume(7, other);
    scene.runtime.run();
    assert_eq!(reader.all(), [New, End(0)]);
}

#[test]
fn cursor_of_another_key_or_of_the_whole_topic_is_stale() {
    let mut scene = Scene::new();
    let mut whole = scene.subscribe(Request::new(TOPIC));
    let (seven, eight) = (scene.caught_up(7), scene.caught_up(8));
    scene.runtime.run();
    whole.all();
    scene.publish(1, 8);
    let stale = |request: Request<u32>, cursor| {
        let mut reader = scene.subscribe(request.resume(cursor));
        scene.runtime.run();
        reader.all().first() == Some(&New)
    };
    assert!(stale(Scene::request(8), seven.cursor()));
    assert!(stale(Scene::request(8), whole.cursor()));
    assert!(stale(Request::new(TOPIC), seven.cursor()));
    assert!(stale(Request::new("others").key(7), seven.cursor()));
    assert!(!stale(Scene::request(7), seven.cursor()));
    assert!(!stale(Scene::request(8), eight.cursor()));
    assert!(!stale(Request::new(TOPIC), whole.cursor()));
}

#[test]
fn cursor_ahead_of_what_was_published_is_stale() {
    let mut scene = Scene::new();
    let reader = scene.caught_up(7);
    scene.publish(5, 8);
    let mut ahead = scene.resume(7, at(reader.cursor(), 6));
    scene.runtime.run();
    assert_eq!(ahead.all(), [New, End(5)]);
}

#[test]
fn cursor_ahead_of_its_key_but_not_of_the_hub_goes_on_and_repeats_nothing() {
    let mut scene = Scene::new();
    scene.publish(5, 8);
    // The store is at 5, so this is what a snapshot of the key shows.
    let reader = scene.caught_up(7);
    assert_eq!(reader.at(), 5);
    let mut again = scene.resume(7, reader.cursor());
    assert_eq!(again.at(), 5);
    scene.publish(6, 7);
    assert_eq!(again.all(), [Event(6, 7, 6)]);
    assert_eq!(scene.source.begun(), 1);
}

#[test]
fn key_that_nobody_follows_can_be_resumed_while_nothing_was_published_to_it() {
    let mut scene = Scene::new();
    scene.publish(1, 7);
    let reader = scene.caught_up(7);
    let cursor = reader.cursor();
    drop(reader);
    scene.publish(2, 8);
    let mut again = scene.resume(7, cursor);
    assert_eq!(again.all(), []);
    scene.publish(3, 7);
    assert_eq!(again.all(), [Event(3, 7, 3)]);
    assert_eq!(scene.source.begun(), 1);
}

#[test]
fn key_that_was_published_to_while_nobody_followed_it_needs_a_snapshot() {
    let mut scene = Scene::new();
    let reader = scene.caught_up(7);
    let cursor = reader.cursor();
    drop(reader);
    scene.publish(1, 7);
    let mut again = scene.resume(7, cursor);
    scene.runtime.run();
    assert_eq!(again.all(), [New, Piece(7, 1), End(1)]);
}

#[test]
fn forgotten_key_needs_a_snapshot_and_misses_nothing() {
    let mut scene = Scene::with(Source::default(), |hub| hub.remembered_keys(3));
    let reader = scene.caught_up(7);
    let before = reader.cursor();
    drop(reader);
    scene.publish(1, 7);
    for key in 10..13 {
        scene.publish(u64::from(key), key);
    }
    assert_eq!(scene.stats().remembered, 3);
    let mut again = scene.resume(7, before);
    scene.runtime.run();
    assert_eq!(again.all(), [New, Piece(7, 1), End(12)]);
}

#[test]
fn what_was_forgotten_costs_others_no_snapshot_that_were_published_to_later() {
    let mut scene = Scene::with(Source::default(), |hub| hub.remembered_keys(2));
    for key in 1..=5 {
        scene.publish(u64::from(key), key);
    }
    // 1 to 3 are forgotten, so a key that is not known was published to at 3 at the latest.
    let reader = scene.caught_up(9);
    let cursor = reader.cursor();
    drop(reader);
    let mut again = scene.resume(9, at(cursor, 3));
    assert_eq!(again.all(), []);
    assert_eq!(again.at(), 3);
    drop(again);
    let mut again = scene.resume(9, at(cursor, 2));
    scene.runtime.run();
    assert_eq!(again.all(), [New, End(5)]);
}

#[test]
fn key_published_to_again_is_remembered_longer_than_those_before_it() {
    let mut scene = Scene::with(Source::default(), |hub| hub.remembered_keys(2));
    let cursors = [1, 2, 9].map(|key| scene.caught_up(key).cursor());
    scene.publish(1, 1);
    scene.publish(2, 2);
    scene.publish(3, 1);
    scene.publish(4, 3);
    // 2 was forgotten, at sequence 2; 1 is known to be at 3.
    let mut one = scene.resume(1, at(cursors[0], 3));
    assert_eq!(one.all(), []);
    assert_eq!(one.at(), 3);
    let mut nine = scene.resume(9, at(cursors[2], 2));
    assert_eq!(nine.all(), []);
    assert_eq!(nine.at(), 2);
    let mut two = scene.resume(2, at(cursors[1], 1));
    scene.runtime.run();
    assert_eq!(two.all(), [New, Piece(2, 2), End(4)]);
}

#[test]
fn idle_key_keeps_its_window_for_those_who_come_back() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| {
        hub.retention(Retention::window(100)).idle_keys(1)
    };
    let mut scene = Scene::with(Source::default(), settings);
    let reader = scene.caught_up(7);
    let cursor = reader.cursor();
    drop(reader);
    scene.publish(1, 7);
    scene.publish(2, 7);
    let mut again = scene.resume(7, cursor);
    assert_eq!(again.events(), [1, 2]);
    assert_eq!(scene.source.begun(), 1);
}

#[test]
fn whole_topic_that_may_be_idle_keeps_its_window_too() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| {
        hub.retention(Retention::window(100)).idle_keys(1)
    };
    let mut scene = Scene::with(Source::default(), settings);
    let mut whole = scene.subscribe(Request::new(TOPIC));
    scene.runtime.run();
    whole.all();
    let cursor = whole.cursor();
    drop(whole);
    scene.publish(1, 7);
    let mut again = scene.subscribe(Request::new(TOPIC).resume(cursor));
    assert_eq!(again.events(), [1]);
}

#[test]
fn only_so_many_keys_stay_idle_those_that_were_followed_last() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| {
        hub.retention(Retention::window(100)).idle_keys(2)
    };
    let mut scene = Scene::with(Source::default(), settings);
    let readers = [1, 2, 3].map(|key| scene.caught_up(key));
    let cursors = readers.each_ref().map(|reader| reader.cursor());
    // 1 comes back after it was idle, so 2 is the one that was followed longest ago.
    let [one, two, three] = readers;
    drop(one);
    drop(two);
    let one = scene.resume(1, cursors[0]);
    drop(one);
    drop(three);
    assert_eq!(scene.stats().logs, 2);
    scene.publish_all(1, [1, 2, 3]);
    let mut begins = [1, 2, 3].map(|key| scene.resume(key, cursors[key as usize - 1]));
    scene.runtime.run();
    assert_eq!(begins[0].events(), [1]);
    assert_eq!(begins[1].all(), [New, Piece(2, 1), End(1)]);
    assert_eq!(begins[2].events(), [1]);
}

#[test]
fn resume_while_a_snapshot_is_built_uses_the_events_that_are_kept_for_it() {
    let mut scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    scene.build(0).end(0);
    scene.runtime.run();
    reader.all();
    let cursor = reader.cursor();
    // Somebody else waits for a snapshot, for which events are kept from here on.
    let waiting = scene.follow(7);
    scene.publish(1, 7);
    scene.publish(2, 7);
    reader.all();
    let mut again = scene.resume(7, cursor);
    assert_eq!(again.events(), [1, 2]);
    assert_eq!(scene.stats().snapshots, 2);
    drop(waiting);
}

#[test]
fn log_of_a_key_knows_what_it_does_not_have_from_before_it_was_opened() {
    let mut scene = Scene::new();
    let old = scene.caught_up(7).cursor();
    scene.publish(5, 7);
    let mut first = scene.caught_up(7);
    scene.publish(6, 7);
    assert_eq!(first.events(), [6]);
    let mut second = scene.resume(7, old);
    scene.runtime.run();
    assert_eq!(second.all(), [New, Piece(7, 6), End(6)]);
}

#[test]
fn key_that_was_left_before_its_build_has_ended_is_idle_once() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| {
        hub.retention(Retention::window(100)).idle_keys(1)
    };
    let scene = Scene::with(Source::default(), settings);
    drop(scene.follow(1));
    scene.runtime.run();
    let readers = [1, 2, 3].map(|key| scene.caught_up(key));
    drop(readers);
    assert_eq!(scene.stats().logs, 1);
}
