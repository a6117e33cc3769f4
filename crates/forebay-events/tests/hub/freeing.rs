//! A key is there for as long as somebody follows it.

use forebay_events::{Request, Retention};

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
