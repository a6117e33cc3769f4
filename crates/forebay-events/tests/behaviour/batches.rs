//! Many events in one append.
//!
//! * All of them have one sequence, and the last one says that it is the last.
//! * They become visible in one step, also across segments.
//! * An empty batch moves the head, stores nothing and wakes nobody.
//! * Of an iterator that panics nothing is visible, and the publisher goes on; so it does after an
//!   iterator that lies about its length or looks at the log.

use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use forebay_core::Sequence;
use forebay_events::Publisher;

use crate::payload::{Census, Counted};
use crate::reader::{Log, Reader, Seen, append_each};

/// Numbers of events on both sides of where segments of any likely size end.
const SIZES: [u64; 14] = [1, 2, 7, 8, 9, 23, 24, 25, 56, 511, 512, 513, 1_500, 5_000];

#[test]
fn events_of_a_batch_share_their_sequence() {
    for size in SIZES {
        let mut log = Log::new();
        let mut reader = Reader::of(&log);
        append_each(&mut log, 1..=3);
        assert_eq!(log.append_all(4, 0..size).unwrap(), size as usize);
        log.append(5, 7).unwrap();
        for event in 1..=3 {
            assert_eq!(reader.event().event, event);
        }
        for event in 0..size {
            let is_last = event == size - 1;
            let sequence = 4;
            assert_eq!(
                reader.event(),
                Seen {
                    sequence,
                    event,
                    is_last
                }
            );
        }
        assert_eq!(reader.all(), [(5, 7)]);
        assert_eq!(log.source().stats().published, size + 4);
    }
}

#[test]
fn batch_is_visible_in_one_step() {
    for size in SIZES {
        let mut log = Log::new();
        let mut waiting = Reader::waiting(&log);
        let source = log.source();
        let mut looking = Reader::of(&log);
        let events = (0..size).inspect(|_| {
            assert_eq!(looking.try_next(), Ok(None));
            assert_eq!(looking.subscription.lag(), 0);
            assert_eq!(source.head(), Sequence::ZERO);
            assert_eq!(source.stats().published, 0);
        });
        log.append_all(1, events).unwrap();
        assert_eq!(looking.subscription.lag(), size);
        assert!(waiting.is_woken());
        assert_eq!(waiting.events(), (0..size).collect::<Vec<_>>());
    }
}

#[test]
fn reader_is_woken_once_for_a_batch() {
    let mut log = Log::new();
    let reader = Reader::waiting(&log);
    log.append_all(1, 0..5_000).unwrap();
    assert_eq!(reader.wakes.count(), 1);
}

#[test]
fn empty_batch_is_an_advance() {
    let mut log = Log::new();
    let mut reader = Reader::waiting(&log);
    assert_eq!(log.append_all(3, iter::empty()).unwrap(), 0);
    assert_eq!(log.head(), Sequence::new(3));
    assert!(!reader.is_woken());
    reader.waits();
    assert_eq!(log.source().stats().retained, 0);
    assert!(log.append(3, 1).is_err());
    log.append(4, 40).unwrap();
    assert_eq!(reader.all(), [(4, 40)]);
}

#[test]
fn millions_of_empty_batches_leave_nothing_behind() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    for sequence in 1..=1_000_000 {
        log.append_all(sequence, []).unwrap();
    }
    log.append(1_000_001, 1).unwrap();
    assert_eq!(reader.all(), [(1_000_001, 1)]);
}

#[test]
fn refused_batch_is_given_back_unread() {
    let mut log = Log::new();
    append_each(&mut log, [5]);
    let unread = iter::from_fn(|| -> Option<u64> { panic!("it was read") });
    assert!(log.append_all(5, unread).is_err());
    assert_eq!(log.head(), Sequence::new(5));
}

/// The first `count` events, and then a panic, past the panic hook, which would print a report.
fn broken(census: &Census, count: u64) -> impl Iterator<Item = Counted> {
    let census = census.clone();
    (0..).map(move |number| match number {
        _ if number == count => resume_unwind(Box::new("out of events")),
        _ => census.event(number),
    })
}

#[test]
fn nothing_of_a_broken_batch_is_visible() {
    for before in [0, 3, 8, 20] {
        for count in iter::once(0).chain(SIZES) {
            let census = Census::default();
            let mut log = Publisher::<Counted>::new();
            let mut reader = log.source().subscribe();
            for number in 1..=before {
                log.append(number, census.event(number)).unwrap();
            }
            let head = log.head();
            let append = AssertUnwindSafe(|| log.append_all(50, broken(&census, count)).is_ok());
            assert!(catch_unwind(append).is_err());
            assert_eq!(log.head(), head);
            assert_eq!(log.source().stats().published, before);
            // The same sequence can be used for a batch that is well.
            let events = (100..100 + count + 1).map(|number| census.event(number));
            log.append_all(50, events).unwrap();
            let numbers = (1..=before).chain(100..=100 + count);
            for number in numbers {
                let entry = reader.try_next().unwrap().expect("it is there");
                assert_eq!(entry.number, number);
            }
            assert!(reader.try_next().unwrap().is_none());
            drop((reader, log));
            assert_eq!(census.alive(), 0, "{before} and {count}");
        }
    }
}

#[test]
fn broken_batch_wakes_nobody() {
    let mut log = Log::new();
    let mut reader = Reader::waiting(&log);
    for _ in 0..3 {
        let events = (0..).inspect(|number| {
            if *number == 30 {
                resume_unwind(Box::new("out of events"));
            }
        });
        assert!(catch_unwind(AssertUnwindSafe(|| log.append_all(1, events).is_ok())).is_err());
        assert!(!reader.is_woken());
        reader.waits();
    }
    log.close();
    assert!(reader.is_woken());
    reader.end();
}

#[test]
fn iterator_may_lie_about_its_length() {
    struct Liar(u64, (usize, Option<usize>));

    impl Iterator for Liar {
        type Item = u64;

        fn next(&mut self) -> Option<u64> {
            self.0 = self.0.checked_sub(1)?;
            Some(self.0)
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            self.1
        }
    }

    for hint in [(0, None), (0, Some(0)), (7, Some(3)), (200, None)] {
        let mut log = Log::new();
        let mut reader = Reader::of(&log);
        assert_eq!(log.append_all(1, Liar(100, hint)).unwrap(), 100);
        assert_eq!(reader.events(), (0..100).rev().collect::<Vec<_>>());
    }
}

#[test]
fn iterator_may_look_at_the_log() {
    let mut log = Log::new();
    append_each(&mut log, 1..=5);
    let source = log.source();
    let mut subscriptions = Vec::new();
    let events = (0..600).inspect(|number| {
        let mut late = Reader::new(source.subscribe());
        late.waits();
        if number % 3 == 0 {
            subscriptions.push(late);
        }
        drop(source.oldest());
        source.resume(source.subscribe().cursor()).unwrap();
    });
    log.append_all(6, events).unwrap();
    assert_eq!(subscriptions.len(), 200);
    for mut late in subscriptions {
        assert_eq!(late.events(), (0..600).collect::<Vec<_>>());
    }
}

#[test]
fn iterator_may_drop_the_only_reader() {
    let census = Census::default();
    let mut log = Publisher::<Counted>::new();
    let mut reader = Some(log.source().subscribe());
    for number in 1..=20 {
        log.append(number, census.event(number)).unwrap();
    }
    let events = (0..40).map(|number| {
        if number == 13 {
            reader = None;
        }
        census.event(number)
    });
    log.append_all(21, events).unwrap();
    drop(log);
    assert_eq!(census.alive(), 0);
}
