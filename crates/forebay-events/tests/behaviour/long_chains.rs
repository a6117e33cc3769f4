//! Long backlogs and long chains of logs, on a stack on which no recursion over them fits.
//!
//! * Dropping them is iterative, whoever drops the last handle.
//! * So is following a chain of splices, also of empty logs.

use forebay_events::{Publisher, RecvError};

use crate::payload::{Census, on_a_small_stack};
use crate::reader::{Error, Log, Reader};

/// Many in a build for speed, and fewer in one for debugging, where it takes ten times as long.
const EVENTS: u64 = if cfg!(debug_assertions) {
    1_000_000
} else {
    10_000_000
};
const LOGS: usize = 100_000;

/// A backlog, and a reader that has read nothing of it.
fn backlog() -> (Log, Reader) {
    let mut log = Publisher::<u64, Error>::builder().inline().build().unwrap();
    let reader = Reader::of(&log);
    for batch in 1..=EVENTS / 1_000 {
        log.append_all(batch, 0..1_000).unwrap();
    }
    (log, reader)
}

#[test]
fn long_backlog_is_dropped_by_its_reader() {
    on_a_small_stack(|| {
        let (log, reader) = backlog();
        assert_eq!(reader.subscription.lag(), EVENTS);
        drop(reader);
        drop(log);
    });
}

#[test]
fn long_backlog_is_dropped_by_a_reader_whose_log_is_gone() {
    on_a_small_stack(|| {
        let (log, reader) = backlog();
        drop(log);
        drop(reader);
    });
}

#[test]
fn long_backlog_is_dropped_by_a_position() {
    on_a_small_stack(|| {
        let (log, reader) = backlog();
        let position = reader.subscription.position();
        drop(reader);
        log.close();
        drop(position);
    });
}

#[test]
fn long_backlog_of_small_segments_is_dropped() {
    let census = Census::default();
    let counted = census.clone();
    on_a_small_stack(move || {
        let mut log = Publisher::<_>::new();
        let reader = log.source().subscribe();
        for number in 1..=100_000 {
            log.append(number, counted.event(number)).unwrap();
        }
        drop(log);
        drop(reader);
    });
    assert_eq!(census.alive(), 0);
}

/// Empty logs, each spliced into the next one; the last goes on.
fn chain() -> (Reader, Log) {
    let first = Log::new();
    let reader = Reader::of(&first);
    let mut log = first;
    for _ in 0..LOGS {
        let next = Log::new();
        log.splice_into(next.position()).unwrap();
        log = next;
    }
    (reader, log)
}

#[test]
fn long_chain_of_logs_is_followed() {
    on_a_small_stack(|| {
        let (mut reader, mut last) = chain();
        reader.waits();
        last.append(1, 7).unwrap();
        assert!(reader.is_woken());
        assert_eq!(reader.events(), [7]);
        last.close();
        assert_eq!(reader.end(), RecvError::Closed);
    });
}

#[test]
fn long_chain_of_logs_is_dropped() {
    on_a_small_stack(|| {
        let (reader, last) = chain();
        drop(reader);
        drop(last);
        let (reader, last) = chain();
        drop(last);
        drop(reader);
    });
}

#[test]
fn long_chain_of_logs_is_dropped_by_its_position_and_its_source() {
    on_a_small_stack(|| {
        let (reader, last) = chain();
        let position = reader.subscription.position();
        drop((reader, last));
        drop(position);
        let first = Log::new();
        let source = first.source();
        let oldest = source.oldest();
        let mut log = first;
        for _ in 0..LOGS {
            let next = Log::new();
            log.splice_into(next.position()).unwrap();
            log = next;
        }
        drop((log, oldest));
        drop(source);
    });
}

#[test]
fn chain_that_is_built_from_its_end_is_dropped() {
    on_a_small_stack(|| {
        let last = Log::new();
        let mut position = last.position();
        // Each splice looks at all that come after it, for a circle.
        for number in 1..=LOGS as u64 / 20 {
            let mut log = Log::new();
            let start = log.position();
            log.append(1, number).unwrap();
            log.splice_into(position).unwrap();
            position = start;
        }
        let mut reader = Reader::new(position.subscribe());
        let expected: Vec<_> = (1..=LOGS as u64 / 20).rev().collect();
        assert_eq!(reader.events(), expected);
        drop(reader);
        drop(last);
        drop(position);
    });
}
