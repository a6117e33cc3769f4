//! A snapshot may be kept for those who come later.

use std::time::Duration;

use forebay_events::{HubBuilder, Retention};
use forebay_testkit::Gone;

use crate::scene::Scene;
use crate::scene::Seen::{End, Event, New, Piece};
use crate::source::{Broken, Source};

const TTL: Duration = Duration::from_secs(10);

fn cached() -> Scene {
    Scene::with(Source::by_hand(), |hub| hub.cache(TTL))
}

/// Has a snapshot with this many pieces built, which shows the state at this sequence.
fn build(scene: &Scene, number: usize, pieces: u64, sequence: u64) {
    let reader = scene.follow(7);
    let build = scene.build(number);
    build.write_all((0..pieces).map(|n| (7, n)));
    build.end(sequence);
    scene.runtime.run();
    drop(reader);
}

#[test]
fn snapshot_that_is_kept_serves_until_its_time_is_over() {
    let scene = cached();
    build(&scene, 0, 1, 5);
    scene.runtime.pass(TTL - Duration::from_nanos(1));
    let mut reader = scene.follow(7);
    assert_eq!(reader.all(), [Piece(7, 0), End(5)]);
    scene.runtime.pass(Duration::from_nanos(1));
    let late = scene.follow(7);
    scene.runtime.run();
    assert_eq!(scene.source.begun(), 2);
    assert_eq!(scene.stats().reused, 1);
    drop(late);
}

#[test]
fn events_after_a_snapshot_that_is_kept_are_replayed() {
    let mut scene = cached();
    build(&scene, 0, 3, 5);
    scene.publish(6, 7);
    scene.publish(7, 7);
    let mut reader = scene.follow(7);
    let seen = reader.all();
    assert_eq!(seen[3..], [End(5), Event(6, 7, 6), Event(7, 7, 7)]);
    scene.publish(8, 7);
    assert_eq!(reader.events(), [8]);
}

#[test]
fn stale_subscriber_gets_a_snapshot_that_is_kept_with_framing_of_its_own() {
    let scene = cached();
    let other = Scene::new().caught_up(7).cursor();
    let mut first = scene.resume(7, other);
    scene.build(0).end(5);
    scene.runtime.run();
    assert_eq!(first.all(), [New, End(5)]);
    // What the first one was told is not part of what is kept.
    assert_eq!(scene.follow(7).all(), [End(5)]);
    assert_eq!(scene.resume(7, other).all(), [New, End(5)]);
    assert_eq!(scene.source.begun(), 1);
}

#[test]
fn an_old_timer_never_evicts_a_newer_snapshot() {
    let mut scene = cached();
    build(&scene, 0, 1, 1);
    // It keeps the line, and has yet to read the first snapshot.
    let old = scene.follow(7);
    scene.runtime.advance(TTL / 2);
    // Two events are more than its one piece, so it is given up, and another one is built.
    scene.publish(2, 7);
    scene.publish(3, 7);
    build(&scene, 1, 1, 3);
    // Now the timer of the first one rings.
    scene.runtime.advance(TTL / 2);
    assert_eq!(scene.follow(7).all(), [Piece(7, 0), End(3)]);
    assert_eq!(scene.source.begun(), 2);
    drop(old);
    scene.runtime.advance(TTL / 2);
    assert_eq!(scene.stats().logs, 0);
}

#[test]
fn snapshot_whose_replay_is_longer_than_itself_is_built_anew() {
    let mut scene = cached();
    let follower = scene.follow(7);
    build(&scene, 0, 2, 0);
    scene.publish(1, 7);
    scene.publish(2, 7);
    assert_eq!(scene.follow(7).all().len(), 2 + 1 + 2);
    scene.publish(3, 7);
    let mut reader = scene.follow(7);
    scene.build(1).end(3);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(3)]);
    drop(follower);
}

#[test]
fn snapshot_that_is_kept_keeps_no_more_events_than_it_has_pieces() {
    let mut scene = cached();
    build(&scene, 0, 100, 0);
    for sequence in 1..=100 {
        scene.publish(sequence, 7);
    }
    assert_eq!(scene.stats().logs, 1);
    scene.publish(101, 7);
    // Nobody follows the key, so it was freed with the snapshot.
    assert_eq!(scene.stats().logs, 0);
}

