//! What every peer must get right before any of its figures counts.

use std::sync::Arc;

use tokio::task::yield_now;

use crate::events::payload::Payload;
use crate::events::peer::{Log, Peer, Reader};
use crate::runtime::{one_thread, workers};

/// How many events are published: fewer than any log is told to keep.
const EVENTS: u64 = 1_000;

/// How many readers follow at once.
const READERS: usize = 8;

/// How many events are published before others get a turn.
const TURN: u64 = 64;

/// Checks that each reader gets every event once, in order and as it was published: of a backlog,
/// of batches, and while the writer writes. Of a peer that keeps the newest event only, that events
/// rise and that the last one comes.
///
/// # Panics
///
/// When the peer does not.
pub fn check<P: Peer>() {
    one_thread().block_on(async {
        if P::KEEPS && P::CARRIES {
            drains::<P, u64>().await;
            drains::<P, Arc<u64>>().await;
        }
    });
    if P::PARKS {
        workers(2).block_on(follows::<P>());
    }
}

async fn drains<P: Peer, T: Payload>() {
    let mut log = P::Log::<T>::holding(EVENTS as usize);
    let mut early = log.subscribe();
    (0..EVENTS / 2).for_each(|number| log.append(T::numbered(number)));
    let mut late = log.subscribe();
    let second_half: Vec<u64> = (EVENTS / 2..EVENTS).collect();
    for numbers in second_half.chunks(TURN as usize) {
        log.append_all(numbers.iter().copied().map(T::numbered));
    }
    let all: Vec<u64> = (0..EVENTS).collect();
    assert_eq!(numbers(&mut early, all.len()).await, all, "{}", P::NAME);
    let count = second_half.len();
    assert_eq!(numbers(&mut late, count).await, second_half, "{}", P::NAME);
}

async fn follows<P: Peer>() {
    let mut log = P::Log::<u64>::holding(EVENTS as usize);
    let following = |_| {
        let mut reader = log.subscribe();
        tokio::spawn(async move {
            let mut numbers = Vec::new();
            while numbers.last() != Some(&(EVENTS - 1)) {
                let outcome = reader.read(1, &mut numbers).await.map(|_| ());
                assert!(outcome.is_ok(), "{}: {outcome:?}", P::NAME);
            }
            numbers
        })
    };
    let readers: Vec<_> = (0..READERS).map(following).collect();
    for number in 0..EVENTS {
        if number % TURN == 0 {
            yield_now().await;
        }
        log.append(number);
    }
    for reader in readers {
        let numbers = reader.await.expect("a reader gets what was published");
        if P::KEEPS {
            assert!(numbers.into_iter().eq(0..EVENTS), "{}", P::NAME);
        } else {
            assert!(numbers.is_sorted_by(|one, next| one < next), "{}", P::NAME);
        }
    }
}

/// Returns the numbers of the next events.
async fn numbers<R: Reader>(reader: &mut R, count: usize) -> Vec<u64> {
    let mut numbers = Vec::with_capacity(count);
    let outcome = reader.read(count as u64, &mut numbers).await.map(|_| ());
    assert!(outcome.is_ok(), "a backlog is there: {outcome:?}");
    numbers
}
