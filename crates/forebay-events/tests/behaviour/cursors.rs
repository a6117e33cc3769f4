//! Where a reader was, for those who go on later.
//!
//! * A cursor names the last sequence of which every event was read, and its log.
//! * A reader that has caught up moves on with the head, also past sequences without events.
//! * Whoever resumes from a cursor gets exactly the sequences that were not complete.

use forebay_core::{Cursor, LogId, Sequence};
use forebay_events::{Publisher, Retention};

use crate::reader::{Error, Log, Reader, append_each};

fn at(reader: &Reader) -> u64 {
    reader.subscription.cursor().sequence().get()
}

#[test]
fn cursor_names_its_log() {
    let builder = Publisher::<u64, Error>::builder().log_id(LogId::new(7));
    let mut log = builder.build().unwrap();
    assert_eq!(log.log_id(), LogId::new(7));
    assert_eq!(log.source().log_id(), LogId::new(7));
    let mut reader = Reader::of(&log);
    append_each(&mut log, [5]);
    reader.event();
    let expected = Cursor::new(LogId::new(7), Sequence::new(5));
    assert_eq!(reader.subscription.cursor(), expected);
}

#[test]
fn logs_have_identities_of_their_own() {
    let logs: Vec<_> = (0..100).map(|_| Log::new().log_id()).collect();
    for (number, id) in logs.iter().enumerate() {
        assert!(!logs[..number].contains(id));
    }
}

#[test]
fn cursor_of_a_new_reader_is_where_it_begins() {
    let mut log = Log::new();
    assert_eq!(at(&Reader::of(&log)), 0);
    append_each(&mut log, [4]);
    assert_eq!(at(&Reader::of(&log)), 4);
    log.advance(9).unwrap();
    assert_eq!(at(&Reader::of(&log)), 9);
}

#[test]
fn cursor_moves_with_complete_sequences_only() {
    for size in [1, 2, 7, 8, 9, 16, 100, 513, 2_000] {
        let mut log = Log::new();
        let mut reader = Reader::of(&log);
        append_each(&mut log, [1, 2]);
        log.append_all(5, 0..size).unwrap();
        append_each(&mut log, [7]);
        assert_eq!(at(&reader), 0);
        reader.event();
        assert_eq!(at(&reader), 1);
        reader.event();
        for left in (0..size).rev() {
            assert_eq!(at(&reader), 2, "{left} of {size}");
            reader.event();
        }
        assert_eq!(at(&reader), 5);
        reader.event();
        assert_eq!(at(&reader), 7);
    }
}

#[test]
fn cursor_after_a_slice_names_what_is_complete() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    append_each(&mut log, 1..=5);
    log.append_all(6, 0..1_000).unwrap();
    append_each(&mut log, [7]);
    let mut read = 0;
    while let Some(slice) = reader.subscription.try_next_slice().unwrap() {
        read += slice.len();
        let expected = match read {
            ..=5 => read,
            6..1_005 => 5,
            1_005 => 6,
            _ => 7,
        };
        assert_eq!(at(&reader), expected as u64);
    }
    assert_eq!(read, 1_006);
}

#[test]
fn reader_that_has_caught_up_moves_on_with_the_head() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    log.advance(3).unwrap();
    assert_eq!(at(&reader), 3);
    append_each(&mut log, [5, 6]);
    log.advance(8).unwrap();
    // Something is left to read, so the head is not where it is.
    assert!(at(&reader) <= 3);
    reader.event();
    assert_eq!(at(&reader), 5);
    reader.event();
    assert_eq!(at(&reader), 8);
    log.append_all(9, []).unwrap();
    assert_eq!(at(&reader), 9);
    reader.waits();
    log.advance(12).unwrap();
    assert_eq!(at(&reader), 12);
    log.close();
    assert_eq!(at(&reader), 12);
    reader.end();
    assert_eq!(at(&reader), 12);
}

#[test]
fn reader_within_a_batch_does_not_move_on_with_the_head() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    log.append_all(2, [1, 2]).unwrap();
    log.advance(5).unwrap();
    reader.event();
    assert_eq!(at(&reader), 0);
    reader.event();
    assert_eq!(at(&reader), 5);
}

#[test]
fn clone_has_the_same_cursor() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    log.append_all(2, [1, 2]).unwrap();
    append_each(&mut log, [3]);
    for _ in 0..3 {
        reader.event();
        let clone = reader.subscription.clone();
        assert_eq!(clone.cursor(), reader.subscription.cursor());
        assert_eq!(clone.lag(), reader.subscription.lag());
    }
}

#[test]
fn reader_that_resumes_from_its_cursor_gets_what_was_not_complete() {
    let retention = Retention::window(10_000);
    let builder = Publisher::<u64, Error>::builder().retention(retention);
    let mut log = builder.build().unwrap();
    let mut reader = Reader::of(&log);
    let mut batches: Vec<(u64, Vec<u64>)> = Vec::new();
    for (number, size) in [1, 4, 1, 20, 3, 700, 1, 1].into_iter().enumerate() {
        let sequence = number as u64 * 3 + 2;
        let events: Vec<_> = (0..size).map(|event| sequence * 1_000 + event).collect();
        log.append_all(sequence, events.clone()).unwrap();
        batches.push((sequence, events));
    }
    loop {
        let cursor = reader.subscription.cursor();
        let mut resumed = Reader::new(log.source().resume(cursor).unwrap());
        assert_eq!(resumed.subscription.cursor(), cursor);
        let expected: Vec<_> = batches
            .iter()
            .filter(|(sequence, _)| *sequence > cursor.sequence().get())
            .flat_map(|(_, events)| events.clone())
            .collect();
        assert_eq!(resumed.events(), expected);
        if reader.try_next().unwrap().is_none() {
            break;
        }
    }
}
