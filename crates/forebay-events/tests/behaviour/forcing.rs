//! Closing one subscription by force.
//!
//! * It wins over events that are ready, and over the end of the log: what a reader may not see any
//!   more it does not get.
//! * It wakes that reader and nobody else.
//! * The first reason stays. Closing again, or one that is gone, says so.

use std::sync::Arc;
use std::task::{Context, Poll};

use forebay_events::{Reason, RecvError};

use crate::reader::{End, Log, Reader, append_each};
use crate::wakers::{Hand, Wakes, on_wake};

const REVOKED: End = RecvError::ForceClosed(Reason::Revoked);

#[test]
fn close_by_force_wins_over_ready_events() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    let closer = reader.subscription.closer();
    append_each(&mut log, 1..=10);
    assert_eq!(reader.event().event, 1);
    assert!(closer.close(Reason::Revoked));
    assert_eq!(reader.end(), REVOKED);
    append_each(&mut log, [11]);
    assert_eq!(reader.end(), REVOKED);
    assert_eq!(reader.subscription.try_next_slice().unwrap_err(), REVOKED);
    let mut next = Hand::new(reader.subscription.next_slice());
    assert!(matches!(next.poll(), Poll::Ready(Err(end)) if end == REVOKED));
}

#[test]
fn close_by_force_wins_over_the_end() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    let mut ended = Reader::of(&log);
    append_each(&mut log, [1]);
    let closers = [reader.subscription.closer(), ended.subscription.closer()];
    log.close();
    ended.events();
    assert_eq!(ended.end(), RecvError::Closed);
    for closer in closers {
        assert!(closer.close(Reason::Revoked));
    }
    assert_eq!(reader.end(), REVOKED);
    assert_eq!(ended.end(), REVOKED);
}

#[test]
fn close_by_force_wins_over_an_event_that_was_said_to_be_ready() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    let closer = reader.subscription.closer();
    append_each(&mut log, [1]);
    let wakes = Arc::<Wakes>::default();
    let waker = wakes.waker();
    let mut cx = Context::from_waker(&waker);
    assert_eq!(reader.subscription.poll_ready(&mut cx), Poll::Ready(Ok(())));
    closer.close(Reason::Revoked);
    assert_eq!(reader.try_next(), Err(REVOKED));
}

#[test]
fn closer_that_is_made_after_an_event_was_said_to_be_ready_works() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    append_each(&mut log, 1..=100);
    reader.event();
    let waker = std::task::Waker::noop();
    let mut cx = Context::from_waker(waker);
    assert_eq!(reader.subscription.poll_ready(&mut cx), Poll::Ready(Ok(())));
    let closer = reader.subscription.closer();
    closer.close(Reason::Revoked);
    assert_eq!(reader.poll(), Poll::Ready(Err(REVOKED)));
    assert_eq!(reader.end(), REVOKED);
}

#[test]
fn close_by_force_wakes_exactly_one() {
    let mut log = Log::new();
    let mut readers: Vec<_> = (0..50).map(|_| Reader::of(&log)).collect();
    let closers: Vec<_> = readers
        .iter_mut()
        .map(|reader| reader.subscription.closer())
        .collect();
    readers.iter_mut().for_each(Reader::waits);
    assert!(closers[17].close(Reason::ShuttingDown));
    for (number, reader) in readers.iter_mut().enumerate() {
        assert_eq!(reader.is_woken(), number == 17);
    }
    assert_eq!(
        readers[17].end(),
        RecvError::ForceClosed(Reason::ShuttingDown)
    );
    append_each(&mut log, [1]);
    for (number, reader) in readers.iter_mut().enumerate() {
        assert!(reader.is_woken() || number == 17);
        let expected: &[u64] = if number == 17 { &[] } else { &[1] };
        assert_eq!(reader.events(), expected);
    }
}

#[test]
fn first_reason_stays() {
    let log = Log::new();
    let mut reader = Reader::of(&log);
    let closer = reader.subscription.closer();
    let other = closer.clone();
    assert!(closer.close(Reason::Other(Arc::from("too many"))));
    assert!(!other.close(Reason::Revoked));
    assert!(!closer.close(Reason::Refreshed));
    let end = reader.end();
    assert_eq!(
        end,
        RecvError::ForceClosed(Reason::Other(Arc::from("too many")))
    );
}

