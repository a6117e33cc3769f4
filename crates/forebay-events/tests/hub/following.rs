//! A snapshot first, then every event after it.

use std::task::Poll;

use forebay_events::{Batch, NotRising, Request, Topic};

use crate::scene::Seen::{End, Event, Piece};
use crate::scene::{Scene, TOPIC};

#[test]
fn snapshot_comes_first_and_then_every_event_after_it() {
    let mut scene = Scene::new();
    scene.publish(1, 7);
    let mut reader = scene.follow(7);
    scene.runtime.run();
    assert_eq!(reader.all(), [Piece(7, 1), End(1)]);
    scene.publish(2, 7);
    scene.publish(5, 7);
    assert_eq!(reader.all(), [Event(2, 7, 2), Event(5, 7, 5)]);
    reader.waits();
}

#[test]
fn there_is_no_cursor_before_the_end_of_the_snapshot() {
    let mut scene = Scene::new();
    scene.publish(3, 7);
    let mut reader = scene.follow(7);
    assert_eq!(reader.feed.cursor(), None);
    scene.runtime.run();
    assert_eq!(reader.try_next(), Ok(Some(Piece(7, 3))));
    assert_eq!(reader.feed.cursor(), None);
    assert_eq!(reader.try_next(), Ok(Some(End(3))));
    assert_eq!(reader.at(), 3);
}

#[test]
fn cursor_names_the_last_sequence_of_which_everything_was_given() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    scene.publish_all(4, [7, 7]);
    assert_eq!(reader.try_next(), Ok(Some(Event(4, 7, 4))));
    assert_eq!(reader.at(), 0);
    assert_eq!(reader.try_next(), Ok(Some(Event(4, 7, 4))));
    assert_eq!(reader.at(), 4);
}

#[test]
fn events_of_other_keys_neither_come_nor_wake() {
    let mut scene = Scene::new();
    let (mut seven, mut eight) = (scene.caught_up(7), scene.caught_up(8));
    seven.waits();
    eight.waits();
    scene.publish(1, 8);
    assert!(!seven.is_woken());
    assert!(eight.is_woken());
    seven.waits();
    assert_eq!(eight.poll(), Poll::Ready(Ok(Event(1, 8, 1))));
}

#[test]
fn events_of_other_topics_neither_come_nor_wake() {
    let mut scene = Scene::new();
    let mut whole = scene.subscribe(Request::new(TOPIC));
    scene.runtime.run();
    whole.all();
    whole.waits();
    let others = Batch::from_iter([(Topic::from("others"), 7, (7, 1))]);
    scene.publisher.publish(1, others).unwrap();
    assert!(!whole.is_woken());
    whole.waits();
}

#[test]
fn whole_topic_gets_the_events_of_all_its_keys_in_their_order() {
    let mut scene = Scene::new();
    scene.publish(1, 3);
    let mut whole = scene.subscribe(Request::new(TOPIC));
    let mut seven = scene.caught_up(7);
    scene.runtime.run();
    assert_eq!(whole.all(), [Piece(3, 1), End(1)]);
    scene.publish(2, 7);
    scene.publish_all(3, [9, 7, 8, 7]);
    let expected = [(2, 7), (3, 9), (3, 7), (3, 8), (3, 7)];
    let expected = expected.map(|(sequence, key)| Event(sequence, key, sequence));
    assert_eq!(whole.all(), expected);
    assert_eq!(seven.events(), [2, 3, 3]);
}

#[test]
fn changes_of_a_large_batch_keep_their_order_across_topics_and_keys() {
    let mut scene = Scene::new();
    let topics = [Topic::from(TOPIC), Topic::from("others")];
    let whole = topics.clone().map(Request::new);
    let keys = [0, 1, 2].map(|key| Request::new(TOPIC).key(key));
    let requests = whole.into_iter().chain(keys);
    let mut readers: Vec<_> = requests.map(|request| scene.subscribe(request)).collect();
    scene.runtime.run();
    readers.iter_mut().for_each(|reader| drop(reader.all()));
    let change = |n: u32| (topics[n as usize % 2].clone(), n / 2 % 3, (n, u64::from(n)));
    scene
        .publisher
        .publish(1, (0..600).map(change).collect())
        .unwrap();
    let with = |step: usize, from: u64| (from..600).step_by(step).collect::<Vec<_>>();
    let expected = [with(2, 0), with(2, 1), with(6, 0), with(6, 2), with(6, 4)];
    let seen: Vec<_> = readers.iter_mut().map(|reader| reader.events()).collect();
    assert_eq!(seen, expected);
}

