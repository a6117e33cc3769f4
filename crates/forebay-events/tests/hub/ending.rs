//! However the hub ends, feeds get what was published and are told; nobody waits for ever.

use std::error::Error;
use std::sync::Arc;

use forebay_events::{FeedError, Reason, Request, SubscribeError};

use crate::scene::Seen::{End, Event};
use crate::scene::{Scene, TOPIC};
use crate::source::Broken;

#[test]
fn closed_hub_delivers_everything_first() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    let mut waiting = scene.caught_up(8);
    waiting.waits();
    scene.publish(1, 7);
    scene.publish(2, 7);
    scene.publisher.close();
    assert_eq!(reader.events(), [1, 2]);
    assert_eq!(reader.end(), FeedError::Closed);
    assert!(waiting.is_woken());
    assert_eq!(waiting.end(), FeedError::Closed);
}

#[test]
fn failed_hub_delivers_everything_first_and_then_the_error() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    scene.publish(1, 7);
    scene.publisher.fail(Broken("disk"));
    assert_eq!(reader.events(), [1]);
    let error = reader.end();
    assert_eq!(error, FeedError::Failed(Arc::new(Broken("disk"))));
    let source = error.source().unwrap();
    assert_eq!(source.downcast_ref(), Some(&Broken("disk")));
}

#[test]
fn dropped_publisher_is_lost_and_not_closed() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    scene.publish(1, 7);
    drop(scene.publisher);
    assert_eq!(reader.events(), [1]);
    assert_eq!(reader.end(), FeedError::PublisherLost);
}

#[test]
fn end_of_the_hub_comes_after_the_snapshot_and_what_was_published_since() {
    let mut scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    let build = scene.build(0);
    scene.publish(1, 7);
    scene.publish(2, 7);
    scene.publisher.close();
    reader.waits();
    build.end(1);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(1), Event(2, 7, 2)]);
    assert_eq!(reader.end(), FeedError::Closed);
}

#[test]
fn subscriber_of_an_ended_hub_is_told_how_it_ended() {
    let scene = Scene::new();
    let known = scene.caught_up(7);
    let error = |scene: &Scene, topic| {
        let request = Request::new(topic).key(7);
        scene.hub.subscribe(request).unwrap_err()
    };
    scene.hub.shutdown();
    for topic in [TOPIC, "never seen"] {
        assert_eq!(error(&scene, topic), SubscribeError::ShuttingDown);
    }
    drop(known);

    let Scene { publisher, hub, .. } = Scene::new();
    publisher.close();
    let request = || Scene::request(7);
    assert_eq!(
        hub.subscribe(request()).unwrap_err(),
        SubscribeError::Closed
    );

    let Scene { publisher, hub, .. } = Scene::new();
    drop(publisher);
    let error = hub.subscribe(request()).unwrap_err();
    assert_eq!(error, SubscribeError::PublisherLost);

    let Scene { publisher, hub, .. } = Scene::new();
    publisher.fail(Broken("disk"));
    let error = hub.subscribe(request()).unwrap_err();
    assert_eq!(error, SubscribeError::Failed(Arc::new(Broken("disk"))));
    let source = error.source().unwrap();
    assert_eq!(source.downcast_ref(), Some(&Broken("disk")));
}

#[test]
fn shutdown_wins_over_events_that_are_ready() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    let mut waiting = scene.caught_up(8);
    waiting.waits();
    scene.publish(1, 7);
    scene.hub.shutdown();
    let error = FeedError::ForceClosed(Reason::ShuttingDown);
    assert_eq!(reader.end(), error);
    assert!(waiting.is_woken());
    assert_eq!(waiting.end(), error);
    scene.publish(2, 7);
    assert_eq!(reader.end(), error);
}

#[test]
fn shutdown_reaches_those_who_wait_for_a_snapshot_and_drops_its_build() {
    let scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    let build = scene.build(0);
    reader.waits();
    scene.hub.shutdown();
    assert!(reader.is_woken());
    let error = FeedError::ForceClosed(Reason::ShuttingDown);
    assert_eq!(reader.end(), error);
    scene.runtime.run();
    assert!(build.is_dropped());
    assert_eq!(scene.runtime.tasks(), 0);
}

#[test]
fn shutdown_after_the_hub_was_closed_still_ends_its_feeds_at_once() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    scene.publish(1, 7);
    scene.publisher.close();
    scene.hub.shutdown();
    let error = FeedError::ForceClosed(Reason::ShuttingDown);
    assert_eq!(reader.end(), error);
}

#[test]
fn feed_that_has_ended_keeps_nothing_in_the_hub_and_knows_its_cursor() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    scene.publish(1, 7);
    reader.all();
    scene.hub.shutdown();
    let cursor = reader.cursor();
    reader.end();
    assert_eq!(scene.stats().feeds, 0);
    assert_eq!(reader.feed.cursor(), Some(cursor));
    assert_eq!(reader.feed.lag(), 0);
}

#[test]
fn feed_outlives_the_handles_of_its_hub() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    drop(scene.hub.clone());
    scene.publish(1, 7);
    let Scene { publisher, hub, .. } = scene;
    drop(hub);
    publisher.close();
    assert_eq!(reader.events(), [1]);
    assert_eq!(reader.end(), FeedError::Closed);
}
