//! What a log costs in memory and in calls of the allocator, counted.
//!
//! * An event costs itself and little more.
//! * An append allocates once for a segment, and not for each event; reading does not allocate.
//! * Waiting allocates a seat at most, and none where one was left.
#![allow(unsafe_code, reason = "it takes unsafe code to be an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use forebay_events::{Publisher, Subscription};

/// Counts what the thread that asks has allocated, so that tests may run at once.
struct Counting;

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { calls: 0, bytes: 0 }) };
}

#[derive(Clone, Copy, Debug)]
struct Counts {
    calls: u64,
    /// Allocated and not freed.
    bytes: i64,
}

fn count(calls: u64, bytes: i64) {
    // A thread that is ending counts nothing any more.
    let _ = COUNTS.try_with(|counts| {
        let before = counts.get();
        counts.set(Counts {
            calls: before.calls + calls,
            bytes: before.bytes + bytes,
        });
    });
}

// SAFETY: the system's allocator does all the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        // SAFETY: what holds for this function holds for that one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as i64 - layout.size() as i64);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Returns what `f` returns, how often it allocated, and how many bytes more there are after it.
fn counted<R>(f: impl FnOnce() -> R) -> (R, u64, i64) {
    let before = COUNTS.get();
    let output = f();
    let after = COUNTS.get();
    (
        output,
        after.calls - before.calls,
        after.bytes - before.bytes,
    )
}

const EVENTS: u64 = 100_000;

fn log<T: Send + Sync + 'static>() -> Publisher<T> {
    Publisher::builder().inline().build().expect("it has none")
}

/// How many bytes a log takes for each of so many events beyond the first thousand.
fn bytes_per_event<T: Send + Sync + 'static>(
    mut append: impl FnMut(&mut Publisher<T>, u64),
) -> (f64, f64) {
    let mut log = log();
    let _reader = log.source().subscribe();
    (1..=1_000).for_each(|sequence| append(&mut log, sequence));
    let ((), calls, bytes) = counted(|| {
        (1_001..=1_000 + EVENTS).for_each(|sequence| append(&mut log, sequence));
    });
    let events = EVENTS as f64;
    (bytes as f64 / events, calls as f64 / events)
}

#[test]
fn event_costs_itself_and_two_percent() {
    let (bytes, calls) = bytes_per_event(|log: &mut Publisher<u64>, sequence| {
        log.append(sequence, sequence).expect("the numbers rise");
    });
    // The last segment may be empty yet, and what is behind is counted before.
    assert!(bytes <= 8.0 * 1.02 + 0.05, "{bytes} for each");
    assert!(calls <= 0.01, "{calls} for each");

    let shared = Arc::new(0);
    let (bytes, _) = bytes_per_event(|log: &mut Publisher<Arc<u64>>, sequence| {
        let event = Arc::clone(&shared);
        log.append(sequence, event).expect("the numbers rise");
    });
    assert!(bytes <= 8.0 * 1.02 + 0.05, "{bytes} for each");

    let (bytes, _) = bytes_per_event(|log: &mut Publisher<[u64; 8]>, sequence| {
        log.append(sequence, [sequence; 8])
            .expect("the numbers rise");
    });
    assert!(bytes <= 64.0 * 1.02 + 0.4, "{bytes} for each");
}

#[test]
fn batches_cost_little_more_than_their_events() {
    let (bytes, calls) = bytes_per_event(|log: &mut Publisher<u64>, sequence| {
        let events = sequence * 64..(sequence + 1) * 64;
        log.append_all(sequence, events).expect("the numbers rise");
    });
    assert!(bytes / 64.0 <= 8.0 * 1.2, "{} for each", bytes / 64.0);
    assert!(calls / 64.0 <= 0.03, "{} for each", calls / 64.0);
}

#[test]
fn sequences_with_gaps_cost_a_number_each_at_most() {
    let (bytes, calls) = bytes_per_event(|log: &mut Publisher<u64>, sequence| {
        log.append(sequence * 7, sequence)
            .expect("the numbers rise");
    });
    assert!(bytes <= 8.0 + 8.0 + 2.0, "{bytes} for each");
    assert!(calls <= 0.02, "{calls} for each");
}

