//! Settings, and what they are refused for.

use std::sync::Arc;
use std::time::Duration;

use forebay_consumer::{Cause, ConfigError, Consumer};
use futures::FutureExt;

use crate::harness::scene::Scene;
use crate::harness::script::{Event, anew, at, items, parts, reached};
use crate::harness::worker::Done::{Anew, Applied, Flushed, Piece};
use crate::harness::worker::Go;

#[test]
fn zero_items_are_refused() {
    let scene = Scene::new([]);
    let refused = |builder: forebay_consumer::Builder<_, _, _>| builder.build().err();
    let zero = |setting| Some(ConfigError::Zero { setting });
    assert_eq!(
        refused(scene.builder().commit_every(0)),
        zero("commit_every")
    );
    assert_eq!(refused(scene.builder().batch_max(0)), zero("batch_max"));
    assert_eq!(
        refused(scene.builder().uncommitted_max(0)),
        zero("uncommitted_max")
    );
}

#[cfg(not(feature = "tokio"))]
#[test]
fn a_consumer_needs_a_clock() {
    let scene = Scene::new([]);
    let built = Consumer::builder(scene.log, scene.store, scene.worker).build();
    assert_eq!(built.err(), Some(ConfigError::RuntimeMissing));
}

#[cfg(feature = "tokio")]
#[test]
fn with_tokio_there_is_a_clock() {
    let scene = Scene::new([]);
    assert!(
        Consumer::builder(scene.log, scene.store, scene.worker)
            .build()
            .is_ok()
    );
}

#[test]
fn batches_are_as_large_as_the_smallest_of_three_limits() {
    for (batch_max, commit_every, takes) in [(2, 9, 9), (9, 2, 9), (9, 9, 2)] {
        let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
        scene.worker.takes(takes);
        let _running =
            scene.start_with(|builder| builder.batch_max(batch_max).commit_every(commit_every));
        let done = scene.worker.take_done();
        assert_eq!(done.first(), Some(&Applied(vec![1, 2])));
    }
}

#[test]
fn a_handler_that_takes_nothing_gets_one_at_a_time() {
    let scene = Scene::new([vec![items(1..=2)]]).storing(1, 0);
    scene.worker.takes(0);
    let _running = scene.start();
    assert_eq!(
        scene.worker.take_done(),
        [Applied(vec![1]), Applied(vec![2])]
    );
}

#[test]
fn a_handler_that_is_lent_and_a_log_that_is_shared_are_as_they_are() {
    let scene = Scene::new([vec![items(1..=3), Event::Closed]]);
    scene.log.set_head(9);
    let mut worker = scene.worker.clone();
    worker.takes(2);
    worker.applies([Go::FailsForGood]);
    let consumer = Consumer::builder(
        Arc::new(scene.log.clone()),
        scene.store.clone(),
        &mut worker,
    )
    .runtime(Arc::new(scene.clock))
    .build()
    .unwrap();
    assert_eq!(consumer.handle().stats().lag(), Some(9));
    let error = consumer.run().now_or_never().unwrap().unwrap_err();
    assert!(matches!(error.cause, Cause::Handler(_)));

    let plan = vec![anew(), parts(1..=3), reached(1, 1), Event::Closed];
    let scene = Scene::new([plan]);
    let mut worker = scene.worker.clone();
    worker.takes(2);
    let consumer = Consumer::builder(
        Arc::new(scene.log.clone()),
        scene.store.clone(),
        &mut worker,
    )
    .runtime(Arc::new(scene.clock))
    .build()
    .unwrap();
    consumer.run().now_or_never().unwrap().unwrap();
    let done = worker.take_done();
    assert_eq!(done[..2], [Anew, Piece(vec![1, 2])]);
    assert_eq!(done.last(), Some(&Flushed));
}

#[test]
fn the_longest_times_never_come() {
    let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
    let mut running = scene.start_with(|builder| {
        builder
            .commit_interval(Duration::MAX)
            .shutdown_timeout(Duration::MAX)
    });
    let year = Duration::from_secs(365 * 24 * 3600);
    running.advance(year);
    assert_eq!(scene.store.take_calls(), ["load"]);
    scene.store.hold();
    running.stop();
    running.advance(year);
    assert!(!running.has_ended());
    scene.store.release();
    assert_eq!(running.end().unwrap().committed, Some(at(1, 3)));
}
