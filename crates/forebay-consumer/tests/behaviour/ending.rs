//! How it ends by itself: the log is closed, and everything in it was applied.

use std::time::Duration;

use forebay_consumer::{End, FollowError};

use crate::harness::scene::Scene;
use crate::harness::script::{Event, at, items};

#[test]
fn the_end_of_a_log_is_committed() {
    let plan = vec![items(1..=3), Event::Closed];
    let summary = Scene::new([plan]).start().end().unwrap();
    assert_eq!(summary.end, End::Closed);
    assert_eq!(summary.committed, Some(at(1, 3)));
    assert_eq!(summary.reached, summary.committed);
    assert_eq!((summary.applied, summary.uncommitted), (3, 0));
}

#[test]
fn a_log_may_say_by_its_error_that_it_is_closed() {
    let closed = Event::Fails(FollowError::Closed);
    let summary = Scene::new([vec![items(1..=3), closed]]).start().end();
    assert_eq!(summary.unwrap().end, End::Closed);

    let scene = Scene::new([]);
    scene.log.plan(Err(FollowError::Closed));
    let summary = scene.start().end().unwrap();
    assert_eq!((summary.end, summary.committed), (End::Closed, None));
}

#[test]
fn a_store_that_does_not_answer_does_not_keep_the_end_back_for_ever() {
    let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
    let mut running = scene.start();
    scene.store.hold();
    scene.log.push(Event::Closed);
    running.run();
    assert!(!running.has_ended());
    running.advance(Duration::from_secs(10));
    assert_eq!(running.end().unwrap().end, End::TimedOut);
}
