//! Publishing, waiting and reading.
//!
//! * No wake is lost, and no event, across segments.
//! * A batch is there as a whole or not at all.
//! * A cursor never names what was not read, and a reader that comes in between misses nothing.

use forebay_events::{Publisher, RecvError, Retention};
use loom::thread;

use crate::{Log, append, log, model, read_all, shallow_model};

#[test]
fn reader_that_waits_gets_everything() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        let reads = thread::spawn(move || read_all(&mut reader));
        append(&mut log, 1..=2);
        log.close();
        assert_eq!(reads.join().unwrap(), (vec![1, 2], RecvError::Closed));
    });
}

#[test]
fn two_readers_that_wait_get_everything() {
    shallow_model(|| {
        let mut log = log();
        let reads = [(); 2].map(|()| {
            let mut reader = log.source().subscribe();
            thread::spawn(move || read_all(&mut reader))
        });
        append(&mut log, 1..=1);
        log.close();
        for reads in reads {
            assert_eq!(reads.join().unwrap(), (vec![1], RecvError::Closed));
        }
    });
}

#[test]
fn reader_crosses_segments_while_they_are_made() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        let reads = thread::spawn(move || {
            let mut got = Vec::new();
            for _ in 0..3 {
                while let Some(slice) = reader.try_next_slice().unwrap() {
                    got.extend(slice.iter().map(|entry| {
                        assert_eq!(entry.sequence().get(), *entry);
                        *entry
                    }));
                }
                thread::yield_now();
            }
            (got, reader)
        });
        append(&mut log, 1..=4);
        let (mut got, mut reader) = reads.join().unwrap();
        while let Some(entry) = reader.try_next().unwrap() {
            got.push(*entry);
        }
        assert_eq!(got, [1, 2, 3, 4]);
    });
}

#[test]
fn batch_is_there_as_a_whole_or_not_at_all() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        let reads = thread::spawn(move || {
            let mut got = Vec::new();
            while let Some(entry) = reader.try_next().unwrap() {
                got.push((*entry, entry.is_last()));
            }
            let whole = [(1, false), (2, false), (3, false), (4, true)];
            assert!(got.is_empty() || got == whole, "{got:?}");
        });
        log.append_all(1, 1..=4).unwrap();
        reads.join().unwrap();
    });
}

#[test]
fn batch_is_whole_for_a_reader_that_is_in_its_first_segment() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        append(&mut log, 1..=2);
        let reads = thread::spawn(move || {
            let mut got = Vec::new();
            while let Some(entry) = reader.try_next().unwrap() {
                got.push(*entry);
            }
            assert!(got == [1, 2] || got == [1, 2, 3, 4, 5], "{got:?}");
        });
        log.append_all(3, 3..=5).unwrap();
        reads.join().unwrap();
    });
}

#[test]
fn batch_wakes_a_reader_that_then_has_all_of_it() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        let reads = thread::spawn(move || {
            let first = *loom::future::block_on(reader.next()).unwrap();
            let mut got = vec![first];
            while let Some(entry) = reader.try_next().unwrap() {
                got.push(*entry);
            }
            assert_eq!(got, [1, 2, 3, 4]);
        });
        log.append_all(1, 1..=4).unwrap();
        reads.join().unwrap();
    });
}

#[test]
fn cursor_names_only_what_was_read() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        let reads = thread::spawn(move || {
            for _ in 0..3 {
                let cursor = reader.cursor().sequence();
                if let Some(entry) = reader.try_next().unwrap() {
                    assert!(entry.sequence() > cursor);
                }
            }
        });
        log.advance(1).unwrap();
        append(&mut log, 2..=2);
        log.advance(3).unwrap();
        append(&mut log, 4..=5);
        log.advance(6).unwrap();
        reads.join().unwrap();
    });
}