#[test]
fn closers_of_one_subscription_are_one() {
    let log = Log::new();
    let mut reader = Reader::of(&log);
    let first = reader.subscription.closer();
    let second = reader.subscription.closer();
    reader.waits();
    assert!(second.close(Reason::Revoked));
    assert!(reader.is_woken());
    assert!(!first.close(Reason::Refreshed));
    assert_eq!(reader.end(), REVOKED);
    assert!(!reader.subscription.closer().close(Reason::Refreshed));
}

#[test]
fn subscription_that_is_gone_cannot_be_closed_and_leaves_nothing() {
    let log = Log::new();
    let mut reader = Reader::of(&log);
    let closer = reader.subscription.closer();
    reader.waits();
    let wakes = Arc::clone(&reader.wakes);
    drop(reader);
    assert_eq!(Arc::strong_count(&wakes), 1);
    assert!(!closer.close(Reason::Revoked));
    assert_eq!(wakes.count(), 0);
}

#[test]
fn reader_that_was_closed_by_force_is_cloned_as_such() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    append_each(&mut log, [1]);
    reader.subscription.closer().close(Reason::Revoked);
    let mut clone = Reader::new(reader.subscription.clone());
    assert_eq!(clone.end(), REVOKED);
}

#[test]
fn reader_that_waits_can_be_closed_by_whoever_asks_then() {
    let log = Log::new();
    let mut reader = Reader::waiting(&log);
    let closer = reader.subscription.closer();
    assert!(closer.close(Reason::Revoked));
    assert!(reader.is_woken());
    assert_eq!(reader.end(), REVOKED);
}

#[test]
fn reader_that_can_be_closed_keeps_one_waker() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    let closer = reader.subscription.closer();
    let all: Vec<Arc<Wakes>> = (0..1_000).map(|_| Arc::default()).collect();
    for wakes in &all {
        let waker = wakes.waker();
        let mut cx = Context::from_waker(&waker);
        assert!(reader.subscription.poll_ready(&mut cx).is_pending());
    }
    let kept = all.iter().filter(|wakes| Arc::strong_count(wakes) > 1);
    assert!(kept.count() <= 1);
    reader.waits();
    append_each(&mut log, [1]);
    assert!(reader.is_woken());
    assert_eq!(reader.events(), [1]);
    reader.waits();
    closer.close(Reason::Revoked);
    assert!(reader.is_woken());
    assert!(all.iter().all(|wakes| wakes.count() == 0));
}

#[test]
fn closer_is_for_one_subscription_and_not_for_its_clones() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    let closer = reader.subscription.closer();
    let mut clone = Reader::new(reader.subscription.clone());
    let mut again = Reader::new(reader.subscription.position().subscribe());
    clone.waits();
    closer.close(Reason::Revoked);
    assert!(!clone.is_woken());
    append_each(&mut log, [1]);
    assert_eq!(clone.events(), [1]);
    assert_eq!(again.events(), [1]);
    assert_eq!(reader.end(), REVOKED);
}

#[test]
fn reader_that_was_closed_by_force_keeps_its_cursor() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    let closer = reader.subscription.closer();
    append_each(&mut log, 1..=3);
    reader.event();
    closer.close(Reason::Refreshed);
    reader.end();
    assert_eq!(reader.subscription.cursor().sequence().get(), 1);
    let resumed = log.source().resume(reader.subscription.cursor()).unwrap();
    assert_eq!(Reader::new(resumed).events(), [2, 3]);
}

#[test]
fn closer_works_after_the_log_is_gone() {
    let log = Log::new();
    let mut reader = Reader::of(&log);
    let closer = reader.subscription.closer();
    drop(log);
    assert!(closer.close(Reason::Revoked));
    assert_eq!(reader.end(), REVOKED);
}

#[test]
fn waker_may_close_another_subscription() {
    let log = Log::new();
    let mut readers: Vec<_> = (0..3).map(|_| Reader::of(&log)).collect();
    let first = readers[0].subscription.closer();
    let second = readers[1].subscription.closer();
    let third = readers[2].subscription.closer();
    readers[1].waits();
    readers[2].waits();
    let waker = on_wake(move || {
        assert!(second.close(Reason::Refreshed));
        assert!(third.close(Reason::Refreshed));
    });
    let mut cx = Context::from_waker(&waker);
    assert!(readers[0].subscription.poll_ready(&mut cx).is_pending());
    assert!(first.close(Reason::Revoked));
    assert!(readers[1].is_woken() && readers[2].is_woken());
}
