//! Who is woken, and when.
//!
//! * An append wakes everybody who waits, once, and nobody who does not.
//! * A reader that finds an event does not wait, and one that is woken waits anew.
//! * `waiting` counts who waits.
//! * Up to 32 are woken by the append itself, with and without a pump.

use forebay_events::Publisher;
use forebay_testkit::HandRuntime;

use crate::reader::{Error, Log, Reader, append_each};

#[test]
fn append_wakes_everybody_who_waits_once() {
    for count in [1, 2, 31, 32, 33, 128, 129, 1_000] {
        let mut log = Publisher::<u64, Error>::builder().inline().build().unwrap();
        let readers: Vec<_> = (0..count).map(|_| Reader::waiting(&log)).collect();
        assert_eq!(log.source().stats().waiting, count);
        append_each(&mut log, [1]);
        assert_eq!(log.source().stats().waiting, 0);
        append_each(&mut log, [2]);
        for mut reader in readers {
            assert_eq!(reader.wakes.count(), 1);
            assert_eq!(reader.events(), [1, 2]);
        }
    }
}

#[test]
fn few_are_woken_by_the_append_itself() {
    let builder = Publisher::<u64, Error>::builder().runtime(HandRuntime::default());
    let mut log = builder.build().unwrap();
    for count in [1, 31, 32] {
        let readers: Vec<_> = (0..count).map(|_| Reader::waiting(&log)).collect();
        log.push(1).unwrap();
        assert!(readers.iter().all(Reader::is_woken));
    }
}

#[test]
fn who_does_not_wait_is_not_woken() {
    let mut log = Log::new();
    let mut idle = Reader::of(&log);
    let mut reader = Reader::waiting(&log);
    append_each(&mut log, [1]);
    assert!(reader.is_woken());
    append_each(&mut log, [2, 3]);
    assert_eq!(reader.wakes.count(), 1);
    assert_eq!(idle.wakes.count(), 0);
    assert_eq!(reader.events(), [1, 2, 3]);
    append_each(&mut log, [4]);
    assert_eq!(reader.wakes.count(), 1);
    reader.events();
    reader.waits();
    append_each(&mut log, [5]);
    assert_eq!(reader.wakes.count(), 2);
    assert_eq!(idle.events(), [1, 2, 3, 4, 5]);
}

#[test]
fn reader_that_takes_an_event_without_waiting_for_it_waits_no_longer() {
    let mut log = Log::new();
    let mut reader = Reader::waiting(&log);
    append_each(&mut log, [1]);
    assert_eq!(reader.try_next().unwrap().unwrap().event, 1);
    reader.waits();
    assert_eq!(log.source().stats().waiting, 1);
    append_each(&mut log, [2]);
    assert!(reader.is_woken());
}

#[test]
fn clone_of_a_reader_that_waits_does_not_wait_itself() {
    let mut log = Log::new();
    let mut reader = Reader::waiting(&log);
    let mut clone = Reader::new(reader.subscription.clone());
    assert_eq!(log.source().stats().waiting, 1);
    append_each(&mut log, [1]);
    assert_eq!((reader.wakes.count(), clone.wakes.count()), (1, 0));
    drop(reader.subscription.clone());
    assert_eq!(reader.events(), [1]);
    assert_eq!(clone.events(), [1]);
    clone.waits();
    reader.waits();
    drop(reader);
    assert_eq!(log.source().stats().waiting, 1);
    append_each(&mut log, [2]);
    assert!(clone.is_woken());
}

#[test]
fn readers_of_different_places_wait_together() {
    let mut log = Log::new();
    let mut behind = Reader::of(&log);
    append_each(&mut log, 1..=100);
    let ahead = Reader::waiting(&log);
    append_each(&mut log, [101]);
    assert!(ahead.is_woken());
    assert_eq!(behind.events().len(), 101);
    behind.waits();
    assert_eq!(log.source().stats().waiting, 1);
    append_each(&mut log, [102]);
    assert!(behind.is_woken());
    assert_eq!(ahead.wakes.count(), 1);
}

#[test]
fn lockstep_loses_no_wake() {
    let mut log = Log::new();
    let mut readers: Vec<_> = (0..20).map(|_| Reader::waiting(&log)).collect();
    for event in 1..=2_000 {
        append_each(&mut log, [event]);
        for (number, reader) in readers.iter_mut().enumerate() {
            assert!(reader.is_woken());
            assert_eq!(reader.events(), [event], "reader {number}");
            reader.waits();
        }
    }
}
