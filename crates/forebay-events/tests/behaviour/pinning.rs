//! What a reader keeps alive.
//!
//! * An idle reader keeps at most the segment in which it stands.
//! * A position keeps what comes after it; so does a clone of a reader.
//! * Of a quiet log the segments are small.

use forebay_events::Publisher;

use crate::payload::{Census, Counted};

const SEGMENT: usize = 512;

fn append(log: &mut Publisher<Counted>, census: &Census, count: u64) {
    for _ in 0..count {
        let number = log.head().get() + 1;
        log.append(number, census.event(number)).unwrap();
    }
}

#[test]
fn idle_reader_keeps_its_own_segment_at_most() {
    for count in [1, 8, 9, 100, 1_000, 5_000, 20_000] {
        let census = Census::default();
        let mut log = Publisher::<Counted>::new();
        let mut reader = log.source().subscribe();
        append(&mut log, &census, count);
        while reader.try_next().unwrap().is_some() {}
        assert!(census.alive() <= SEGMENT, "{} of {count}", census.alive());
    }
}

#[test]
fn segments_of_a_quiet_log_are_small() {
    let census = Census::default();
    let mut log = Publisher::<Counted>::new();
    let mut reader = log.source().subscribe();
    for _ in 0..8 {
        append(&mut log, &census, 1);
        reader.try_next().unwrap();
    }
    append(&mut log, &census, 1);
    reader.try_next().unwrap();
    assert!(census.alive() <= 8, "{}", census.alive());
}

#[test]
fn thousand_idle_readers_keep_no_more_than_one() {
    let census = Census::default();
    let mut log = Publisher::<Counted>::new();
    let mut readers: Vec<_> = (0..1_000).map(|_| log.source().subscribe()).collect();
    append(&mut log, &census, 3_000);
    for reader in &mut readers {
        while reader.try_next_slice().unwrap().is_some() {}
    }
    assert!(census.alive() <= SEGMENT);
}

#[test]
fn position_keeps_what_comes_after_it() {
    let census = Census::default();
    let mut log = Publisher::<Counted>::new();
    append(&mut log, &census, 1_000);
    let position = log.position();
    let again = position.clone();
    append(&mut log, &census, 5_000);
    assert!(census.alive() >= 5_000);
    for position in [position, again] {
        let mut reader = position.subscribe();
        for number in 1_001..=6_000 {
            assert_eq!(reader.try_next().unwrap().unwrap().number, number);
        }
    }
    assert!(census.alive() <= SEGMENT);
}

#[test]
fn position_of_a_reader_is_where_it_reads_next() {
    let census = Census::default();
    let mut log = Publisher::<Counted>::new();
    let mut reader = log.source().subscribe();
    log.append_all(1, (1..=30).map(|number| census.event(number)))
        .unwrap();
    for read in 0..30 {
        let position = reader.position();
        let mut other = position.subscribe();
        assert_eq!(other.lag(), 30 - read);
        assert_eq!(other.cursor(), reader.cursor());
        assert_eq!(other.try_next().unwrap().unwrap().number, read + 1);
        reader.try_next().unwrap();
    }
    assert!(reader.position().subscribe().try_next().unwrap().is_none());
}

#[test]
fn clone_of_a_reader_keeps_what_it_has_not_read() {
    let census = Census::default();
    let mut log = Publisher::<Counted>::new();
    let mut reader = log.source().subscribe();
    append(&mut log, &census, 100);
    reader.try_next().unwrap();
    let mut clone = reader.clone();
    append(&mut log, &census, 3_000);
    drop(reader);
    for number in 2..=3_100 {
        assert_eq!(clone.try_next().unwrap().unwrap().number, number);
    }
}

#[test]
fn events_outlive_the_log_for_those_who_read_them() {
    let census = Census::default();
    let mut log = Publisher::<Counted>::new();
    let mut reader = log.source().subscribe();
    append(&mut log, &census, 3_000);
    log.close();
    for number in 1..=3_000 {
        assert_eq!(reader.try_next().unwrap().unwrap().number, number);
    }
    assert!(reader.try_next().is_err());
    drop(reader);
    assert_eq!(census.alive(), 0);
}

#[test]
fn nothing_is_left_of_a_log_in_whatever_order_its_handles_go() {
    for order in 0..24_usize {
        let census = Census::default();
        let mut log = Publisher::<Counted>::new();
        let mut reader = log.source().subscribe();
        let source = log.source();
        append(&mut log, &census, 700);
        reader.try_next().unwrap();
        let position = reader.position();
        let mut parts: Vec<Box<dyn FnOnce()>> = vec![
            Box::new(move || drop(log)),
            Box::new(move || drop(reader)),
            Box::new(move || drop(source)),
            Box::new(move || drop(position)),
        ];
        let mut left = order;
        for count in (1..=4).rev() {
            parts.swap_remove(left % count)();
            left /= count;
        }
        assert_eq!(census.alive(), 0, "order {order}");
    }
}
