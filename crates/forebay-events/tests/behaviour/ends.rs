//! How a log ends.
//!
//! * Only `close` is `Closed`, `fail` says its error, and a publisher that is dropped, also by a
//!   panic, is `PublisherLost`.
//! * Everything published before is delivered first, whoever waits is woken, and whoever comes late
//!   gets the end at once.
//! * An end is said again each time that it is asked for.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use forebay_events::RecvError;

use crate::reader::{End, Log, Reader, append_each};

type Finish = fn(Log);

fn finishes() -> [(Finish, End); 4] {
    let panics: Finish = |log| {
        let unwinds = catch_unwind(AssertUnwindSafe(|| {
            let _log = log;
            resume_unwind(Box::new("the writer's bug"));
        }));
        assert!(unwinds.is_err());
    };
    [
        (Log::close, RecvError::Closed),
        (|log| log.fail("disk full"), RecvError::Failed("disk full")),
        (drop, RecvError::PublisherLost),
        (panics, RecvError::PublisherLost),
    ]
}

#[test]
fn everything_published_is_delivered_before_the_end() {
    for (finish, end) in finishes() {
        for count in [0, 1, 7, 8, 9, 24, 1_000] {
            let mut log = Log::new();
            let mut reader = Reader::of(&log);
            append_each(&mut log, 1..=count);
            finish(log);
            assert_eq!(reader.events(), (1..=count).collect::<Vec<_>>());
            assert_eq!(reader.end(), end);
            assert_eq!(reader.end(), end);
        }
    }
}

#[test]
fn end_wakes_who_waits() {
    for (finish, end) in finishes() {
        let mut log = Log::new();
        let mut fresh = Reader::waiting(&log);
        append_each(&mut log, 1..=20);
        let mut readers: Vec<_> = (0..20).map(|_| Reader::waiting(&log)).collect();
        fresh.events();
        fresh.waits();
        finish(log);
        readers.push(fresh);
        for mut reader in readers {
            assert!(reader.is_woken());
            assert_eq!(reader.end(), end);
        }
    }
}

#[test]
fn who_comes_late_gets_the_end_at_once() {
    for (finish, end) in finishes() {
        for count in [0, 8, 100] {
            let mut log = Log::new();
            append_each(&mut log, 1..=count);
            let (source, position) = (log.source(), log.position());
            let cursor = source.subscribe().cursor();
            finish(log);
            for subscription in [
                source.subscribe(),
                source.position().subscribe(),
                position.subscribe(),
                source.resume(cursor).unwrap(),
            ] {
                assert_eq!(Reader::new(subscription).end(), end);
            }
            let mut oldest = Reader::new(source.subscribe_oldest());
            oldest.events();
            assert_eq!(oldest.end(), end);
        }
    }
}

#[test]
fn head_of_a_log_that_has_ended_stays() {
    for (finish, _) in finishes() {
        let mut log = Log::new();
        append_each(&mut log, 1..=3);
        log.advance(9).unwrap();
        let source = log.source();
        finish(log);
        assert_eq!(source.head().get(), 9);
        assert_eq!(source.stats().head.get(), 9);
        assert_eq!(source.stats().published, 3);
    }
}

#[test]
fn reader_that_is_woken_for_an_event_gets_it_although_the_log_has_ended_since() {
    for (finish, end) in finishes() {
        let mut log = Log::new();
        let mut reader = Reader::waiting(&log);
        append_each(&mut log, [1]);
        assert!(reader.is_woken());
        finish(log);
        assert_eq!(reader.event().event, 1);
        assert_eq!(reader.end(), end);
    }
}

#[test]
fn every_clone_of_a_reader_gets_the_end() {
    for (finish, end) in finishes() {
        let mut log = Log::new();
        let mut reader = Reader::of(&log);
        append_each(&mut log, 1..=10);
        reader.event();
        let mut clone = Reader::new(reader.subscription.clone());
        finish(log);
        let mut after = Reader::new(reader.subscription.clone());
        for reader in [&mut reader, &mut clone, &mut after] {
            assert_eq!(reader.events(), (2..=10).collect::<Vec<_>>());
            assert_eq!(reader.end(), end);
        }
        assert_eq!(Reader::new(reader.subscription.clone()).end(), end);
    }
}

#[test]
fn source_does_not_keep_a_log_open() {
    let log = Log::new();
    let (source, mut reader) = (log.source(), Reader::waiting(&log));
    drop(log);
    assert!(reader.is_woken());
    assert_eq!(reader.end(), RecvError::PublisherLost);
    assert_eq!(
        Reader::new(source.subscribe()).end(),
        RecvError::PublisherLost
    );
}
