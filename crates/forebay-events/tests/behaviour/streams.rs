//! A subscription as a stream of slices.
//!
//! * It gives all events, then its end once, and then nothing any more.
//! * An item that was not taken is not lost when its future is dropped.

use std::time::Duration;

use forebay_events::{Publisher, Reason, RecvError, Retention};
use forebay_testkit::HandRuntime;
use futures::{FutureExt, StreamExt};

use crate::reader::{Error, Log, append_each};
use crate::wakers::{Hand, at_once, finished};

#[test]
fn stream_gives_all_events_and_then_its_end_once() {
    let mut log = Log::new();
    let mut stream = log.source().subscribe().into_stream();
    append_each(&mut log, 1..=1_000);
    log.fail("disk full");
    let mut events = Vec::new();
    let end = loop {
        match finished(stream.next()).expect("the end was not said yet") {
            Ok(slice) => events.extend_from_slice(&slice),
            Err(end) => break end,
        }
    };
    assert_eq!(end, RecvError::Failed("disk full"));
    assert_eq!(events, (1..=1_000).collect::<Vec<_>>());
    for _ in 0..3 {
        assert!(at_once(stream.next()).is_none());
    }
}

#[test]
fn stream_waits_and_is_woken() {
    let mut log = Log::new();
    let mut stream = log.source().subscribe().into_stream();
    for event in 1..=30 {
        let mut next = Hand::new(stream.next());
        next.waits();
        log.append(event, event).unwrap();
        assert!(next.is_woken());
        let slice = next.output().unwrap().unwrap();
        assert_eq!(slice[..], [event]);
        assert_eq!(slice.iter().next().unwrap().sequence().get(), event);
    }
    let mut next = Hand::new(stream.next());
    next.waits();
    drop(log);
    assert!(next.is_woken());
    assert_eq!(
        next.output().unwrap().unwrap_err(),
        RecvError::PublisherLost
    );
}

#[test]
fn item_that_was_not_taken_is_not_lost() {
    let mut log = Log::new();
    let mut stream = log.source().subscribe().into_stream();
    assert!(stream.next().now_or_never().is_none());
    drop(stream.next());
    let mut next = Hand::new(stream.next());
    next.waits();
    append_each(&mut log, [1]);
    assert!(next.is_woken());
    drop(next);
    assert_eq!(at_once(stream.next()).unwrap().unwrap()[..], [1]);
}

#[test]
fn stream_that_was_closed_by_force_ends() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    let closer = subscription.closer();
    let mut stream = subscription.into_stream();
    append_each(&mut log, 1..=3);
    assert!(closer.close(Reason::Revoked));
    let end = at_once(stream.next()).unwrap().unwrap_err();
    assert_eq!(end, RecvError::ForceClosed(Reason::Revoked));
    assert!(at_once(stream.next()).is_none());
}

#[test]
fn stream_that_was_left_behind_ends() {
    let log = Publisher::<u64, Error>::builder()
        .retention(Retention::readers_up_to(10).grace(Duration::ZERO))
        .runtime(HandRuntime::default());
    let mut log = log.build().unwrap();
    let mut stream = log.source().subscribe().into_stream();
    append_each(&mut log, 1..=5_000);
    let mut events = Vec::new();
    let end = loop {
        match finished(stream.next()).expect("the end was not said yet") {
            Ok(slice) => events.extend_from_slice(&slice),
            Err(end) => break end,
        }
    };
    let missed = 5_000 - 10 - events.len() as u64;
    assert!(matches!(end, RecvError::Lagged { missed: it } if it <= missed && it > 3_000));
    assert!(at_once(stream.next()).is_none());
}
