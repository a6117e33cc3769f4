//! A reader with a long backlog lets others run.
//!
//! * After 128 polls that were ready, a future waits once and wakes itself.
//! * Nothing is lost by that, and a reader that does not ask through futures is not slowed down.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll};

use futures::StreamExt;

use crate::reader::{Log, append_each};
use crate::wakers::Wakes;

/// Polls `future` as often as it wakes itself; returns how far `progress` came with each poll.
fn turns(future: impl Future<Output = ()>, progress: &AtomicU64) -> Vec<u64> {
    let mut future = pin!(future);
    let wakes = Arc::<Wakes>::default();
    let waker = wakes.waker();
    let mut cx = Context::from_waker(&waker);
    let mut turns = Vec::new();
    loop {
        let (woken, before) = (wakes.count(), progress.load(SeqCst));
        let poll = future.as_mut().poll(&mut cx);
        turns.push(progress.load(SeqCst) - before);
        match poll {
            Poll::Ready(()) => return turns,
            Poll::Pending => assert!(wakes.count() > woken, "it sleeps with events ready"),
        }
    }
}

#[track_caller]
fn is_fair(turns: &[u64], total: u64) {
    assert_eq!(turns.iter().sum::<u64>(), total);
    assert!(turns.iter().all(|turn| *turn <= 128), "{turns:?}");
    // It is not slower than it has to be, either.
    assert!(turns.len() as u64 <= total / 64 + 2, "{turns:?}");
}

#[test]
fn reader_of_single_events_lets_others_run() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    append_each(&mut log, 1..=10_000);
    log.close();
    let progress = AtomicU64::new(0);
    let reads = async {
        while let Ok(entry) = subscription.next().await {
            assert_eq!(*entry, progress.fetch_add(1, SeqCst) + 1);
        }
    };
    is_fair(&turns(reads, &progress), 10_000);
}

#[test]
fn reader_of_slices_lets_others_run() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    append_each(&mut log, 1..=300_000);
    log.close();
    let (progress, slices) = (AtomicU64::new(0), AtomicU64::new(0));
    let reads = async {
        while let Ok(slice) = subscription.next_slice().await {
            slices.fetch_add(1, SeqCst);
            progress.fetch_add(slice.len() as u64, SeqCst);
        }
    };
    let turns = turns(reads, &slices);
    assert!(turns.len() > 1);
    is_fair(&turns, slices.load(SeqCst));
    assert_eq!(progress.load(SeqCst), 300_000);
}

#[test]
fn stream_lets_others_run() {
    let mut log = Log::new();
    let mut stream = log.source().subscribe().into_stream();
    append_each(&mut log, 1..=300_000);
    log.close();
    let (progress, slices) = (AtomicU64::new(0), AtomicU64::new(0));
    let reads = async {
        while let Some(Ok(slice)) = stream.next().await {
            slices.fetch_add(1, SeqCst);
            progress.fetch_add(slice.len() as u64, SeqCst);
        }
    };
    let turns = turns(reads, &slices);
    assert!(turns.len() > 1);
    is_fair(&turns, slices.load(SeqCst));
    assert_eq!(progress.load(SeqCst), 300_000);
}

#[test]
fn reader_that_mixes_its_ways_lets_others_run() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    append_each(&mut log, 1..=100_000);
    log.close();
    let (polls, mut step, mut next) = (AtomicU64::new(0), 0, 1);
    let reads = async {
        loop {
            step += 1;
            if step % 7 == 0 {
                let Ok(slice) = subscription.next_slice().await else {
                    break;
                };
                assert_eq!(slice[0], next);
                next += slice.len() as u64;
            } else {
                let Ok(entry) = subscription.next().await else {
                    break;
                };
                assert_eq!(*entry, next);
                next += 1;
            }
            polls.fetch_add(1, SeqCst);
            if step % 3 == 0
                && let Ok(Some(entry)) = subscription.try_next()
            {
                assert_eq!(*entry, next);
                next += 1;
            }
            drop(subscription.closer());
        }
    };
    let turns = turns(reads, &polls);
    assert_eq!(next, 100_001);
    is_fair(&turns, polls.load(SeqCst));
}

#[test]
fn reader_that_waits_in_between_is_not_slowed_down() {
    let mut log = Log::new();
    let mut reader = crate::reader::Reader::of(&log);
    for event in 1..=1_000 {
        append_each(&mut log, [event]);
        let polls = reader.wakes.count();
        assert_eq!(reader.event().event, event);
        reader.waits();
        assert_eq!(reader.wakes.count(), polls);
    }
}
