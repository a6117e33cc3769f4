//! Going on from a cursor.
//!
//! * At the head, anywhere in the window and between two sequences, a reader gets exactly what comes
//!   after its cursor.
//! * A cursor of another log, from the future, or older than what is kept is refused, each in its
//!   own words.
//! * There is a gap only if an event after the cursor is gone.

use forebay_core::{Cursor, LogId, Sequence};
use forebay_events::{Publisher, Retention, Stale};

use crate::reader::{Error, Log, Reader, append_each};

fn windowed(events: usize) -> Log {
    let builder = Publisher::<u64, Error>::builder().retention(Retention::window(events));
    builder.build().unwrap()
}

/// Resumes after a sequence of the log itself.
fn resume(log: &Log, after: u64) -> Result<Reader, Stale> {
    let cursor = Cursor::new(log.log_id(), Sequence::new(after));
    log.source().resume(cursor).map(Reader::new)
}

#[test]
fn reader_resumes_at_the_head() {
    for retention in [Retention::READERS, Retention::window(10)] {
        let builder = Publisher::<u64, Error>::builder().retention(retention);
        let mut log = builder.build().unwrap();
        for event in 1..=2_000 {
            append_each(&mut log, [event]);
            let mut reader = resume(&log, event).unwrap();
            assert_eq!(reader.events(), [0; 0]);
            reader.waits();
            log.advance(event).unwrap_err();
        }
        let mut reader = resume(&log, 2_000).unwrap();
        reader.waits();
        append_each(&mut log, [2_001]);
        assert!(reader.is_woken());
        assert_eq!(reader.events(), [2_001]);
    }
}

#[test]
fn reader_resumes_anywhere_in_the_window() {
    let mut log = windowed(10_000);
    // Two apart, so that there are sequences between them.
    for event in 1..=3_000 {
        log.append(event * 2, event).unwrap();
    }
    for after in 0..=6_000 {
        let mut reader = resume(&log, after).unwrap();
        let first = after / 2 + 1;
        assert_eq!(reader.subscription.lag(), 3_001 - first);
        if after < 6_000 {
            assert_eq!(reader.event().event, first);
        }
        if after % 500 == 0 {
            let rest: Vec<_> = (first + 1..=3_000).collect();
            assert_eq!(reader.events(), rest);
        }
    }
}

#[test]
fn reader_resumes_between_batches_and_never_within_one() {
    let mut log = windowed(10_000);
    for (sequence, size) in [(2, 5), (4, 600), (9, 1), (10, 8)] {
        log.append_all(sequence, (0..size).map(|_| sequence))
            .unwrap();
    }
    for after in 0..=10 {
        let mut reader = resume(&log, after).unwrap();
        let sizes = [(2, 5), (4, 600), (9, 1), (10, 8)];
        let later = sizes.into_iter().filter(|(sequence, _)| *sequence > after);
        let expected: usize = later.map(|(_, size)| size).sum();
        let events = reader.events();
        assert_eq!(events.len(), expected);
        assert!(events.iter().all(|sequence| *sequence > after));
    }
}

#[test]
fn reader_resumes_after_progress_without_events() {
    let mut log = windowed(5);
    append_each(&mut log, 1..=3);
    log.advance(10).unwrap();
    for after in 3..=10 {
        let mut reader = resume(&log, after).unwrap();
        reader.waits();
        assert_eq!(reader.subscription.cursor().sequence().get(), 10);
    }
    assert_eq!(resume(&log, 2).unwrap().events(), [3]);
}

#[test]
fn nothing_is_missing_where_nothing_was_published() {
    let mut log = Log::new();
    resume(&log, 0).unwrap().waits();
    log.advance(100).unwrap();
    for after in [0, 1, 99, 100] {
        resume(&log, after).unwrap().waits();
    }
}

#[test]
fn cursor_of_another_log_is_refused() {
    let mut log = windowed(10);
    append_each(&mut log, 1..=3);
    let other = LogId::new(log.log_id().get().wrapping_add(1));
    for sequence in [0, 2, 3, 99] {
        let cursor = Cursor::new(other, Sequence::new(sequence));
        assert_eq!(log.source().resume(cursor).unwrap_err(), Stale::OtherLog);
    }
}

#[test]
fn cursor_from_the_future_is_refused() {
    let mut log = windowed(10);
    let ahead = |head| Stale::Ahead {
        head: Sequence::new(head),
    };
    assert_eq!(resume(&log, 1).err(), Some(ahead(0)));
    append_each(&mut log, 1..=3);
    assert_eq!(resume(&log, 4).err(), Some(ahead(3)));
    assert_eq!(resume(&log, u64::MAX).err(), Some(ahead(3)));
    log.advance(4).unwrap();
    assert!(resume(&log, 4).is_ok());
    assert_eq!(resume(&log, 5).err(), Some(ahead(4)));
}

