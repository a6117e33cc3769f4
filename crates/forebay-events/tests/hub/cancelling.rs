//! A build that nobody waits for any more is dropped, unless its snapshot is to be kept.

use std::time::Duration;

use crate::scene::Scene;
use crate::scene::Seen::{End, Piece};
use crate::source::Source;

#[test]
fn build_is_cancelled_when_its_last_subscriber_leaves() {
    let scene = Scene::by_hand();
    let (first, second) = (scene.follow(7), scene.follow(7));
    let build = scene.build(0);
    drop(first);
    scene.runtime.run();
    assert!(!build.is_dropped());
    drop(second);
    scene.runtime.run();
    assert!(build.is_dropped());
    assert_eq!(scene.runtime.tasks(), 0);
    assert_eq!(scene.stats().cancelled, 1);
    assert_eq!(scene.stats().logs, 0);
}

#[test]
fn build_is_cancelled_although_others_follow_its_key() {
    let scene = Scene::by_hand();
    let mut old = scene.follow(7);
    scene.build(0).end(0);
    scene.runtime.run();
    assert_eq!(old.all(), [End(0)]);
    let reader = scene.follow(7);
    let build = scene.build(1);
    drop(reader);
    scene.runtime.run();
    assert!(build.is_dropped());
    assert_eq!(scene.stats().feeds, 1);
}

#[test]
fn subscriber_that_comes_after_a_cancelled_build_has_one_of_its_own() {
    let scene = Scene::by_hand();
    drop(scene.follow(7));
    let mut reader = scene.follow(7);
    scene.runtime.run();
    assert_eq!(
        scene.source.begun(),
        1,
        "the first was cancelled before it began"
    );
    scene.build(0).end(1);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(1)]);
}

#[test]
fn build_for_the_cache_goes_on_without_subscribers() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| hub.cache(Duration::from_secs(60));
    let scene = Scene::with(Source::by_hand(), settings);
    drop(scene.follow(7));
    let build = scene.build(0);
    assert!(!build.is_dropped());
    build.write([(7, 1)]);
    build.end(1);
    let mut reader = scene.follow(7);
    scene.runtime.run();
    assert_eq!(reader.all(), [Piece(7, 1), End(1)]);
    assert_eq!(scene.source.begun(), 1);
}

#[test]
fn build_for_the_cache_that_nobody_waits_for_keeps_so_many_events_and_no_more() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| hub.cache(Duration::from_secs(60));
    let mut scene = Scene::with(Source::by_hand(), settings);
    drop(scene.follow(7));
    let build = scene.build(0);
    for sequence in 1..=4_096 {
        scene.publish(sequence, 7);
    }
    scene.runtime.run();
    assert!(!build.is_dropped());
    scene.publish(4_097, 7);
    scene.runtime.run();
    assert!(build.is_dropped());
    assert_eq!(scene.stats().logs, 0);
}

#[test]
fn build_that_somebody_waits_for_again_keeps_what_it_needs() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| hub.cache(Duration::from_secs(60));
    let mut scene = Scene::with(Source::by_hand(), settings);
    drop(scene.follow(7));
    let build = scene.build(0);
    let mut reader = scene.follow(7);
    for sequence in 1..=5_000 {
        scene.publish(sequence, 7);
    }
    build.end(0);
    scene.runtime.run();
    assert_eq!(reader.try_next(), Ok(Some(End(0))));
    assert_eq!(reader.events(), (1..=5_000).collect::<Vec<_>>());
}

#[test]
fn dropping_a_future_of_next_loses_no_frame() {
    let mut scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    reader.waits();
    let build = scene.build(0);
    build.write([(7, 1)]);
    build.end(1);
    scene.runtime.run();
    scene.publish(2, 7);
    drop(reader.feed.next());
    assert_eq!(reader.all().len(), 3);
}

#[test]
fn build_that_nobody_reads_keeps_so_many_events_although_others_follow_the_key() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| hub.cache(Duration::from_secs(60));
    let mut scene = Scene::with(Source::by_hand(), settings);
    let mut follower = scene.follow(7);
    scene.build(0).end(0);
    scene.runtime.run();
    assert_eq!(follower.all(), [End(0)]);
    // What is kept is given up with the second event after it.
    scene.publish(1, 7);
    scene.publish(2, 7);
    drop(scene.follow(7));
    let build = scene.build(1);
    let cursor = follower.cursor();
    for sequence in 3..=5_000 {
        scene.publish(sequence, 7);
        follower.all();
        // Who resumes does not wait for it either.
        drop(scene.resume(7, cursor));
    }
    scene.runtime.run();
    assert!(build.is_dropped());
    assert_eq!(scene.stats().cancelled, 1);
}
