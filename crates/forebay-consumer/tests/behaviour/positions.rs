//! Where a consumer begins, and what it does with positions that others say.
//!
//! * It goes on after what is stored, and begins as somebody new where nothing is.
//! * A position that is not further than the last one is none, whoever says so.
//! * Where the log goes over into another one, so does what is stored.
//! * Somebody else with the same key who is further does no harm.
//! * A batch ends at the position that its handler is told, so that both can be stored as one.
//! * A position behind items that were not asked for is none, as whole as it may be.
//! * What it does and how far it is can be seen at any time.

use std::sync::Arc;
use std::time::Duration;

use forebay_consumer::{
    Batch, Consumer, Follow, FollowError, Items, Phase, Received, Step, batches,
};
use forebay_core::Checkpoint;
use futures::FutureExt;

use crate::harness::scene::Scene;
use crate::harness::script::{Broken, Event, at, items, parts, reached};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn it_goes_on_after_what_is_stored() {
    let scene = Scene::new([vec![items(8..=9)]]).storing(1, 7);
    let running = scene.start();
    assert_eq!(scene.log.opened(), [Some(at(1, 7))]);
    assert_eq!(running.handle.stats().committed, Some(at(1, 7).cursor()));
    assert_eq!(running.handle.stats().reached, Some(at(1, 9).cursor()));
}

#[test]
fn it_begins_as_somebody_new_where_nothing_is_stored() {
    let scene = Scene::new([vec![]]);
    let running = scene.start();
    assert_eq!(scene.log.opened(), [None]);
    assert_eq!(running.handle.stats().reached, None);
}

#[test]
fn a_position_that_goes_back_is_none() {
    let scene = Scene::new([vec![items(8..=9), reached(1, 3)]]).storing(1, 7);
    let mut running = scene.start_with(|builder| builder.commit_every(1));
    running.advance(SECOND);
    assert_eq!(scene.store.stored(), Some(at(1, 9)));
    assert_eq!(running.handle.stats().reached, Some(at(1, 9).cursor()));
}

#[test]
fn what_is_stored_follows_the_log_into_another_one() {
    let scene = Scene::new([vec![items(8..=9), reached(2, 1)]]).storing(1, 7);
    let mut running = scene.start();
    running.advance(SECOND);
    assert_eq!(scene.store.take_calls(), ["load", "reset 2-1"]);
}

#[test]
fn somebody_who_is_further_does_no_harm() {
    let scene = Scene::new([vec![items(8..=9)]]).storing(1, 7);
    let mut running = scene.start();
    let mut other = scene.store;
    let further = forebay_consumer::Keep::commit(&mut other, at(1, 30));
    assert!(futures::executor::block_on(further).unwrap().is_advanced());
    running.advance(SECOND);
    let stats = running.handle.stats();
    assert_eq!((stats.commits, stats.unchanged), (1, 1));
    assert_eq!(stats.committed, Some(at(1, 30).cursor()));
    assert_eq!(stats.uncommitted, 0);
}

#[test]
fn what_it_does_can_be_seen() {
    let scene = Scene::new([vec![items(1..=3)]]).storing(1, 0);
    let consumer = scene.builder().build().unwrap();
    assert_eq!(consumer.handle().stats().phase, Phase::Loading);
    scene.log.set_head(10);
    let mut running = scene.start_with(|builder| builder.batch_max(2));
    let stats = running.handle.stats();
    assert_eq!(stats.phase, Phase::Following);
    assert_eq!((stats.applied, stats.batches, stats.uncommitted), (3, 2, 3));
    assert_eq!(stats.lag(), Some(7));
    running.advance(SECOND);
    let stats = running.handle.stats();
    assert_eq!((stats.commits, stats.uncommitted), (1, 0));
    running.stop();
    assert_eq!(running.handle.stats().phase, Phase::Ended);
}

#[test]
fn an_empty_log_is_waited_for() {
    let scene = Scene::new([vec![]]);
    let mut running = scene.start();
    running.advance(100 * SECOND);
    assert!(!running.has_ended());
    scene.log.push(items(1..=1));
    running.run();
    assert_eq!(scene.worker.applied(), [1]);
}

/// Items that say of each position that it is reached one item earlier than it is.
struct Eager;

impl Items for Eager {
    type Item = u64;

    fn items(&self) -> &[u64] {
        &[1, 2, 3]
    }

    fn reached(&self, count: usize) -> Option<(usize, Checkpoint)> {
        Some((count + 1, at(1, count as u64 + 1)))
    }
}

impl Follow for Eager {
    type Items = Self;
    type Error = Broken;
    type Steps = futures::stream::Iter<std::vec::IntoIter<Result<Step<Self>, FollowError<Broken>>>>;

    async fn follow(&self, _: Option<&Checkpoint>) -> Result<Self::Steps, FollowError<Broken>> {
        Ok(futures::stream::iter(vec![Ok(Step::Items(Self))]))
    }
}

#[test]
fn a_position_behind_items_that_were_not_asked_for_is_none() {
    let scene = Scene::default().storing(1, 0);
    let consumer = Consumer::builder(Eager, scene.store.clone(), scene.worker.clone())
        .runtime(Arc::new(scene.clock.clone()))
        .batch_max(2)
        .build()
        .unwrap();
    let summary = consumer.run().now_or_never().unwrap().unwrap();
    assert_eq!(summary.applied, 3);
    assert_eq!(summary.reached, Some(at(1, 0)));
    assert_eq!(scene.store.take_calls(), ["load"]);
}

#[test]
fn a_batch_ends_at_a_position_or_has_none() {
    let first = Received::from(vec![1, 1]).reaching(at(1, 1)).and(2);
    let second = Received::from(vec![2, 2]).reaching(at(1, 2));
    let plan = vec![
        Event::Step(Step::Items(first)),
        Event::Step(Step::Items(second)),
        items(3..=4),
        parts([5, 5, 5, 5, 5]),
        reached(1, 5),
        Event::Closed,
    ];
    let scene = Scene::new([plan]).storing(1, 0);
    let mut all = Vec::new();
    let note = batches(|batch: Batch<'_, u64>| {
        let position = batch.reached().map(|position| position.sequence().get());
        all.push((batch.to_vec(), position));
        std::future::ready(Ok::<_, Broken>(()))
    });
    let consumer = Consumer::builder(scene.log.clone(), scene.store.clone(), note)
        .runtime(Arc::new(scene.clock))
        .batch_max(4)
        .build()
        .unwrap();
    consumer.run().now_or_never().unwrap().unwrap();
    let expected = [
        (vec![1, 1], Some(1)),
        (vec![2], None),
        (vec![2, 2], Some(2)),
        (vec![3, 4], Some(4)),
        (vec![5, 5, 5, 5], None),
        (vec![5], None),
    ];
    assert_eq!(all, expected);
}
