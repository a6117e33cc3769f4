//! One log goes on as another one.
//!
//! * Readers get what is left of the first, and then what comes after the position in the second:
//!   those who wait, those who lag and those who come late.
//! * The first log cannot write into the second, and nothing of the second is changed by it.
//! * A circle is refused, and the publisher given back.
//! * A position that nobody has appended behind is as good as any other, and so is one at an end.

use forebay_core::Cursor;
use forebay_events::RecvError;

use crate::reader::{Log, Reader, append_each};

#[test]
fn readers_follow_into_the_second_log() {
    for (first, second) in [(0, 0), (0, 5), (5, 0), (8, 8), (3, 700), (700, 3)] {
        let (mut snapshot, mut topic) = (Log::new(), Log::new());
        append_each(&mut topic, 1..=10);
        let position = topic.position();
        append_each(&mut topic, 11..=10 + second);
        let mut behind = Reader::of(&snapshot);
        let source = snapshot.source();
        append_each(&mut snapshot, 100..100 + first);
        let mut waiting = Reader::waiting(&snapshot);
        snapshot.splice_into(position).unwrap();
        assert!(waiting.is_woken() || second == 0, "{first} and {second}");
        let mut late = Reader::new(source.subscribe());
        append_each(&mut topic, [11 + second]);
        let rest: Vec<_> = (11..=11 + second).collect();
        assert_eq!(
            behind.events(),
            (100..100 + first).chain(rest.clone()).collect::<Vec<_>>()
        );
        assert_eq!(waiting.events(), rest);
        assert_eq!(late.events(), rest);
        for reader in [&mut behind, &mut waiting, &mut late] {
            reader.waits();
        }
        append_each(&mut topic, [12 + second]);
        for mut reader in [behind, waiting, late] {
            assert!(reader.is_woken());
            assert_eq!(reader.events(), [12 + second]);
        }
    }
}

#[test]
fn reader_that_waits_while_its_log_is_spliced_is_woken_by_the_second_log() {
    let (snapshot, mut topic) = (Log::new(), Log::new());
    let mut readers: Vec<_> = (0..40).map(|_| Reader::waiting(&snapshot)).collect();
    snapshot.splice_into(topic.position()).unwrap();
    for reader in &mut readers {
        // Whoever was woken for the splice has nothing to take yet.
        if reader.is_woken() {
            reader.waits();
        }
    }
    append_each(&mut topic, [1]);
    for mut reader in readers {
        assert!(reader.is_woken());
        assert_eq!(reader.events(), [1]);
    }
}

#[test]
fn second_log_is_not_changed() {
    let (mut snapshot, mut topic) = (Log::new(), Log::new());
    let mut own = Reader::waiting(&topic);
    append_each(&mut snapshot, 1..=20);
    let mut reader = Reader::of(&snapshot);
    snapshot.splice_into(topic.position()).unwrap();
    assert!(!own.is_woken());
    assert_eq!(topic.source().stats().published, 0);
    append_each(&mut topic, 1..=3);
    assert_eq!(own.events(), [1, 2, 3]);
    assert_eq!(reader.events(), [1, 2, 3]);
}

#[test]
fn second_log_ends_for_all() {
    let (mut snapshot, mut topic) = (Log::new(), Log::new());
    append_each(&mut topic, [1]);
    let source = snapshot.source();
    let mut reader = Reader::waiting(&snapshot);
    append_each(&mut snapshot, [7]);
    snapshot.splice_into(topic.position()).unwrap();
    assert_eq!(reader.events(), [7]);
    reader.waits();
    append_each(&mut topic, [2]);
    topic.fail("disk full");
    assert!(reader.is_woken());
    assert_eq!(reader.events(), [2]);
    assert_eq!(reader.end(), RecvError::Failed("disk full"));
    let mut late = Reader::new(source.subscribe());
    assert_eq!(late.events(), [2]);
    assert_eq!(late.end(), RecvError::Failed("disk full"));
}

#[test]
fn log_that_has_ended_can_be_spliced_into() {
    let (mut snapshot, mut topic) = (Log::new(), Log::new());
    let position = topic.position();
    append_each(&mut topic, 1..=3);
    topic.close();
    append_each(&mut snapshot, [7]);
    let mut reader = Reader::of(&snapshot);
    snapshot.append(8, 8).unwrap();
    snapshot.splice_into(position).unwrap();
    assert_eq!(reader.events(), [8, 1, 2, 3]);
    assert_eq!(reader.end(), RecvError::Closed);
}

#[test]
fn circle_is_refused() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    let (start, source) = (log.position(), log.source());
    append_each(&mut log, 1..=20);
    for position in [start, log.position(), source.oldest(), source.position()] {
        let refused = log.splice_into(position).unwrap_err();
        log = refused.publisher;
    }
    append_each(&mut log, [21]);
    assert_eq!(reader.events(), (1..=21).collect::<Vec<_>>());
    reader.waits();
    log.close();
    assert_eq!(reader.end(), RecvError::Closed);
}

