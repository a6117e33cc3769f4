//! Which events a reader gets.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use super::now;
use crate::events::peer::{Log, Peer, Reader, Stop};
use crate::events::sight::Tally;
use crate::runtime::one_thread;

/// How many events the reader is behind.
const BEHIND: u64 = 10_000;

/// How many events rings are to hold.
const HELD: usize = 64;

/// How many events the greedy reader has before it.
const FEAST: u64 = 1_000_000;

/// How many turns others should have meanwhile.
const TURNS: u64 = 10;

/// What may be wrong with that.
#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    /// Some events are lost.
    Complete,
    /// It is not said how many.
    Told,
    /// Some come twice, or too early.
    Order,
    /// A log that nobody reads is of no use any more.
    Deserted,
    /// Some of a batch are seen before the others.
    Whole,
    /// What an iterator gave before it panicked is seen, or the writer is broken.
    Panic,
    /// A reader that never has to wait lets nobody else run.
    Turns,
}

/// What a reader got that had fallen behind.
#[derive(Debug, Default)]
struct Got {
    numbers: Vec<u64>,
    missed: u64,
}

impl Case {
    pub(super) fn passes<P: Peer>(self) -> Option<bool> {
        match self {
            Self::Complete => P::CARRIES.then(|| late::<P>().numbers.len() as u64 == BEHIND),
            Self::Told => P::CARRIES.then(|| {
                let got = late::<P>();
                got.numbers.len() as u64 + got.missed == BEHIND
            }),
            Self::Order => {
                P::CARRIES.then(|| late::<P>().numbers.is_sorted_by(|one, next| one < next))
            }
            Self::Deserted => P::CARRIES.then(deserted::<P>),
            Self::Whole => P::APPENDS_MANY.then(whole::<P>),
            Self::Panic => P::APPENDS_MANY.then(panic::<P>),
            Self::Turns => (P::PARKS && P::KEEPS).then(turns::<P>),
        }
    }
}

fn late<P: Peer>() -> Got {
    let mut log = P::Log::<u64>::holding(HELD);
    let mut reader = log.subscribe();
    (0..BEHIND).for_each(|number| log.append(number));
    let mut got = Got::default();
    loop {
        match now(&mut reader) {
            Some(Ok(numbers)) => got.numbers.extend(numbers),
            Some(Err(Stop::Lagged(missed))) => got.missed += missed,
            Some(Err(_)) | None => return got,
        }
    }
}

fn deserted<P: Peer>() -> bool {
    let mut log = P::Log::<u64>::holding(HELD);
    drop(log.subscribe());
    log.append(1);
    let mut reader = log.subscribe();
    log.append(2);
    now(&mut reader) == Some(Ok(vec![2]))
}

fn whole<P: Peer>() -> bool {
    let mut log = P::Log::<u64>::holding(HELD);
    let mut reader = log.subscribe();
    let mut seen_early = false;
    let batch = (0..40).inspect(|_| seen_early |= now(&mut reader).is_some());
    log.append_all(batch);
    let mut numbers = Vec::new();
    while let Some(Ok(more)) = now(&mut reader) {
        numbers.extend(more);
    }
    !seen_early && numbers.into_iter().eq(0..40)
}

fn panic<P: Peer>() -> bool {
    let mut log = P::Log::<u64>::holding(HELD);
    let mut reader = log.subscribe();
    let batch = (0..40).inspect(|number| assert!(*number < 20, "the iterator panics"));
    let outcome = catch_unwind(AssertUnwindSafe(|| log.append_all(batch)));
    let seen = now(&mut reader);
    log.append(50);
    outcome.is_err() && seen.is_none() && now(&mut reader) == Some(Ok(vec![50]))
}

fn turns<P: Peer>() -> bool {
    let turns = one_thread().block_on(async {
        let mut log = P::Log::<u64>::holding(FEAST as usize);
        let mut reader = log.subscribe();
        (0..FEAST).for_each(|number| log.append(number));
        let reading = tokio::spawn(async move { reader.read(FEAST, Tally::default()).await });
        let counting = tokio::spawn(async move {
            let mut turns = 0;
            while !reading.is_finished() {
                turns += 1;
                next_turn().await;
            }
            turns
        });
        counting.await.unwrap_or(0)
    });
    turns >= TURNS
}

/// Waits for its next turn, which comes after everybody else's that waits for one now. Tokio's own
/// way takes turns less often.
async fn next_turn() {
    let mut is_next = false;
    poll_fn(|cx| {
        if is_next {
            return Poll::Ready(());
        }
        is_next = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