#[test]
fn key_is_freed_when_the_time_of_its_snapshot_is_over() {
    let scene = cached();
    build(&scene, 0, 1, 1);
    assert_eq!(scene.stats().logs, 1);
    scene.runtime.advance(TTL - Duration::from_millis(1));
    assert_eq!(scene.stats().logs, 1);
    scene.runtime.advance(Duration::from_millis(1));
    assert_eq!(scene.stats().logs, 0);
}

#[test]
fn snapshots_are_given_up_one_by_one_as_their_time_comes() {
    let scene = cached();
    let second = Duration::from_secs(1);
    for key in 0..3 {
        let reader = scene.follow(key);
        scene.build(key as usize).end(1);
        scene.runtime.run();
        drop(reader);
        scene.runtime.advance(second);
    }
    scene.runtime.advance(TTL - second * 3);
    assert_eq!(scene.stats().logs, 2);
    scene.runtime.advance(second);
    assert_eq!(scene.stats().logs, 1);
    scene.runtime.advance(second);
    assert_eq!(scene.stats().logs, 0);
}

#[test]
fn without_time_to_live_nothing_is_kept() {
    let settings = |hub: HubBuilder<u32, _, Broken>| hub.cache(Duration::ZERO);
    let scene = Scene::with(Source::by_hand(), settings);
    build(&scene, 0, 1, 1);
    assert_eq!(scene.stats().logs, 0);
    drop(scene.follow(7));
    scene.runtime.run();
    assert_eq!(scene.stats().reused, 0);
}

#[test]
fn snapshot_that_is_kept_is_given_up_before_its_events_are_cut_off() {
    let settings =
        |hub: HubBuilder<_, _, _>| hub.cache(TTL).retention(Retention::readers_up_to(50));
    let mut scene = Scene::with(Source::by_hand(), settings);
    let mut follower = scene.follow(7);
    build(&scene, 0, 10_000, 0);
    follower.all();
    for sequence in 1..=1_000 {
        scene.publish(sequence, 7);
        follower.all();
    }
    let mut reader = scene.follow(7);
    scene.build(1).end(1_000);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(1_000)]);
}

#[test]
fn stale_cursor_after_the_snapshot_that_is_kept_is_gone_on_from() {
    let mut scene = cached();
    build(&scene, 0, 10, 0);
    let mut reader = scene.follow(7);
    scene.publish(1, 7);
    scene.publish(2, 7);
    reader.all();
    assert_eq!(reader.at(), 2);
    let cursor = reader.cursor();
    drop(reader);
    for sequence in 3..=5 {
        scene.publish(sequence, 7);
    }
    // The log itself keeps nothing for those who come back, but the snapshot does: without it the
    // view would go back to 0.
    assert_eq!(scene.resume(7, cursor).events(), [3, 4, 5]);
}

#[test]
fn snapshots_are_given_up_with_the_runtime_that_has_the_time() {
    for end in Gone::ALL {
        let scene = cached();
        build(&scene, 0, 1, 1);
        assert_eq!(scene.stats().logs, 1);
        scene.runtime.shut_down(end);
        assert_eq!(scene.stats().logs, 0, "{end:?}");
    }
}

#[test]
fn events_that_a_snapshot_shows_are_no_part_of_its_replay() {
    let mut scene = cached();
    let mut reader = scene.follow(7);
    let build = scene.build(0);
    for sequence in 1..=10 {
        scene.publish(sequence, 7);
    }
    build.write_all((1..=6).map(|n| (n, n.into())));
    // In the middle of what lies side by side in memory.
    build.end(6);
    scene.runtime.run();
    scene.publish(11, 7);
    assert_eq!(reader.all().len(), 6 + 1 + 5);
    assert_eq!(scene.follow(7).all().len(), 6 + 1 + 5);
    assert_eq!(scene.source.begun(), 1);
}

#[test]
fn cursor_from_before_the_snapshot_that_is_kept_is_stale() {
    let mut scene = cached();
    let mut reader = scene.follow(7);
    scene.build(0).end(0);
    scene.runtime.run();
    reader.all();
    let old = reader.cursor();
    for sequence in 1..=2_000 {
        scene.publish(sequence, 7);
        assert_eq!(reader.events(), [sequence]);
    }
    build(&scene, 1, 1, 2_000);
    assert_eq!(scene.resume(7, old).all(), [New, Piece(7, 0), End(2_000)]);
    assert_eq!(scene.source.begun(), 2);
}