#[test]
fn sequences_can_be_asked_for_while_others_are_noted() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        log.append(2, 1).unwrap();
        log.append(5, 2).unwrap();
        let reads = thread::spawn(move || {
            let mut got = Vec::new();
            while let Some(entry) = reader.try_next().unwrap() {
                got.push((entry.sequence().get(), *entry, entry.is_last()));
            }
            let all = [
                (2, 1, true),
                (5, 2, true),
                (9, 3, false),
                (9, 4, false),
                (9, 5, true),
                (20, 6, true),
            ];
            assert!([2, 5, 6].contains(&got.len()), "{got:?}");
            assert_eq!(got, all[..got.len()]);
        });
        log.append_all(9, 3..=5).unwrap();
        log.append(20, 6).unwrap();
        reads.join().unwrap();
    });
}

#[test]
fn reader_that_comes_in_between_misses_nothing() {
    model(|| {
        let mut log = log();
        let source = log.source();
        let comes = thread::spawn(move || {
            let mut reader = source.subscribe();
            let cursor = reader.cursor();
            let mut got = Vec::new();
            while let Some(entry) = reader.try_next().unwrap() {
                got.push(*entry);
            }
            (got, reader, cursor)
        });
        append(&mut log, 1..=3);
        let (mut got, mut reader, cursor) = comes.join().unwrap();
        while let Some(entry) = reader.try_next().unwrap() {
            got.push(*entry);
        }
        let expected: Vec<_> = (cursor.sequence().get() + 1..=3).collect();
        assert_eq!(got, expected);
    });
}

#[test]
fn reader_that_comes_during_a_batch_gets_all_of_it_or_nothing() {
    model(|| {
        let mut log = log();
        let source = log.source();
        let comes = thread::spawn(move || source.subscribe());
        log.append_all(1, 1..=5).unwrap();
        let mut reader = comes.join().unwrap();
        let mut got = Vec::new();
        while let Some(entry) = reader.try_next().unwrap() {
            got.push(*entry);
        }
        assert!(got.is_empty() || got == [1, 2, 3, 4, 5], "{got:?}");
    });
}

#[test]
fn cursor_of_a_reader_that_comes_in_between_can_be_resumed() {
    model(|| {
        let mut log = log();
        append(&mut log, 1..=1);
        let source = log.source();
        let comes = thread::spawn(move || {
            let cursor = source.subscribe().cursor();
            // Without a window, the last append alone is kept.
            let Ok(mut resumed) = source.resume(cursor) else {
                return;
            };
            if let Some(entry) = resumed.try_next().unwrap() {
                assert_eq!(entry.sequence().get(), cursor.sequence().get() + 1);
            }
        });
        append(&mut log, 2..=3);
        comes.join().unwrap();
    });
}

#[test]
fn window_can_be_resumed_while_it_moves() {
    model(|| {
        let builder = Publisher::builder()
            .inline()
            .retention(Retention::window(3));
        let mut log: Log = builder.build().unwrap();
        append(&mut log, 1..=3);
        let source = log.source();
        let resumes = thread::spawn(move || {
            let cursor = forebay_core::Cursor::new(source.log_id(), 2.into());
            let mut resumed = source.resume(cursor).unwrap();
            assert_eq!(*resumed.try_next().unwrap().unwrap(), 3);
        });
        append(&mut log, 4..=5);
        resumes.join().unwrap();
    });
}

#[test]
fn reader_that_is_dropped_costs_nobody_anything() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        let mut other = log.source().subscribe();
        let drops = thread::spawn(move || {
            let waker = std::task::Waker::noop();
            let mut cx = std::task::Context::from_waker(waker);
            // It waits, or takes an event and its segment with it.
            if reader.poll_ready(&mut cx).is_ready() {
                reader.try_next().unwrap();
            }
            drop(reader);
        });
        append(&mut log, 1..=3);
        drops.join().unwrap();
        log.close();
        assert_eq!(read_all(&mut other).0, [1, 2, 3]);
    });
}