#[test]
fn circle_through_other_logs_is_refused() {
    let (first, mut last) = (Log::new(), Log::new());
    let back = first.position();
    let mut reader = Reader::of(&first);
    let (second, third) = (Log::new(), Log::new());
    let second_position = second.position();
    let third_position = third.position();
    third.splice_into(last.position()).unwrap();
    second.splice_into(third_position).unwrap();
    first.splice_into(second_position).unwrap();
    last = last.splice_into(back).unwrap_err().publisher;
    append_each(&mut last, [1]);
    assert_eq!(reader.events(), [1]);
}

#[test]
fn many_logs_lead_into_one() {
    let mut topic = Log::new();
    let mut readers = Vec::new();
    for number in 1..=100 {
        let mut snapshot = Log::new();
        readers.push(Reader::of(&snapshot));
        append_each(&mut snapshot, [1_000 + number]);
        snapshot.splice_into(topic.position()).unwrap();
        append_each(&mut topic, [number]);
    }
    for (number, mut reader) in (1..).zip(readers) {
        let expected: Vec<_> = [1_000 + number].into_iter().chain(number..=100).collect();
        assert_eq!(reader.events(), expected);
        reader.waits();
    }
}

#[test]
fn cursor_is_of_the_log_in_which_the_reader_is() {
    let (mut snapshot, mut topic) = (Log::new(), Log::new());
    append_each(&mut topic, 1..=10);
    let position = topic.position();
    let mut reader = Reader::of(&snapshot);
    append_each(&mut snapshot, 50..=52);
    let of = |log: forebay_core::LogId, sequence: u64| Cursor::new(log, sequence.into());
    let (first, second) = (snapshot.log_id(), topic.log_id());
    append_each(&mut topic, [11]);
    topic.append_all(15, [1, 2]).unwrap();
    snapshot.splice_into(position).unwrap();
    reader.event();
    assert_eq!(reader.subscription.cursor(), of(first, 50));
    reader.event();
    assert_eq!(reader.subscription.cursor(), of(first, 51));
    reader.event();
    reader.event();
    assert_eq!(reader.subscription.cursor(), of(second, 11));
    reader.event();
    assert_eq!(reader.subscription.cursor(), of(second, 11));
    reader.event();
    assert_eq!(reader.subscription.cursor(), of(second, 15));
    topic.advance(20).unwrap();
    assert_eq!(reader.subscription.cursor(), of(second, 20));
}

#[test]
fn cursor_of_a_reader_that_follows_resumes_there() {
    let (mut snapshot, mut topic) = (Log::new(), Log::new());
    append_each(&mut topic, 1..=10);
    let mut reader = Reader::of(&snapshot);
    append_each(&mut snapshot, [50]);
    snapshot.splice_into(topic.position()).unwrap();
    assert_eq!(reader.events(), [50]);
    // Nothing was read of the second log, but that is where it waits.
    reader.waits();
    let cursor = reader.subscription.cursor();
    append_each(&mut topic, [11]);
    assert_eq!(cursor, Cursor::new(topic.log_id(), 10.into()));
    let mut resumed = Reader::new(topic.source().resume(cursor).unwrap());
    assert_eq!(resumed.events(), [11]);
}

#[test]
fn lag_in_the_second_log_is_exact() {
    let (mut snapshot, mut topic) = (Log::new(), Log::new());
    append_each(&mut topic, 1..=10);
    let mut reader = Reader::of(&snapshot);
    append_each(&mut snapshot, 1..=3);
    snapshot.splice_into(topic.position()).unwrap();
    append_each(&mut topic, 11..=30);
    reader.event();
    assert!(reader.subscription.lag() >= 2);
    reader.event();
    reader.event();
    for left in (0..20).rev() {
        reader.event();
        assert_eq!(reader.subscription.lag(), left);
    }
}

#[test]
fn close_by_force_reaches_a_reader_wherever_it_is() {
    let (snapshot, mut topic) = (Log::new(), Log::new());
    let mut readers = [Reader::of(&snapshot), Reader::of(&snapshot)];
    let closers = readers
        .each_mut()
        .map(|reader| reader.subscription.closer());
    snapshot.splice_into(topic.position()).unwrap();
    readers[1].waits();
    append_each(&mut topic, [1]);
    for (mut reader, closer) in readers.into_iter().zip(closers) {
        assert!(closer.close(forebay_events::Reason::Revoked));
        assert!(matches!(reader.end(), RecvError::ForceClosed(_)));
    }
}

#[test]
fn publisher_of_the_second_log_may_be_gone_before_anybody_follows() {
    let (mut snapshot, mut topic) = (Log::new(), Log::new());
    let position = topic.position();
    append_each(&mut topic, 1..=1_000);
    append_each(&mut snapshot, [7]);
    let mut reader = Reader::of(&snapshot);
    let mut first = Reader::new(snapshot.source().subscribe_oldest());
    snapshot.splice_into(position).unwrap();
    drop(topic);
    assert_eq!(reader.events(), (1..=1_000).collect::<Vec<_>>());
    assert_eq!(reader.end(), RecvError::PublisherLost);
    assert_eq!(first.events().len(), 1_001);
}
