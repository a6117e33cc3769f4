//! What a future that is dropped loses: nothing.
//!
//! * A `next` or `next_slice` that is dropped before its first poll, while it waits, or after it was
//!   woken leaves its event for the next one.
//! * However often a reader begins to wait, it waits once, with its newest waker.
//! * A subscription that is dropped takes its waker with it.

use std::sync::Arc;
use std::task::{Context, Poll};

use forebay_events::Subscription;

use crate::reader::{Error, Log, Reader, append_each};
use crate::wakers::{Hand, Wakes, at_once};

fn takes(subscription: &mut Subscription<u64, Error>, expected: u64) {
    assert_eq!(*at_once(subscription.next()).unwrap(), expected);
}

#[test]
fn future_that_was_never_polled_takes_nothing() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    append_each(&mut log, 1..=3);
    drop(subscription.next());
    drop(subscription.next_slice());
    takes(&mut subscription, 1);
    drop(subscription.next_slice());
    takes(&mut subscription, 2);
}

#[test]
fn future_that_is_dropped_while_it_waits_takes_nothing() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    Hand::new(subscription.next()).waits();
    Hand::new(subscription.next_slice()).waits();
    append_each(&mut log, 1..=2);
    takes(&mut subscription, 1);
    takes(&mut subscription, 2);
}

#[test]
fn future_that_is_dropped_after_its_wake_takes_nothing() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    for event in 1..=20 {
        let mut next = Hand::new(subscription.next());
        next.waits();
        append_each(&mut log, [event]);
        assert!(next.is_woken());
        drop(next);
        takes(&mut subscription, event);
        assert!(Hand::new(subscription.next()).poll().is_pending());
    }
}

#[test]
fn end_is_not_lost_with_a_future() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    append_each(&mut log, [1]);
    takes(&mut subscription, 1);
    let mut next = Hand::new(subscription.next());
    next.waits();
    log.close();
    assert!(next.is_woken());
    drop(next);
    assert!(at_once(subscription.next()).is_err());
    assert!(at_once(subscription.next_slice()).is_err());
}

#[test]
fn future_that_is_dropped_costs_nobody_else_a_wake() {
    let mut log = Log::new();
    let mut readers: Vec<_> = (0..40).map(|_| Reader::waiting(&log)).collect();
    let mut cancelled = log.source().subscribe();
    Hand::new(cancelled.next()).waits();
    let gone: Vec<_> = readers.drain(..10).collect();
    drop(gone);
    append_each(&mut log, [1]);
    append_each(&mut log, [2]);
    for mut reader in readers {
        assert!(reader.is_woken());
        assert_eq!(reader.events(), [1, 2]);
    }
}

#[test]
fn reader_that_begins_to_wait_again_and_again_waits_once() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    let all: Vec<Arc<Wakes>> = (0..10_000)
        .map(|_| {
            let wakes = Arc::<Wakes>::default();
            let waker = wakes.waker();
            let mut next = Box::pin(subscription.next());
            let poll = next.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(poll.is_pending());
            wakes
        })
        .collect();
    assert!(log.source().stats().waiting <= 1);
    let kept = all.iter().filter(|wakes| Arc::strong_count(wakes) > 1);
    assert!(kept.count() <= 1);
    let mut reader = Reader::new(subscription);
    reader.waits();
    assert_eq!(log.source().stats().waiting, 1);
    append_each(&mut log, [1]);
    assert!(reader.is_woken());
    assert_eq!(log.source().stats().waiting, 0);
    assert!(all.iter().all(|wakes| Arc::strong_count(wakes) == 1));
}

#[test]
fn newest_waker_is_the_one_that_is_woken() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    let wakes: Vec<Arc<Wakes>> = (0..5).map(|_| Arc::default()).collect();
    for wakes in &wakes {
        let waker = wakes.waker();
        let mut cx = Context::from_waker(&waker);
        assert_eq!(reader.subscription.poll_ready(&mut cx), Poll::Pending);
    }
    append_each(&mut log, [1]);
    let counts: Vec<_> = wakes.iter().map(|wakes| wakes.count()).collect();
    assert_eq!(counts, [0, 0, 0, 0, 1]);
    assert_eq!(reader.events(), [1]);
}

#[test]
fn subscription_that_is_dropped_takes_its_waker_with_it() {
    let log = Log::new();
    let mut readers: Vec<_> = (0..100).map(|_| Reader::waiting(&log)).collect();
    assert_eq!(log.source().stats().waiting, 100);
    let wakes: Vec<_> = readers
        .drain(20..70)
        .map(|reader| Arc::clone(&reader.wakes))
        .collect();
    assert_eq!(log.source().stats().waiting, 50);
    for wakes in wakes {
        assert_eq!(Arc::strong_count(&wakes), 1);
    }
    // Their places are taken by others, who are woken as well.
    readers.extend((0..80).map(|_| Reader::waiting(&log)));
    assert_eq!(log.source().stats().waiting, 130);
    log.close();
    assert!(readers.iter().all(Reader::is_woken));
    assert_eq!(log_waiting(&readers), 0);
}

/// How many wakers of these readers are still held by somebody.
fn log_waiting(readers: &[Reader]) -> usize {
    let held = readers
        .iter()
        .filter(|reader| Arc::strong_count(&reader.wakes) > 1);
    held.count()
}

#[test]
fn reader_that_is_dropped_between_its_wake_and_its_poll_costs_nobody_anything() {
    let mut log = Log::new();
    let mut readers: Vec<_> = (0..10).map(|_| Reader::waiting(&log)).collect();
    append_each(&mut log, [1]);
    readers.truncate(5);
    readers.iter_mut().for_each(|reader| {
        assert_eq!(reader.events(), [1]);
        reader.waits();
    });
    append_each(&mut log, [2]);
    for mut reader in readers {
        assert!(reader.is_woken());
        assert_eq!(reader.events(), [2]);
    }
    assert_eq!(log.source().stats().waiting, 0);
}
