//! What a batcher says that it has done.

use std::time::Duration;

use forebay_batch::{OnError, PerRequest, Stats};
use forebay_testkit::Gone;

use crate::backend::Step;
use crate::hand::{Hand, at_once};
use crate::scene::Scene;

const SECOND: Duration = Duration::from_secs(1);

/// What has changed between two looks.
fn since(scene: &Scene, before: &mut Stats) -> Vec<(&'static str, u64)> {
    let now = scene.batcher.stats();
    let old = std::mem::replace(before, now);
    let all = [
        ("loads", now.loads - old.loads),
        ("hits", now.hits - old.hits),
        ("joins", now.joins - old.joins),
        ("calls", now.calls - old.calls),
        ("keys", now.keys - old.keys),
        ("errors", now.errors - old.errors),
        ("panics", now.panics - old.panics),
        ("timeouts", now.timeouts - old.timeouts),
        ("bisections", now.bisections - old.bisections),
        ("ignored", now.ignored - old.ignored),
        ("cancelled", now.cancelled - old.cancelled),
        ("withdrawn", now.withdrawn - old.withdrawn),
        ("abandoned", now.abandoned - old.abandoned),
        ("lost", now.lost - old.lost),
        ("rejected", now.rejected - old.rejected),
        ("cycles", now.cycles - old.cycles),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn everything_that_happens_is_counted() {
    let scene = Scene::new(|builder| {
        builder
            .cache(PerRequest::new())
            .call_timeout(SECOND)
            .max_waiting(4)
            .on_error(OnError::Bisect { max_calls: 2 })
    });
    let mut before = scene.batcher.stats();
    assert_eq!(before, Stats::default());

    let loads = scene.loads(&[1, 2, 1]);
    assert_eq!(scene.counts(), (2, 0));
    scene.run();
    assert_eq!(scene.counts(), (0, 2));
    let expected = [("loads", 3), ("joins", 1), ("calls", 1), ("keys", 2)];
    assert_eq!(since(&scene, &mut before), expected);
    assert_eq!(before.batch_max, 2);
    scene.finish();
    drop(loads);
    assert_eq!(
        (since(&scene, &mut before), scene.counts()),
        (vec![], (0, 0))
    );

    assert!(
        at_once(scene.batcher.load_many(&[1, 2, 1]))
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(since(&scene, &mut before), [("hits", 3)]);

    let _failed = scene.loads(&[3, 4]);
    scene.run();
    let end = Step::end(|_, _: &[u32], answers| {
        answers.set(9, (9, 9));
        Err("connection lost")
    });
    scene.backend.step(1, end);
    scene.finish();
    let expected = [
        ("loads", 2),
        ("calls", 3),
        ("keys", 4),
        ("errors", 1),
        ("bisections", 2),
        ("ignored", 1),
    ];
    assert_eq!(since(&scene, &mut before), expected);

    let _slow = scene.load(&5);
    scene.run();
    scene.runtime.advance(SECOND);
    let expected = [("loads", 1), ("calls", 1), ("keys", 1), ("timeouts", 1)];
    assert_eq!(since(&scene, &mut before), expected);

    let _panics = scene.load(&6);
    scene.run();
    scene.backend.step(5, Step::Panic("poisoned row"));
    scene.run();
    let expected = [("loads", 1), ("calls", 1), ("keys", 1), ("panics", 1)];
    assert_eq!(since(&scene, &mut before), expected);
}

#[test]
fn everything_that_is_given_up_is_counted() {
    let scene = Scene::new(|builder| builder.max_waiting(2));
    let mut before = Stats::default();
    drop(scene.loads(&[1, 1, 2]));
    scene.run();
    let expected = [
        ("loads", 3),
        ("joins", 1),
        ("cancelled", 3),
        ("withdrawn", 2),
    ];
    assert_eq!(since(&scene, &mut before), expected);

    let running = scene.loads(&[1, 1]);
    scene.run();
    drop(running);
    scene.run();
    let expected = [
        ("loads", 2),
        ("joins", 1),
        ("calls", 1),
        ("keys", 1),
        ("cancelled", 2),
        ("abandoned", 1),
    ];
    assert_eq!(since(&scene, &mut before), expected);

    let many = Hand::waiting(scene.batcher.load_many(&[1, 2, 3, 4]));
    let expected = [("loads", 4), ("rejected", 2)];
    assert_eq!(since(&scene, &mut before), expected);
    scene.run();
    scene.runtime.shut_down(Gone::Refuses);
    assert_eq!(
        since(&scene, &mut before),
        [("calls", 1), ("keys", 2), ("lost", 1)]
    );
    assert_eq!(many.woken().len(), 4);
}

#[test]
fn clones_of_a_batcher_count_together() {
    let scene = Scene::answering(|builder| builder);
    let clone = scene.batcher.clone();
    let load = Hand::waiting(clone.load(&1));
    scene.run();
    assert!(load.woken().is_ok());
    assert_eq!(scene.batcher.stats(), clone.stats());
    assert_eq!(clone.stats().loads, 1);
}

#[test]
fn debug_says_what_waits_and_what_runs() {
    let scene = Scene::held();
    let _running = scene.loads(&[1, 2, 3, 4]);
    scene.run();
    let waiting = scene.load(&5);
    let text = format!("{:?}", scene.batcher);
    assert_eq!(text, "Batcher { waiting: 1, running: 4, .. }");
    drop(waiting);
}
