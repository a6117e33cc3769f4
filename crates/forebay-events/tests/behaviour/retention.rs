//! How long events stay.
//!
//! * With `READERS`, as long as somebody can still read them, however many there are; a source does
//!   not keep any.
//! * With `window`, the newest stay besides, for those who resume.
//! * Events are dropped once, when they go.

use forebay_events::{Publisher, Retention};

use crate::payload::{Census, Counted};

/// The most events that a segment holds.
const SEGMENT: usize = 512;

fn kept_by(retention: Retention) -> Publisher<Counted> {
    Publisher::builder().retention(retention).build().unwrap()
}

fn append(log: &mut Publisher<Counted>, census: &Census, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        log.append(number, census.event(number)).unwrap();
    }
}

#[test]
fn events_stay_as_long_as_a_reader_has_not_read_them() {
    let census = Census::default();
    let mut log = kept_by(Retention::READERS);
    let mut slow = log.source().subscribe();
    let mut fast = log.source().subscribe();
    append(&mut log, &census, 1..=20_000);
    while fast.try_next_slice().unwrap().is_some() {}
    assert_eq!(census.alive(), 20_000);
    let mut read = 0;
    while let Some(slice) = slow.try_next_slice().unwrap() {
        read += slice.len();
        assert!(census.alive() >= 20_000 - read);
        assert!(census.alive() <= 20_000 - read + 2 * SEGMENT);
    }
    assert_eq!(read, 20_000);
    drop((slow, fast, log));
    assert_eq!(census.alive(), 0);
    assert_eq!(census.dropped(), 20_000);
}

#[test]
fn source_keeps_no_events() {
    let census = Census::default();
    let mut log = kept_by(Retention::READERS);
    let sources: Vec<_> = (0..10).map(|_| log.source()).collect();
    append(&mut log, &census, 1..=20_000);
    assert!(census.alive() <= SEGMENT);
    drop(log);
    let subscriptions: Vec<_> = sources.iter().map(|source| source.subscribe()).collect();
    drop(subscriptions);
    assert!(census.alive() <= SEGMENT);
    drop(sources);
    assert_eq!(census.alive(), 0);
}

#[test]
fn events_without_readers_go_with_their_segment() {
    let census = Census::default();
    let mut log = kept_by(Retention::READERS);
    for number in 1..=20_000 {
        log.append(number, census.event(number)).unwrap();
        assert!(census.alive() <= SEGMENT, "{} of {number}", census.alive());
    }
}

#[test]
fn window_keeps_the_newest() {
    for events in [0, 1, 10, 100, 3_000] {
        let census = Census::default();
        let mut log = kept_by(Retention::window(events));
        for number in 1..=20_000 {
            log.append(number, census.event(number)).unwrap();
            let alive = census.alive();
            assert!(alive >= events.min(number as usize));
            assert!(alive <= events + 2 * SEGMENT, "{alive} for {events}");
        }
        let mut oldest = log.source().subscribe_oldest();
        let first = oldest.try_next().unwrap().unwrap().number;
        assert!(first as usize <= 20_001 - events);
        drop((oldest, log));
        assert_eq!(census.alive(), 0);
    }
}

#[test]
fn window_keeps_the_newest_of_batches() {
    let census = Census::default();
    let mut log = kept_by(Retention::window(1_000));
    for sequence in 1..=50 {
        let events = (0..777).map(|number| census.event(number));
        log.append_all(sequence, events).unwrap();
        assert!(census.alive() >= 1_000.min(sequence as usize * 777));
        assert!(census.alive() <= 1_000 + 777 + 2 * SEGMENT);
    }
}

#[test]
fn slow_reader_of_a_window_loses_nothing() {
    let census = Census::default();
    let mut log = kept_by(Retention::window(10));
    let mut slow = log.source().subscribe();
    append(&mut log, &census, 1..=10_000);
    assert_eq!(census.alive(), 10_000);
    for number in 1..=10_000 {
        assert_eq!(slow.try_next().unwrap().unwrap().number, number);
    }
    assert!(census.alive() <= 10 + 2 * SEGMENT);
}

#[test]
fn window_stays_when_the_log_ends() {
    let census = Census::default();
    let mut log = kept_by(Retention::window(100));
    append(&mut log, &census, 1..=5_000);
    let source = log.source();
    log.close();
    let mut oldest = source.subscribe_oldest();
    let first = oldest.try_next().unwrap().unwrap().number;
    assert!(first <= 4_901);
    drop(oldest);
    assert!(census.alive() >= 100);
    drop(source);
    assert_eq!(census.alive(), 0);
}

#[test]
fn oldest_of_a_log_is_a_position() {
    let census = Census::default();
    let mut log = kept_by(Retention::window(100));
    append(&mut log, &census, 1..=1_000);
    let oldest = log.source().oldest();
    append(&mut log, &census, 1_001..=9_000);
    let mut reader = oldest.subscribe();
    drop(oldest);
    let first = reader.try_next().unwrap().unwrap().number;
    assert!(first <= 901);
    for number in first + 1..=9_000 {
        assert_eq!(reader.try_next().unwrap().unwrap().number, number);
    }
}

#[test]
fn subscriber_from_the_oldest_of_an_empty_log_gets_what_comes() {
    let census = Census::default();
    let mut log = kept_by(Retention::READERS);
    let mut reader = log.source().subscribe_oldest();
    assert!(reader.try_next().unwrap().is_none());
    append(&mut log, &census, 1..=1);
    assert_eq!(reader.try_next().unwrap().unwrap().number, 1);
}