#[test]
fn cursor_older_than_the_window_is_refused() {
    let mut log = windowed(100);
    for event in 1..=5_000 {
        log.append(event * 2, event).unwrap();
        let oldest = log.source().stats().oldest;
        let kept = 5_000.min(event - oldest.get() / 2 + 1);
        assert!(kept >= event.min(100), "{kept} of {event}");
        // The last one that is gone has the sequence two below.
        let gone = oldest.get() - 2;
        let mut reader = resume(&log, gone).unwrap();
        assert_eq!(reader.event().sequence, oldest.get());
        resume(&log, gone + 1).unwrap();
        if gone > 0 {
            let oldest = Sequence::new(gone);
            assert_eq!(resume(&log, gone - 1).err(), Some(Stale::Gap { oldest }));
            assert_eq!(resume(&log, 0).err(), Some(Stale::Gap { oldest }));
        }
    }
}

#[test]
fn batch_of_which_a_part_is_gone_is_a_gap() {
    let mut log = windowed(100);
    for sequence in 1..=60 {
        log.append_all(sequence, 0..77).unwrap();
        for after in 0..=sequence {
            match resume(&log, after) {
                Ok(mut reader) => {
                    assert_eq!(reader.all().len() as u64, (sequence - after) * 77);
                }
                Err(stale) => {
                    let Stale::Gap { oldest } = stale else {
                        panic!("{stale:?}");
                    };
                    assert!(oldest.get() > after, "{oldest} after {after}");
                    // What it names is where one can go on, and the first such.
                    assert!(resume(&log, oldest.get()).is_ok());
                    assert!(resume(&log, oldest.get() - 1).is_err());
                    assert!(after + 1 < sequence, "{after} of {sequence}");
                }
            }
        }
    }
}

#[test]
fn what_bounded_readers_keep_can_be_resumed() {
    let retention = Retention::readers_up_to(100_000);
    let builder = Publisher::<u64, Error>::builder().retention(retention);
    let mut log = builder.build().unwrap();
    let mut reader = Reader::of(&log);
    append_each(&mut log, 1..=3_000);
    for after in [0, 1, 7, 8, 9, 2_999, 3_000] {
        let expected: Vec<_> = (after + 1..=3_000).collect();
        assert_eq!(resume(&log, after).unwrap().events(), expected);
    }
    for read in 1..=3_000 {
        reader.event();
        // What was read may be gone, and no more than that.
        let mut resumed = resume(&log, read).unwrap();
        if read < 3_000 {
            assert_eq!(resumed.event().event, read + 1);
        }
        let oldest = log.source().stats().oldest.get();
        assert!(oldest <= read + 1);
        let mut resumed = resume(&log, oldest - 1).unwrap();
        assert_eq!(resumed.event().event, oldest);
        if oldest > 2 {
            let oldest = Sequence::new(oldest - 1);
            let gap = Stale::Gap { oldest };
            assert_eq!(resume(&log, oldest.get() - 1).err(), Some(gap));
        }
    }
    drop(reader);
    assert!(matches!(resume(&log, 0).err(), Some(Stale::Gap { .. })));
    assert!(resume(&log, 3_000).is_ok());
}

#[test]
fn last_append_can_be_resumed_before_without_a_window() {
    let mut log = Log::new();
    append_each(&mut log, 1..=100);
    for size in [1, 7, 600, 3_000, 1] {
        let before = log.head().get();
        log.append_all(before + 1, 0..size).unwrap();
        assert_eq!(resume(&log, before).unwrap().events().len() as u64, size);
    }
}

#[test]
fn log_that_has_ended_can_be_resumed() {
    let mut log = windowed(100);
    append_each(&mut log, 1..=50);
    let (source, id) = (log.source(), log.log_id());
    log.close();
    let mut reader = Reader::new(source.resume(Cursor::new(id, Sequence::new(20))).unwrap());
    assert_eq!(reader.events(), (21..=50).collect::<Vec<_>>());
    reader.end();
    let ahead = source.resume(Cursor::new(id, Sequence::new(51)));
    assert!(matches!(ahead.err(), Some(Stale::Ahead { .. })));
}

#[test]
fn refusals_say_what_is_wrong() {
    let mut log = windowed(1);
    append_each(&mut log, 1..=5_000);
    let ahead = resume(&log, 6_000).err().unwrap().to_string();
    assert!(ahead.contains("5000"), "{ahead}");
    let gap = resume(&log, 1).err().unwrap().to_string();
    let oldest = (log.source().stats().oldest.get() - 1).to_string();
    assert!(gap.contains(&oldest), "{gap}");
}

#[test]
fn log_that_comes_after_a_sequence_knows_no_cursor_from_before() {
    let id = LogId::new(7);
    let builder = Publisher::<u64>::builder().log_id(id);
    let mut log = builder.after(Sequence::new(100)).build().unwrap();
    let source = log.source();
    assert_eq!(log.head(), Sequence::new(100));
    assert!(log.append(100, 0).is_err());

    let before = Cursor::new(id, Sequence::new(99));
    let oldest = Sequence::new(100);
    assert_eq!(source.resume(before).unwrap_err(), Stale::Gap { oldest });

    log.append(101, 1).unwrap();
    assert_eq!(source.resume(before).unwrap_err(), Stale::Gap { oldest });
    let mut reader = source.resume(Cursor::new(id, oldest)).unwrap();
    assert_eq!(reader.try_next().unwrap().as_deref(), Some(&1));
}
