//! What a publisher takes and what it refuses.
//!
//! * Sequences rise with every call; what does not rise is given back, and nothing happens.
//! * `push` takes the next sequence by itself.
//! * `advance` is progress without events: it wakes nobody and stores nothing.

use forebay_core::Sequence;

use crate::reader::{Log, Reader, append_each};

#[test]
fn readers_get_what_was_appended_with_its_sequence() {
    let mut log = Log::new();
    let mut early = Reader::of(&log);
    log.append(3, 30).unwrap();
    let mut late = Reader::of(&log);
    log.append(Sequence::new(7), 70).unwrap();
    assert_eq!(early.all(), [(3, 30), (7, 70)]);
    assert_eq!(late.all(), [(7, 70)]);
    assert!(early.poll().is_pending());
}

#[test]
fn log_begins_before_the_first_sequence() {
    let mut log = Log::new();
    assert_eq!(log.head(), Sequence::ZERO);
    assert_eq!(log.source().head(), Sequence::ZERO);
    assert_eq!(log.append(0, 7).unwrap_err().rejected, 7);
    log.append(1, 7).unwrap();
    assert_eq!(log.head(), Sequence::new(1));
}

#[test]
fn append_that_does_not_rise_is_given_back_and_changes_nothing() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    append_each(&mut log, [5]);
    assert_eq!(reader.events(), [5]);
    reader.waits();
    let before = log.source().stats();
    for sequence in [5, 4, 0] {
        let refused = log.append(sequence, 9).unwrap_err();
        assert_eq!(refused.rejected, 9);
        let refused = log.append_all(sequence, vec![9, 9]).unwrap_err();
        assert_eq!(refused.rejected, [9, 9]);
        assert!(log.append_all(sequence, []).is_err());
        assert!(log.advance(sequence).is_err());
    }
    assert!(!reader.is_woken());
    assert_eq!(log.source().stats(), before);
    append_each(&mut log, [6]);
    assert_eq!(reader.events(), [6]);
}

#[test]
fn refusal_says_where_the_log_is() {
    let mut log = Log::new();
    append_each(&mut log, [5]);
    let refused = log.append(4, 9).unwrap_err();
    assert!(refused.to_string().contains('5'), "{refused}");
}

#[test]
fn push_takes_the_next_sequence() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    assert_eq!(log.push(10).unwrap(), Sequence::new(1));
    log.append(5, 50).unwrap();
    assert_eq!(log.push(60).unwrap(), Sequence::new(6));
    log.advance(9).unwrap();
    assert_eq!(log.push(100).unwrap(), Sequence::new(10));
    assert_eq!(reader.all(), [(1, 10), (5, 50), (6, 60), (10, 100)]);
}

#[test]
fn nothing_comes_after_the_last_sequence() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    log.append(Sequence::MAX, 1).unwrap();
    assert_eq!(log.push(2).unwrap_err().rejected, 2);
    assert!(log.append(Sequence::MAX, 2).is_err());
    assert_eq!(reader.all(), [(u64::MAX, 1)]);
    log.close();
    reader.end();
}

#[test]
fn advance_raises_the_head_only() {
    let mut log = Log::new();
    let mut reader = Reader::waiting(&log);
    log.advance(4).unwrap();
    assert_eq!(log.head(), Sequence::new(4));
    assert!(!reader.is_woken());
    let stats = log.source().stats();
    assert_eq!((stats.published, stats.retained), (0, 0));
    reader.waits();
    assert!(log.append(4, 40).is_err());
    log.append(5, 50).unwrap();
    assert!(reader.is_woken());
    assert_eq!(reader.all(), [(5, 50)]);
}

#[test]
fn events_stay_in_order_over_many_segments() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    append_each(&mut log, 1..=10_000);
    assert_eq!(reader.events(), (1..=10_000).collect::<Vec<_>>());
}

#[test]
fn sequences_are_kept_whatever_their_pattern() {
    for gap_every in [1, 2, 3, 5, 40] {
        for batch_every in [2, 7, 1_000_000] {
            let mut log = Log::new();
            let mut reader = Reader::of(&log);
            let mut expected = Vec::new();
            for append in 1..=3_000_u64 {
                let gap = if append % gap_every == 0 { 3 } else { 1 };
                let sequence = log.head().get() + gap;
                let size = if append % batch_every == 0 { 3 } else { 1 };
                if size == 1 && append % 11 != 0 {
                    log.append(sequence, 0).unwrap();
                } else {
                    log.append_all(sequence, 0..size).unwrap();
                }
                expected.extend((0..size).map(|event| (sequence, event)));
            }
            assert_eq!(reader.all(), expected, "{gap_every} {batch_every}");
        }
    }
}

#[test]
fn every_reader_gets_every_event_at_its_own_pace() {
    let mut log = Log::new();
    let mut readers: Vec<_> = (0..5).map(|_| Reader::of(&log)).collect();
    let mut got = vec![Vec::new(); 5];
    for event in 1..=2_000_u64 {
        log.append(event, event).unwrap();
        for (number, reader) in readers.iter_mut().enumerate() {
            if event % (number as u64 * 97 + 1) == 0 {
                got[number].extend(reader.events());
            }
        }
    }
    for (mut got, mut reader) in got.into_iter().zip(readers) {
        got.extend(reader.events());
        assert_eq!(got, (1..=2_000).collect::<Vec<_>>());
    }
}