#[test]
fn reading_does_not_allocate() {
    let mut log = log();
    let mut reader = log.source().subscribe();
    let mut slices = reader.clone();
    for sequence in 1..=10_000_u64 {
        log.append(sequence, sequence).expect("the numbers rise");
    }
    let (sum, calls, _) = counted(|| {
        let mut sum = 0;
        while let Ok(Some(entry)) = reader.try_next() {
            sum += *entry + entry.sequence().get() + u64::from(entry.is_last());
        }
        while let Ok(Some(slice)) = slices.try_next_slice() {
            sum += slice.iter().map(|entry| *entry).sum::<u64>();
        }
        let lag = reader.lag() + reader.cursor().sequence().get();
        sum + lag
    });
    assert_eq!(sum, 3 * 50_005_000 + 10_000 + 10_000);
    assert_eq!(calls, 0);
}

fn wait<T: Send + Sync + 'static>(reader: &mut Subscription<T>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    matches!(reader.poll_ready(&mut cx), Poll::Pending)
}

#[test]
fn futures_do_not_allocate() {
    let mut log = log();
    let mut reader = log.source().subscribe();
    assert!(wait(&mut reader));
    log.append(1, 1).expect("the numbers rise");
    assert_eq!(
        reader.try_next().map(|entry| entry.map(|it| *it)),
        Ok(Some(1))
    );
    let (_, calls, _) = counted(|| {
        // Within one segment: a new one is the writer's cost.
        for sequence in 2..=8 {
            assert!(wait(&mut reader));
            log.append(sequence, sequence).expect("the numbers rise");
            let mut next = std::pin::pin!(reader.next());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(next.as_mut().poll(&mut cx).is_ready());
        }
    });
    assert_eq!(calls, 0);
}

#[test]
fn waiting_allocates_a_seat_at_most() {
    const READERS: usize = 10_000;

    let mut log = log();
    let readers = (0..READERS).map(|_| log.source().subscribe());
    let mut readers: Vec<_> = readers.collect();
    let (_, calls, bytes) = counted(|| assert!(readers.iter_mut().all(wait)));
    // They share a vector that grows now and then, by a part of itself.
    assert!(calls <= READERS as u64 / 100, "{calls}");
    assert!(bytes <= 24 * READERS as i64, "{bytes}");
    // Whoever waits again takes no other seat.
    let (_, calls, _) = counted(|| assert!(readers.iter_mut().all(wait)));
    assert_eq!(calls, 0);
    readers.truncate(READERS / 2);
    let readers_again = (0..READERS / 2).map(|_| log.source().subscribe());
    readers.extend(readers_again);
    let (_, calls, _) = counted(|| assert!(readers.iter_mut().all(wait)));
    assert_eq!(calls, 0);
    log.append(1, 1_u64).expect("the numbers rise");
}

#[test]
fn subscribing_does_not_allocate() {
    let mut log = log();
    for sequence in 1..=1_000_u64 {
        log.append(sequence, sequence).expect("the numbers rise");
    }
    let source = log.source();
    let mut readers = Vec::with_capacity(100);
    let (_, calls, _) = counted(|| {
        for _ in 0..25 {
            let reader = source.subscribe();
            let resumed = source.resume(reader.cursor());
            readers.extend([reader.clone(), resumed.expect("it is the head"), reader]);
            readers.push(source.subscribe_oldest());
        }
    });
    assert_eq!(calls, 0);
}

#[test]
fn empty_log_is_small() {
    // The first one of a thread also fetches what its identity is made from.
    drop(log::<u64>());
    let (log, calls, bytes) = counted(log::<u64>);
    assert!(bytes <= 512, "{bytes}");
    assert!(calls <= 8 || cfg!(feature = "metrics"), "{calls}");
    let (_, _, left) = counted(|| drop(log));
    assert_eq!(left, -bytes);
}

#[test]
fn nothing_is_left_of_a_log() {
    let ((), _, bytes) = counted(|| {
        let mut log = log();
        let mut readers: Vec<_> = (0..100).map(|_| log.source().subscribe()).collect();
        for sequence in 1..=5_000_u64 {
            log.append(sequence * 3, sequence)
                .expect("the numbers rise");
            let reader = &mut readers[sequence as usize % 100];
            while let Ok(Some(_)) = reader.try_next() {}
            assert!(wait(reader));
        }
        let next = self::log();
        log.splice_into(next.position()).expect("it is no circle");
        drop(readers);
    });
    assert_eq!(bytes, 0);
}
