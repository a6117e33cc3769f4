//! After a refresh everybody begins anew.

use forebay_events::{FeedError, Reason, Request, Topic};

use crate::scene::Seen::{End, Event, New, Piece};
use crate::scene::{Scene, TOPIC};
use crate::source::Source;

fn refreshed() -> FeedError<crate::source::Broken> {
    FeedError::ForceClosed(Reason::Refreshed)
}

#[test]
fn refresh_ends_all_feeds_of_the_topic_at_once_and_no_others() {
    let mut scene = Scene::new();
    let mut readers = [scene.caught_up(7), scene.caught_up(8)];
    let mut whole = scene.subscribe(Request::new(TOPIC));
    let mut other = scene.subscribe(Request::new("others").key(7));
    scene.runtime.run();
    whole.all();
    other.all();
    whole.waits();
    other.waits();
    readers[0].waits();
    scene.publish(1, 8);
    scene.hub.refresh(&Topic::from(TOPIC));
    assert!(readers[0].is_woken());
    assert!(!other.is_woken());
    assert_eq!(
        readers.each_mut().map(|it| it.end()),
        [refreshed(), refreshed()]
    );
    assert_eq!(whole.end(), refreshed());
    other.waits();
}

#[test]
fn cursors_from_before_a_refresh_are_stale() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    scene.publish(1, 7);
    reader.all();
    scene.hub.refresh(&Topic::from(TOPIC));
    let mut again = scene.resume(7, reader.cursor());
    scene.runtime.run();
    assert_eq!(again.all(), [New, Piece(7, 1), End(1)]);
    scene.publish(2, 7);
    assert_eq!(again.all(), [Event(2, 7, 2)]);
    let mut once_more = scene.resume(7, again.cursor());
    assert_eq!(once_more.all(), []);
}

#[test]
fn snapshot_from_before_a_refresh_is_not_given_any_more() {
    let settings =
        |hub: forebay_events::HubBuilder<_, _, _>| hub.cache(std::time::Duration::from_secs(60));
    let scene = Scene::with(Source::by_hand(), settings);
    drop(scene.follow(7));
    scene.build(0).end(1);
    scene.runtime.run();
    scene.hub.refresh(&Topic::from(TOPIC));
    let mut reader = scene.follow(7);
    scene.build(1).end(2);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(2)]);
}

#[test]
fn build_from_before_a_refresh_is_dropped_and_serves_nobody() {
    let scene = Scene::by_hand();
    let mut old = scene.follow(7);
    let build = scene.build(0);
    old.waits();
    scene.hub.refresh(&Topic::from(TOPIC));
    assert!(old.is_woken());
    assert_eq!(old.end(), refreshed());
    let mut new = scene.follow(7);
    build.write([(7, 1)]);
    build.end(1);
    scene.build(1).end(2);
    scene.runtime.run();
    assert!(build.is_dropped());
    assert_eq!(new.all(), [End(2)]);
}

#[test]
fn feed_of_before_does_not_free_what_came_after_a_refresh() {
    let mut scene = Scene::new();
    let old = scene.caught_up(7);
    scene.hub.refresh(&Topic::from(TOPIC));
    let mut new = scene.caught_up(7);
    drop(old);
    assert_eq!(scene.stats().feeds, 1);
    scene.publish(1, 7);
    assert_eq!(new.events(), [1]);
}

#[test]
fn refresh_does_not_forget_what_was_published_last() {
    let mut scene = Scene::by_hand();
    let reader = scene.follow(7);
    scene.build(0).end(0);
    scene.runtime.run();
    scene.publish(5, 7);
    scene.hub.refresh(&Topic::from(TOPIC));
    drop(reader);
    // A snapshot that lags does not show event 5, which is gone.
    let mut again = scene.follow(7);
    scene.build(1).end(4);
    scene.build(2).end(5);
    scene.runtime.run();
    assert_eq!(again.all(), [End(5)]);
}

#[test]
fn refresh_of_a_topic_that_is_not_known_does_nothing() {
    let scene = Scene::new();
    scene.hub.refresh(&Topic::from("never seen"));
    assert_eq!(scene.stats().topics, 0);
}
