//! A build that fails, panics, takes too long or is lost is told to those who waited for it, and to
//! nobody else.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use forebay_core::LoadError;
use forebay_events::FeedError;
use forebay_testkit::Gone;

use crate::scene::Scene;
use crate::scene::Seen::{End, Event, Piece};
use crate::source::{Broken, Source};

#[test]
fn failed_build_reaches_its_subscribers_only_and_is_not_kept() {
    let settings = |hub: forebay_events::HubBuilder<_, _, _>| hub.cache(Duration::from_secs(60));
    for cached in [false, true] {
        let scene = if cached {
            Scene::with(Source::by_hand(), settings)
        } else {
            Scene::by_hand()
        };
        let mut readers = [scene.follow(7), scene.follow(7)];
        let build = scene.build(0);
        build.write([(7, 1)]);
        build.fail("disk");
        scene.runtime.run();
        let mut later = scene.follow(7);
        for reader in &mut readers {
            assert_eq!(reader.try_next(), Ok(Some(Piece(7, 1))));
            let error = FeedError::Snapshot(LoadError::from(Broken("disk")));
            assert_eq!(reader.end(), error);
        }
        scene.build(1).end(3);
        scene.runtime.run();
        assert_eq!(later.all(), [End(3)]);
        assert_eq!(scene.stats().failed, 1);
    }
}

#[test]
fn failure_is_shared_and_downcasts_to_the_error_of_the_source() {
    let scene = Scene::by_hand();
    let mut readers = [scene.follow(7), scene.follow(7)];
    scene.build(0).fail("disk");
    scene.runtime.run();
    let errors = readers.each_mut().map(|reader| reader.end());
    let source = errors[0].source().unwrap();
    assert_eq!(source.downcast_ref::<Broken>(), Some(&Broken("disk")));
    let [
        FeedError::Snapshot(LoadError::Backend(one)),
        FeedError::Snapshot(LoadError::Backend(other)),
    ] = &errors
    else {
        panic!("{errors:?}");
    };
    assert!(Arc::ptr_eq(one, other));
}

#[test]
fn who_asks_again_at_once_does_not_get_the_same_failure() {
    let scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    reader.waits();
    scene.build(0).fail("disk");
    // As soon as it is woken; the task has more to do then, if it had done it in another order.
    while !reader.is_woken() {
        assert!(scene.runtime.step());
    }
    reader.end();
    let mut again = scene.follow(7);
    scene.build(1).end(1);
    scene.runtime.run();
    assert_eq!(again.all(), [End(1)]);
}

#[test]
fn panic_of_the_source_is_a_failure_with_its_message() {
    let scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    scene.build(0).panic("out of cheese");
    scene.runtime.run();
    let error = FeedError::Snapshot(LoadError::Panicked(Arc::from("out of cheese")));
    assert_eq!(reader.end(), error);
    assert_eq!(scene.stats().failed, 1);
}

#[test]
fn feed_that_had_its_snapshot_does_not_notice_a_failed_build() {
    let mut scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    scene.build(0).end(0);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(0)]);
    let mut other = scene.follow(7);
    scene.build(1).fail("disk");
    scene.runtime.run();
    other.end();
    scene.publish(1, 7);
    assert_eq!(reader.all(), [Event(1, 7, 1)]);
}

#[test]
fn build_without_a_runtime_is_abandoned() {
    for end in Gone::ALL {
        let scene = Scene::by_hand();
        scene.runtime.shut_down(end);
        let mut reader = scene.follow(7);
        let error = FeedError::Snapshot(LoadError::Abandoned);
        assert_eq!(reader.end(), error, "{end:?}");
        assert_eq!(scene.stats().logs, 0);
    }
}

#[test]
fn build_that_is_lost_with_its_runtime_is_abandoned() {
    for end in Gone::ALL {
        let scene = Scene::by_hand();
        let mut reader = scene.follow(7);
        scene.build(0).write([(7, 1)]);
        scene.runtime.run();
        assert_eq!(reader.all(), [Piece(7, 1)]);
        reader.waits();
        scene.runtime.shut_down(end);
        assert!(reader.is_woken());
        assert_eq!(reader.end(), FeedError::Snapshot(LoadError::Abandoned));
    }
}

#[test]
fn build_that_takes_too_long_fails_and_is_dropped() {
    let settings =
        |hub: forebay_events::HubBuilder<_, _, _>| hub.snapshot_timeout(Duration::from_secs(3));
    let scene = Scene::with(Source::by_hand(), settings);
    let mut reader = scene.follow(7);
    let build = scene.build(0);
    reader.waits();
    scene.runtime.advance(Duration::from_millis(2_999));
    reader.waits();
    scene.runtime.advance(Duration::from_millis(1));
    assert!(reader.is_woken());
    assert_eq!(reader.end(), FeedError::Snapshot(LoadError::TimedOut));
    assert!(build.is_dropped());
    assert_eq!(scene.runtime.tasks(), 0);
}

#[test]
fn each_attempt_has_the_whole_time() {
    let settings =
        |hub: forebay_events::HubBuilder<_, _, _>| hub.snapshot_timeout(Duration::from_secs(3));
    let mut scene = Scene::with(Source::by_hand(), settings);
    scene.publish(5, 7);
    let mut reader = scene.follow(7);
    let first = scene.build(0);
    scene.runtime.advance(Duration::from_secs(2));
    first.end(1);
    let second = scene.build(1);
    scene.runtime.advance(Duration::from_secs(2));
    second.end(5);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(5)]);
}
