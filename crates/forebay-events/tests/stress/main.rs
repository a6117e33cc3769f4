//! Real threads on one log. Nothing here depends on the schedule.
//!
//! * A thousand readers of a thousand appends, each with pauses of its own, get every event once and
//!   in order, whether the pump wakes them or the writer.
//! * The same holds for readers that come, go, resume and cross into other logs in between.
//! * Whoever is cut off, or closed by force, got everything up to there, and misses what it is told.
//! * Nothing is left in memory.

mod reading;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::Poll;
use std::thread;

use forebay_events::{Closer, Reason, RecvError, Retention, Source};
use futures::StreamExt;
use futures::executor::block_on;

use crate::reading::{Event, Numbers, Reader, beside, log, write};

/// Waits until the pump, which is in a thread of its own, has freed what was left to it.
fn nothing_is_left(alive: &AtomicU64) {
    while alive.load(SeqCst) > 0 {
        thread::yield_now();
    }
}

#[test]
fn thousand_readers_of_a_thousand_appends_get_everything() {
    for is_pumped in [true, false] {
        let alive = Arc::new(AtomicU64::new(0));
        let mut log = log(is_pumped, Retention::READERS);
        let readers = (0..1_000).map(|_| log.source().subscribe()).collect();
        let (got, written) = beside(readers, || {
            let written = write(&mut log, &mut Numbers::new(7), &alive, 1_000);
            log.close();
            written
        });
        assert_eq!(got.len(), 1_000);
        for got in got {
            assert_eq!((got.next, got.missed), (written, 0));
            assert_eq!(got.end, RecvError::Closed);
        }
        nothing_is_left(&alive);
    }
}

#[test]
fn readers_that_are_cut_off_miss_what_they_are_told() {
    let alive = Arc::new(AtomicU64::new(0));
    let mut log = log(true, Retention::readers_up_to(100));
    let readers = (0..100).map(|_| log.source().subscribe()).collect();
    let (got, written) = beside(readers, || {
        let written = write(&mut log, &mut Numbers::new(7), &alive, 3_000);
        drop(log);
        written
    });
    for got in got {
        assert_eq!(got.next, written);
        assert_eq!(got.end, RecvError::PublisherLost);
    }
    nothing_is_left(&alive);
}

#[test]
fn readers_that_are_closed_by_force_hear_of_it() {
    let alive = Arc::new(AtomicU64::new(0));
    let mut log = log(true, Retention::READERS);
    let mut readers: Vec<Reader> = (0..200).map(|_| log.source().subscribe()).collect();
    let closers: Vec<Closer> = readers.iter_mut().map(|reader| reader.closer()).collect();
    let (got, written) = beside(readers, || {
        thread::scope(|scope| {
            scope.spawn(|| {
                for closer in closers.iter().step_by(2) {
                    (0..20).for_each(|_| thread::yield_now());
                    // A reader that has come to its end is gone.
                    closer.close(Reason::Revoked);
                }
            });
            let written = write(&mut log, &mut Numbers::new(7), &alive, 2_000);
            log.close();
            written
        })
    });
    for (number, got) in got.into_iter().enumerate() {
        let is_forced = got.end == RecvError::ForceClosed(Reason::Revoked);
        assert!(is_forced || (got.end == RecvError::Closed && got.next == written));
        assert!(!is_forced || number % 2 == 0);
    }
    nothing_is_left(&alive);
}

/// Comes, reads a little in some way, and goes, again and again until the log ends.
fn come_and_go(source: &Source<Event>, mut numbers: Numbers) {
    let mut cursor = None;
    loop {
        let mut reader = match (cursor, numbers.below(4)) {
            (Some(cursor), 0 | 1) => match source.resume(cursor) {
                Ok(reader) => reader,
                // The window has moved on.
                Err(_) => source.subscribe_oldest(),
            },
            (_, 2) => source.subscribe_oldest(),
            (_, 3) => source.position().subscribe(),
            _ => source.subscribe(),
        };
        let mut expected = None;
        for _ in 0..numbers.below(200) {
            match reader.try_next() {
                Ok(Some(event)) => {
                    assert!(expected.is_none_or(|expected| event.number == expected));
                    expected = Some(event.number + 1);
                    if cursor == Some(reader.cursor()) {
                        thread::yield_now();
                    }
                }
                Ok(None) => {
                    let mut next = std::pin::pin!(reader.next());
                    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                    // It is dropped while it waits.
                    if let Poll::Ready(Err(_)) = next.as_mut().poll(&mut cx) {
                        return;
                    }
                    break;
                }
                Err(_) => return,
            }
            if numbers.below(30) == 0 {
                reader = reader.clone();
            }
        }
        cursor = Some(reader.cursor());
    }
}

#[test]
fn readers_come_and_go_while_events_are_published() {
    for retention in [
        Retention::READERS,
        Retention::window(300),
        Retention::readers_up_to(50).with_window(20),
    ] {
        let alive = Arc::new(AtomicU64::new(0));
        let mut log = log(true, retention);
        let source = log.source();
        let steady = (0..40).map(|_| log.source().subscribe()).collect();
        let (got, written) = beside(steady, || {
            thread::scope(|scope| {
                for thread in 0..2 {
                    let source = &source;
                    scope.spawn(move || come_and_go(source, Numbers::new(100 + thread)));
                }
                let written = write(&mut log, &mut Numbers::new(7), &alive, 3_000);
                log.close();
                written
            })
        });
        for got in got {
            assert_eq!(got.next, written);
            let may_miss = retention == Retention::readers_up_to(50).with_window(20);
            assert!(may_miss || got.missed == 0);
        }
        drop(source);
        nothing_is_left(&alive);
    }
}

#[test]
fn readers_follow_from_log_to_log() {
    const LOGS: u64 = 300;

    let alive = Arc::new(AtomicU64::new(0));
    let first = log(true, Retention::READERS);
    let readers = (0..100).map(|_| first.source().subscribe()).collect();
    let (got, written) = beside(readers, || {
        let mut numbers = Numbers::new(7);
        let (mut log, mut next) = (first, 0);
        for _ in 0..LOGS {
            for sequence in 1..=numbers.below(12) {
                let event = Event::new(next, &alive);
                assert!(log.append(sequence, event).is_ok());
                next += 1;
            }
            let other = self::log(numbers.below(2) == 0, Retention::READERS);
            assert!(log.splice_into(other.position()).is_ok());
            log = other;
            (0..numbers.zipf(16)).for_each(|_| thread::yield_now());
        }
        log.close();
        next
    });
    for got in got {
        assert_eq!((got.next, got.missed), (written, 0));
        assert_eq!(got.end, RecvError::Closed);
    }
    nothing_is_left(&alive);
}

#[test]
fn slices_go_from_thread_to_thread() {
    let alive = Arc::new(AtomicU64::new(0));
    let mut log = log(true, Retention::READERS);
    let mut stream = log.source().subscribe().into_stream();
    let (tx, rx) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            block_on(async {
                while let Some(Ok(slice)) = stream.next().await {
                    tx.send(slice).expect("somebody takes them");
                }
            });
        });
        let takes = scope.spawn(move || {
            let mut next = 0;
            for slice in rx {
                for event in &slice {
                    assert_eq!(event.number, next);
                    next += 1;
                }
            }
            next
        });
        let written = write(&mut log, &mut Numbers::new(7), &alive, 5_000);
        log.close();
        assert_eq!(takes.join().expect("they are in order"), written);
    });
    nothing_is_left(&alive);
}
