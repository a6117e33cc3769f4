//! Events one by one, as slices and as owned ones.
//!
//! * They are the same events in the same order, however they are read and mixed.
//! * A slice has at least one event and knows the sequence of each, and which is the last of its
//!   sequence.
//! * An owned slice keeps its events, whatever becomes of the log.

use forebay_events::{Publisher, Subscription};
use futures::StreamExt;

use crate::payload::{Census, Counted};
use crate::reader::{Error, Log, Seen};
use crate::wakers::{Hand, at_once, finished};

/// A log with batches of many sizes, one event of each counting up; and what its readers must see.
fn assorted(log: &mut Log) -> Vec<Seen> {
    let mut expected = Vec::new();
    let mut event = 0;
    for (sequence, size) in (1..).zip([1, 3, 1, 8, 40, 1, 2, 511, 7, 1_200, 1, 64]) {
        let events = event..event + size;
        event = events.end;
        for event in events.clone() {
            expected.push(Seen {
                sequence,
                event,
                is_last: event + 1 == events.end,
            });
        }
        assert_eq!(log.append_all(sequence, events).unwrap(), size as usize);
    }
    expected
}

fn seen(sequence: forebay_core::Sequence, event: u64, is_last: bool) -> Seen {
    Seen {
        sequence: sequence.get(),
        event,
        is_last,
    }
}

/// Takes a slice and holds it against what it says of itself.
fn take_slice(reader: &mut Subscription<u64, Error>) -> Option<Vec<Seen>> {
    let slice = reader.try_next_slice().unwrap()?;
    assert!(!slice.is_empty());
    let seen: Vec<_> = slice
        .iter()
        .map(|entry| seen(entry.sequence(), *entry.event(), entry.is_last()))
        .collect();
    assert_eq!(seen.len(), slice.len());
    for (number, one) in seen.iter().enumerate() {
        let entry = slice.entry(number).expect("it is one of them");
        assert_eq!(entry.sequence().get(), one.sequence);
        assert_eq!(
            (slice[number], slice.events()[number]),
            (one.event, one.event)
        );
    }
    assert!(slice.entry(seen.len()).is_none());
    for (index, one) in seen.iter().enumerate() {
        let mut entries = slice.iter();
        let found = entries.nth(index).map(|entry| *entry);
        assert_eq!(
            (found, entries.len()),
            (Some(one.event), seen.len() - index - 1)
        );
    }
    let mut entries = slice.iter();
    assert!(entries.nth(seen.len()).is_none() && entries.nth(usize::MAX).is_none());
    assert_eq!(entries.len(), 0);
    assert_eq!(slice.iter().len(), seen.len());
    assert_eq!(slice.into_iter().count(), seen.len());
    Some(seen)
}

fn take_one(reader: &mut Subscription<u64, Error>) -> Option<Seen> {
    let entry = reader.try_next().unwrap()?;
    Some(seen(entry.sequence(), *entry, entry.is_last()))
}

#[test]
fn slices_hold_the_same_events() {
    let mut log = Log::new();
    let mut reader = log.source().subscribe();
    let expected = assorted(&mut log);
    let mut got = Vec::new();
    while let Some(slice) = take_slice(&mut reader) {
        got.extend(slice);
    }
    assert_eq!(got, expected);
}

#[test]
fn ways_to_read_can_be_mixed() {
    for pattern in 1..32_u32 {
        let mut log = Log::new();
        let mut reader = log.source().subscribe();
        let expected = assorted(&mut log);
        let mut got = Vec::new();
        for step in 0.. {
            let before = got.len();
            match pattern >> (step % 5) & 1 {
                0 => got.extend(take_one(&mut reader)),
                _ => got.extend(take_slice(&mut reader).into_iter().flatten()),
            }
            if got.len() == before {
                break;
            }
        }
        assert_eq!(got, expected, "pattern {pattern:b}");
    }
}

#[test]
fn futures_give_what_tries_give() {
    let mut log = Log::new();
    let mut reader = log.source().subscribe();
    let mut sliced = reader.clone();
    let expected = assorted(&mut log);
    for expected in &expected {
        // Some polls only let others have their turn.
        let entry = finished(reader.next()).unwrap();
        assert_eq!(seen(entry.sequence(), *entry, entry.is_last()), *expected);
    }
    Hand::new(reader.next()).waits();
    let mut count = 0;
    while count < expected.len() {
        let slice = finished(sliced.next_slice()).unwrap();
        let events: Vec<_> = expected[count..count + slice.len()]
            .iter()
            .map(|seen| seen.event)
            .collect();
        assert_eq!(&slice[..], events);
        count += slice.len();
    }
    Hand::new(sliced.next_slice()).waits();
}

#[test]
fn slice_leaves_what_comes_after_it() {
    let mut log = Log::new();
    let mut reader = log.source().subscribe();
    log.append_all(1, [1, 2]).unwrap();
    let taken = take_slice(&mut reader).unwrap().len();
    log.append_all(2, [3, 4]).unwrap();
    for expected in taken as u64 + 1..=4 {
        match expected % 2 {
            0 => assert_eq!(take_slice(&mut reader).unwrap()[0].event, expected),
            _ => assert_eq!(take_one(&mut reader).unwrap().event, expected),
        }
    }
    assert!(take_slice(&mut reader).is_none());
}

#[test]
fn slice_that_ends_within_a_batch_says_so() {
    let mut log = Log::new();
    let mut reader = log.source().subscribe();
    log.append_all(1, 0..2_000).unwrap();
    let mut left = 2_000;
    while let Some(slice) = reader.try_next_slice().unwrap() {
        left -= slice.len();
        let last = slice.entry(slice.len() - 1).unwrap();
        assert_eq!(last.is_last(), left == 0);
        assert_eq!(
            slice.iter().filter(|entry| entry.is_last()).count(),
            usize::from(left == 0)
        );
    }
    assert_eq!(left, 0);
}

#[test]
fn owned_slice_keeps_its_events() {
    let census = Census::default();
    let mut log = Publisher::<Counted>::new();
    let mut stream = log.source().subscribe().into_stream();
    for number in 1..=100 {
        log.append(number, census.event(number)).unwrap();
    }
    let first = at_once(stream.next()).unwrap().unwrap();
    log.close();
    let mut slices = vec![first];
    while let Some(Ok(slice)) = at_once(stream.next()) {
        slices.push(slice);
    }
    drop(stream);
    let numbers = slices.iter().flat_map(|slice| &slice[..]);
    assert!(numbers.map(|event| event.number).eq(1..=100));
    let sequences = slices.iter().flatten().map(|entry| entry.sequence().get());
    assert!(sequences.eq(1..=100));
    let clones = slices.clone();
    drop(slices);
    assert_eq!(census.alive(), 100);
    let slices = clones;
    assert_eq!(census.alive(), 100);
    drop(slices);
    assert_eq!(census.alive(), 0);
}
