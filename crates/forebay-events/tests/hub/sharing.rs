//! One build for all who ask at the same time, readable while it is built, in nobody's way.

use forebay_events::Request;

use crate::scene::Seen::{End, Event, Piece};
use crate::scene::{Reader, Scene, TOPIC};

#[test]
fn ten_thousand_subscribers_build_one_snapshot() {
    let mut scene = Scene::by_hand();
    let mut readers: Vec<_> = (0..10_000).map(|_| scene.follow(7)).collect();
    let build = scene.build(0);
    build.write_all([(7, 1), (7, 2)]);
    build.end(2);
    scene.runtime.run();
    scene.publish(3, 7);
    for reader in &mut readers {
        assert_eq!(
            reader.all(),
            [Piece(7, 1), Piece(7, 2), End(2), Event(3, 7, 3)]
        );
    }
    let stats = scene.stats();
    assert_eq!(scene.source.begun(), 1);
    assert_eq!((stats.snapshots, stats.shared), (1, 9_999));
}

#[test]
fn snapshot_is_read_while_it_is_built() {
    let scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    let build = scene.build(0);
    reader.waits();
    build.write([(7, 1)]);
    scene.runtime.run();
    assert!(reader.is_woken());
    assert_eq!(reader.all(), [Piece(7, 1)]);
    reader.waits();
    build.write_all([(7, 2), (7, 3)]);
    scene.runtime.run();
    assert_eq!(reader.all(), [Piece(7, 2), Piece(7, 3)]);
    reader.waits();
    build.end(9);
    scene.runtime.run();
    assert!(reader.is_woken());
    assert_eq!(reader.all(), [End(9)]);
}

#[test]
fn late_subscriber_reads_the_whole_snapshot_that_is_being_built() {
    let scene = Scene::by_hand();
    let mut first = scene.follow(7);
    let build = scene.build(0);
    build.write([(7, 1)]);
    scene.runtime.run();
    assert_eq!(first.all(), [Piece(7, 1)]);
    let mut second = scene.follow(7);
    build.write([(7, 2)]);
    build.end(5);
    scene.runtime.run();
    assert_eq!(first.all(), [Piece(7, 2), End(5)]);
    assert_eq!(second.all(), [Piece(7, 1), Piece(7, 2), End(5)]);
    assert_eq!(scene.source.begun(), 1);
}

#[test]
fn snapshot_is_not_kept_for_those_who_come_after_it() {
    let scene = Scene::by_hand();
    let mut first = scene.follow(7);
    scene.build(0).end(1);
    scene.runtime.run();
    let mut second = scene.follow(7);
    scene.build(1).end(2);
    scene.runtime.run();
    assert_eq!(first.all(), [End(1)]);
    assert_eq!(second.all(), [End(2)]);
}

#[test]
fn keys_and_whole_topics_have_snapshots_of_their_own() {
    let scene = Scene::by_hand();
    let readers = [
        scene.follow(7),
        scene.follow(8),
        scene.subscribe(Request::new(TOPIC)),
    ];
    scene.runtime.run();
    let subjects = [0, 1, 2].map(|number| scene.build(number).subject.key().copied());
    assert_eq!(subjects, [Some(7), Some(8), None]);
    assert_eq!(scene.build(2).subject.topic().as_str(), TOPIC);
    drop(readers);
}

#[test]
fn a_slow_snapshot_never_delays_the_publisher() {
    let mut scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    let build = scene.build(0);
    build.write([(7, 0)]);
    for sequence in 1..=1_000 {
        scene.publish(sequence, 7);
    }
    assert_eq!(scene.hub.head().get(), 1_000);
    build.end(400);
    scene.runtime.run();
    assert_eq!(reader.try_next(), Ok(Some(Piece(7, 0))));
    assert_eq!(reader.try_next(), Ok(Some(End(400))));
    assert_eq!(reader.events(), (401..=1_000).collect::<Vec<_>>());
}

#[test]
fn events_that_the_snapshot_shows_do_not_come_again() {
    let mut scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    let build = scene.build(0);
    scene.publish(1, 7);
    scene.publish_all(2, [7, 7]);
    scene.publish_all(3, [7, 7]);
    build.end(2);
    scene.runtime.run();
    assert_eq!(reader.all(), [End(2), Event(3, 7, 3), Event(3, 7, 3)]);
}

#[test]
fn snapshot_ahead_of_the_topic_never_runs_the_view_backwards() {
    let mut scene = Scene::by_hand();
    scene.publish(98, 7);
    let mut reader = scene.follow(7);
    // The state is at 100, of which 99 and 100 have yet to be published.
    let build = scene.build(0);
    build.write([(7, 100)]);
    build.end(100);
    scene.runtime.run();
    assert_eq!(reader.all(), [Piece(7, 100), End(100)]);
    reader.waits();
    scene.publish(99, 7);
    reader.waits();
    scene.publish(100, 7);
    reader.waits();
    assert_eq!(reader.at(), 100);
    scene.publish(101, 7);
    assert_eq!(reader.all(), [Event(101, 7, 101)]);
}

#[test]
fn snapshot_ahead_shows_a_batch_as_a_whole_or_not_at_all() {
    let mut scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    scene.build(0).end(10);
    scene.runtime.run();
    scene.publish_all(10, [7, 7, 7]);
    scene.publish_all(11, [7, 7]);
    assert_eq!(reader.all(), [End(10), Event(11, 7, 11), Event(11, 7, 11)]);
}

#[test]
fn snapshot_of_many_pieces_lets_others_run_between() {
    let scene = Scene::by_hand();
    let mut reader = scene.follow(7);
    let build = scene.build(0);
    build.write((0..1_000).map(|n| (7, n)));
    build.end(1);
    assert!(scene.runtime.step());
    let first = reader.all().len();
    assert!(first < 1_000, "it wrote all in one turn");
    scene.runtime.run();
    assert_eq!(reader.all().len(), 1_000 - first + 1);
}

#[test]
fn slow_reader_of_a_snapshot_gets_all_of_it() {
    let mut scene = Scene::by_hand();
    let mut readers: Vec<Reader> = (0..2).map(|_| scene.follow(7)).collect();
    let build = scene.build(0);
    build.write((1..=500).map(|n| (7, n)));
    build.end(500);
    scene.runtime.run();
    assert_eq!(readers[0].all().len(), 501);
    readers.remove(0);
    for sequence in 501..=600 {
        scene.publish(sequence, 7);
    }
    let slow = readers[0].all();
    assert_eq!(slow.len(), 500 + 1 + 100);
    assert_eq!(slow[500], End(500));
    assert_eq!(slow[501], Event(501, 7, 501));
}
