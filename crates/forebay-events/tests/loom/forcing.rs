//! Closing a reader by force while it waits or reads.
//!
//! * It hears of it, whenever that happens; and once closing has returned, it gets no event.

use forebay_events::{Reason, RecvError};
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::thread;

use crate::{append, log, model, read_all};

const REVOKED: RecvError<&str> = RecvError::ForceClosed(Reason::Revoked);

#[test]
fn reader_that_waits_hears_that_it_is_closed() {
    model(|| {
        let log = log();
        let mut reader = log.source().subscribe();
        let closer = reader.closer();
        let reads = thread::spawn(move || read_all(&mut reader));
        assert!(closer.close(Reason::Revoked));
        assert_eq!(reads.join().unwrap(), (Vec::new(), REVOKED));
        drop(log);
    });
}

#[test]
fn reader_that_is_closed_while_events_come_hears_of_it() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        let closer = reader.closer();
        let reads = thread::spawn(move || read_all(&mut reader));
        append(&mut log, 1..=1);
        closer.close(Reason::Revoked);
        let (got, end) = reads.join().unwrap();
        assert_eq!(end, REVOKED);
        assert!(got.is_empty() || got == [1]);
    });
}

#[test]
fn reader_gets_nothing_after_closing_has_returned() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        let closer = reader.closer();
        append(&mut log, 1..=2);
        let is_closed = Arc::new(AtomicBool::new(false));
        let closes = {
            let is_closed = is_closed.clone();
            thread::spawn(move || {
                closer.close(Reason::Revoked);
                is_closed.store(true, Release);
            })
        };
        for _ in 0..2 {
            let was_closed = is_closed.load(Acquire);
            let got = reader.try_next();
            assert!(!was_closed || got.is_err());
        }
        closes.join().unwrap();
        assert_eq!(reader.try_next().unwrap_err(), REVOKED);
    });
}

#[test]
fn who_sees_that_a_reader_is_closed_sees_what_came_before() {
    model(|| {
        let log = log();
        let mut reader = log.source().subscribe();
        let (closer, other) = (reader.closer(), reader.closer());
        let right = Arc::new(AtomicBool::new(true));
        let revokes = {
            let right = right.clone();
            thread::spawn(move || {
                right.store(false, Relaxed);
                closer.close(Reason::Revoked);
            })
        };
        if other.is_closed() {
            assert!(!right.load(Relaxed));
        }
        revokes.join().unwrap();
        drop(log);
    });
}

#[test]
fn two_that_close_agree_on_the_reason() {
    model(|| {
        let log = log();
        let mut reader = log.source().subscribe();
        let (first, second) = (reader.closer(), reader.closer());
        let closes = thread::spawn(move || first.close(Reason::Refreshed));
        let second = second.close(Reason::Revoked);
        let first = closes.join().unwrap();
        assert!(first != second);
        let expected = if second {
            REVOKED
        } else {
            RecvError::ForceClosed(Reason::Refreshed)
        };
        assert_eq!(reader.try_next().unwrap_err(), expected);
        drop(log);
    });
}
