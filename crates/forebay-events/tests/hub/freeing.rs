//! A key is there for as long as somebody follows it.

use std::sync::Arc;

use forebay_core::Sequence;
use forebay_events::{Hub, Reason, Request, Retention, SnapshotSource, SnapshotWriter, Subject};
use forebay_testkit::HandRuntime;

use crate::scene::{Scene, TOPIC};
use crate::source::Source;

#[test]
fn key_is_freed_with_its_last_subscriber() {
    let mut scene = Scene::new();
    let (first, second) = (scene.caught_up(7), scene.caught_up(7));
    scene.publish(1, 7);
    assert_eq!((scene.stats().logs, scene.stats().feeds), (1, 2));
    drop(first);
    assert_eq!((scene.stats().logs, scene.stats().feeds), (1, 1));
    drop(second);
    let stats = scene.stats();
    assert_eq!((stats.logs, stats.feeds, stats.remembered), (0, 0, 1));
    scene.publish(2, 7);
    assert_eq!(scene.stats().unfollowed, 1);
}

#[test]
fn whole_topic_has_a_log_while_somebody_follows_it() {
    let mut scene = Scene::new();
    let whole = scene.subscribe(Request::new(TOPIC));
    assert_eq!(scene.stats().logs, 1);
    drop(whole);
    assert_eq!(scene.stats().logs, 0);
    scene.publish(1, 7);
    assert_eq!(scene.stats().remembered, 1);
}

#[test]
fn so_many_keys_are_remembered_and_no_more() {
    let mut scene = Scene::with(Source::default(), |hub| hub.remembered_keys(100));
    for sequence in 1..=1_000 {
        scene.publish(sequence, sequence as u32);
    }
    assert_eq!(scene.stats().remembered, 100);
    for key in 2_000..3_000 {
        drop(scene.follow(key));
    }
    assert_eq!(scene.stats().remembered, 100);
}

#[test]
fn idle_keys_get_what_is_published_and_keep_no_more_than_their_window() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| {
        hub.retention(Retention::window(10)).idle_keys(5)
    };
    let mut scene = Scene::with(Source::default(), settings);
    let reader = scene.caught_up(7);
    let cursor = reader.cursor();
    drop(reader);
    for sequence in 1..=10_000 {
        scene.publish(sequence, 7);
    }
    assert_eq!(scene.stats().logs, 1);
    let mut again = scene.resume(7, cursor);
    scene.runtime.run();
    assert_eq!(again.all()[0], crate::scene::Seen::New);
}

#[test]
fn stats_count_what_happened() {
    let mut scene = Scene::new();
    let reader = scene.caught_up(7);
    scene.publish_all(1, [7, 8]);
    let again = scene.resume(7, reader.cursor());
    let stale = scene.resume(8, reader.cursor());
    let stats = scene.stats();
    assert_eq!((stats.published, stats.unfollowed), (2, 1));
    assert_eq!((stats.resumed, stats.stale), (1, 1));
    assert_eq!((stats.snapshots, stats.shared, stats.reused), (2, 0, 0));
    assert_eq!((stats.topics, stats.logs, stats.feeds), (1, 2, 3));
    drop((again, stale));
}

#[test]
fn feed_that_has_read_its_snapshot_keeps_neither_it_nor_what_came_after_it() {
    struct One(Arc<u32>);
    impl SnapshotSource<u32, Arc<u32>> for One {
        type Error = std::convert::Infallible;
        async fn snapshot(
            &self,
            _: &Subject<u32>,
            out: &mut SnapshotWriter<Arc<u32>>,
        ) -> Result<Sequence, Self::Error> {
            out.push(Arc::clone(&self.0)).await;
            Ok(Sequence::ZERO)
        }
    }
    let piece = Arc::new(0);
    let runtime = HandRuntime::default();
    let builder = Hub::builder(One(Arc::clone(&piece))).runtime(runtime.clone());
    let mut publisher = builder.build().unwrap();
    let mut feed = publisher
        .hub()
        .subscribe(Request::new(TOPIC).key(7))
        .unwrap();
    runtime.run();
    while let Ok(Some(_)) = feed.try_next() {}
    // The test has one, and the source the other.
    assert_eq!(Arc::strong_count(&piece), 2);
    let event = Arc::new(1);
    for sequence in 1..=2_000 {
        let event = Arc::clone(&event);
        let published = publisher.publish_one(sequence, &TOPIC.into(), 7, event);
        published.unwrap();
        assert!(feed.try_next().unwrap().is_some());
    }
    // At most a segment, which it stands in.
    assert!(Arc::strong_count(&event) <= 1 + 512);
}

/// It kept what it had not read for as long as its owner kept it.
#[test]
fn feed_that_has_said_that_it_was_closed_keeps_a_segment_at_most() {
    struct Nothing;
    impl SnapshotSource<u32, Arc<u32>> for Nothing {
        type Error = std::convert::Infallible;
        async fn snapshot(
            &self,
            _: &Subject<u32>,
            _: &mut SnapshotWriter<Arc<u32>>,
        ) -> Result<Sequence, Self::Error> {
            Ok(Sequence::ZERO)
        }
    }
    let runtime = HandRuntime::default();
    let builder = Hub::builder(Nothing).runtime(runtime.clone());
    let mut publisher = builder.build().unwrap();
    let request = Request::new(TOPIC).key(7);
    let mut feed = publisher.hub().subscribe(request).unwrap();
    runtime.run();
    while let Ok(Some(_)) = feed.try_next() {}
    let event = Arc::new(1);
    for sequence in 1..=2_000 {
        let event = Arc::clone(&event);
        let published = publisher.publish_one(sequence, &TOPIC.into(), 7, event);
        published.unwrap();
    }
    assert_eq!(Arc::strong_count(&event), 1 + 2_000);
    let cursor = feed.cursor();
    assert!(feed.closer().close(Reason::Revoked));
    assert!(feed.try_next().is_err());
    runtime.run();
    // The newest, which belongs to the log.
    assert!(Arc::strong_count(&event) <= 1 + 512);
    assert_eq!(feed.cursor(), cursor);
    assert!(feed.try_next().is_err());
}