#[test]
fn events_of_a_batch_become_visible_to_a_key_in_one_step() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    reader.waits();
    scene.publish_all(1, [7, 8, 7, 9, 7]);
    assert_eq!(reader.feed.lag(), 3);
    assert_eq!(reader.events(), [1, 1, 1]);
}

#[test]
fn empty_batch_is_progress_and_wakes_nobody() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    reader.waits();
    scene.publisher.publish(5, Batch::new()).unwrap();
    assert!(!reader.is_woken());
    assert_eq!(scene.hub.head().get(), 5);
    assert!(scene.publisher.publish(5, Batch::new()).is_err());
}

#[test]
fn batch_that_does_not_rise_is_given_back_and_nothing_is_published() {
    let mut scene = Scene::new();
    let mut reader = scene.caught_up(7);
    scene.publish(5, 8);
    let batch = Batch::from_iter([(Topic::from(TOPIC), 7, (7, 5))]);
    let NotRising {
        rejected,
        sequence,
        head,
        ..
    } = scene.publisher.publish(5, batch.clone()).unwrap_err();
    assert_eq!((rejected, sequence.get(), head.get()), (batch, 5, 5));
    let topic = Topic::from(TOPIC);
    let error = scene.publisher.publish_one(4, &topic, 7, (7, 4));
    assert_eq!(error.unwrap_err().rejected, (7, (7, 4)));
    assert!(reader.events().is_empty());
}

#[test]
fn sequence_rises_across_topics_and_keys() {
    let mut scene = Scene::new();
    scene.publish(5, 7);
    let others = Topic::from("others");
    let error = scene.publisher.publish_one(5, &others, 8, (8, 5));
    assert!(error.is_err());
}

#[test]
fn feed_that_never_reads_delays_nobody() {
    let mut scene = Scene::new();
    let stuck = scene.caught_up(7);
    let mut reader = scene.caught_up(7);
    for sequence in 1..=3_000 {
        scene.publish(sequence, 7);
        assert_eq!(reader.events(), [sequence]);
    }
    assert_eq!(stuck.feed.lag(), 3_000);
}

#[test]
fn event_is_cloned_only_where_its_key_and_its_topic_are_both_followed() {
    use std::sync::Arc;

    struct Nothing;
    impl forebay_events::SnapshotSource<u32, Arc<u32>> for Nothing {
        type Error = std::convert::Infallible;
        async fn snapshot(
            &self,
            _: &forebay_events::Subject<u32>,
            _: &mut forebay_events::SnapshotWriter<Arc<u32>>,
        ) -> Result<forebay_core::Sequence, Self::Error> {
            Ok(forebay_core::Sequence::ZERO)
        }
    }
    let runtime = forebay_testkit::HandRuntime::new();
    let builder = forebay_events::Hub::builder(Nothing).runtime(runtime.clone());
    let mut publisher = builder.build().unwrap();
    let hub = publisher.hub();
    let topic = Topic::from(TOPIC);
    let event = Arc::new(1);

    let whole = hub.subscribe(Request::new(TOPIC)).unwrap();
    publisher
        .publish_one(1, &topic, 7, Arc::clone(&event))
        .unwrap();
    assert_eq!(Arc::strong_count(&event), 2);
    let key = hub.subscribe(Request::new(TOPIC).key(7)).unwrap();
    publisher
        .publish_one(2, &topic, 7, Arc::clone(&event))
        .unwrap();
    assert_eq!(Arc::strong_count(&event), 4);
    let batch = Batch::from_iter([(topic.clone(), 7, Arc::clone(&event))]);
    publisher.publish(3, batch).unwrap();
    assert_eq!(Arc::strong_count(&event), 6);
    drop((whole, key));
    // The builds that were cancelled let go of what they looked at.
    runtime.run();
    assert_eq!(Arc::strong_count(&event), 1);
    publisher
        .publish_one(4, &topic, 7, Arc::clone(&event))
        .unwrap();
    assert_eq!(Arc::strong_count(&event), 1);
}
