//! A consumer is dropped at every single poll, and another one goes on.
//!
//! * Nothing is missed, whatever was going on: a load, an open, a batch, a flush, a commit, a pause.
//! * What is applied twice is at most what followed the last commit.
//! * A position is never ahead of what was applied, nor of what was flushed.
//! * A new beginning ends in the state that is right, and the old position is void before any of what
//!   led to it is forgotten.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod anew;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use forebay_checkpoint::{CheckpointError, MemoryStore};
use forebay_consumer::{
    Batch, BoxFuture, Consumer, End, Follow, FollowError, Handler, Keep, Received, Retry, Runtime,
    RuntimeGone, Step,
};
use forebay_core::{Checkpoint, CheckpointStore, Commit, Cursor, LogId, ResumeKey, Sequence};
use futures::Stream;

const KEY: ResumeKey = ResumeKey::from_bytes([7; 32]);

/// So many sequences, of one to three items.
const SEQUENCES: u64 = 30;

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(1), Sequence::new(sequence)))
}

/// The items of a sequence: the sequence, and which of its items it is.
fn items_of(sequence: u64) -> Vec<(u64, u64)> {
    (0..=sequence % 3).map(|part| (sequence, part)).collect()
}

fn all() -> Vec<(u64, u64)> {
    (1..=SEQUENCES).flat_map(items_of).collect()
}

/// Lets whoever polls come back once.
async fn turn() {
    let mut has_turned = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_turned, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What outlasts a consumer.
#[derive(Clone, Default)]
struct World {
    store: MemoryStore,
    applied: Arc<Mutex<Vec<(u64, u64)>>>,
    /// How many of them are flushed.
    flushed: Arc<Mutex<usize>>,
    calls: Arc<AtomicU64>,
}

impl World {
    /// Whether the next of many calls is one that fails.
    fn is_unlucky(&self) -> bool {
        self.calls.fetch_add(1, SeqCst) % 5 == 4
    }

    fn stored(&self) -> u64 {
        let stored = self.store.load_now(&KEY);
        stored.map_or(0, |stored| stored.sequence().get())
    }
}

/// A log in which every second thing takes a turn, and which breaks off from time to time.
struct Log(World);

#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lost")
    }
}

type Piece = Result<Step<Received<(u64, u64)>>, FollowError<Lost>>;

impl Follow for Log {
    type Items = Received<(u64, u64)>;
    type Error = Lost;
    type Steps = Pin<Box<dyn Stream<Item = Piece> + Send>>;

    async fn follow(&self, from: Option<&Checkpoint>) -> Result<Self::Steps, FollowError<Lost>> {
        turn().await;
        let known = from.map_or(0, |from| from.sequence().get());
        let mut pieces: Vec<Piece> = Vec::new();
        if from.is_none() {
            pieces.push(Ok(Step::Reached(at(0))));
        }
        for sequence in known + 1..=SEQUENCES {
            let mut items = items_of(sequence);
            let last = items.split_off(items.len() - 1);
            // A sequence comes in two pieces, and the second one has the begin of the next.
            if !items.is_empty() {
                pieces.push(Ok(Step::Items(Received::from(items))));
            }
            pieces.push(Ok(Step::Items(Received::from(last).reaching(at(sequence)))));
            if self.0.is_unlucky() && sequence > known + 2 {
                pieces.push(Err(FollowError::Interrupted(Lost)));
                break;
            }
        }
        let turns = futures::stream::unfold(pieces.into_iter(), |mut pieces| async {
            turn().await;
            pieces.next().map(|piece| (piece, pieces))
        });
        Ok(Box::pin(turns))
    }
}

/// A store whose calls take two turns, and do what they do between these.
struct Slow(World);

impl Keep for Slow {
    type Error = CheckpointError;

    async fn load(&mut self) -> Result<Option<Checkpoint>, CheckpointError> {
        turn().await;
        if self.0.is_unlucky() {
            return Err(CheckpointError::Full);
        }
        self.0.store.load(&KEY).await
    }

    async fn commit(&mut self, checkpoint: Checkpoint) -> Result<Commit, CheckpointError> {
        turn().await;
        if self.0.is_unlucky() {
            return Err(CheckpointError::Full);
        }
        let flushed = *self.0.flushed.lock().unwrap();
        let behind = checkpoint.sequence().get();
        let safe = &self.0.applied.lock().unwrap()[..flushed].to_vec();
        for item in (1..=behind).flat_map(items_of) {
            assert!(
                safe.contains(&item),
                "{item:?} is committed and not flushed"
            );
        }
        let commit = self.0.store.commit(&KEY, checkpoint).await;
        turn().await;
        commit
    }

    async fn reset(&mut self, _: Checkpoint) -> Result<(), CheckpointError> {
        panic!("there is one log");
    }
}

struct Hand(World);

impl Handler<(u64, u64)> for Hand {
    type Error = Lost;

    async fn apply(&mut self, batch: Batch<'_, (u64, u64)>) -> Result<(), Lost> {
        turn().await;
        if self.0.is_unlucky() {
            return Err(Lost);
        }
        self.0.applied.lock().unwrap().extend(batch.items());
        turn().await;
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Lost> {
        turn().await;
        if self.0.is_unlucky() {
            return Err(Lost);
        }
        *self.0.flushed.lock().unwrap() = self.0.applied.lock().unwrap().len();
        Ok(())
    }
}

/// Time goes by whenever somebody looks at it.
#[derive(Default)]
struct Hasty(AtomicU64);

impl Runtime for Hasty {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.fetch_add(1, SeqCst))
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(turn())
    }

    fn spawn(&self, _: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        panic!("a consumer spawns nothing");
    }
}

/// Runs a consumer for so many polls at most; returns whether it came to its end.
fn live(world: &World, polls_max: usize) -> bool {
    let retry = Retry::exponential(Duration::from_millis(3), Duration::from_millis(5)).forever();
    let hand = Hand(world.clone());
    let consumer = Consumer::builder(Log(world.clone()), Slow(world.clone()), hand)
        .runtime(Arc::new(Hasty::default()))
        .commit_every(3)
        .commit_interval(Duration::from_millis(20))
        .batch_max(2)
        .retry(retry)
        .seed(7)
        .build()
        .unwrap();
    let mut run = Box::pin(consumer.run());
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..polls_max {
        if let Poll::Ready(ended) = run.as_mut().poll(&mut cx) {
            let summary = ended.unwrap();
            assert_eq!((summary.end, summary.uncommitted), (End::Closed, 0));
            return true;
        }
    }
    false
}

/// Holds what was applied against what may have been.
fn check(world: &World, stored_at_drop: u64, applied_at_drop: usize, polls: usize) {
    let applied = world.applied.lock().unwrap();
    let (before, after) = applied.split_at(applied_at_drop);
    for item in all() {
        assert!(
            applied.contains(&item),
            "{item:?} was missed, dropped at {polls}"
        );
    }
    for item in after.iter().filter(|item| before.contains(item)) {
        assert!(
            item.0 > stored_at_drop,
            "{item:?} was committed, dropped at {polls}"
        );
    }
    assert_eq!(world.stored(), SEQUENCES);
}

#[test]
fn nothing_is_missed_wherever_a_consumer_is_dropped() {
    let mut polls = 0;
    loop {
        let world = World::default();
        let has_ended = live(&world, polls);
        let (stored, applied) = (world.stored(), world.applied.lock().unwrap().len());
        assert!(live(&world, usize::MAX));
        check(&world, stored, applied, polls);
        if has_ended {
            break;
        }
        polls += 1;
    }
    assert!(polls > 100, "it has that many polls at least: {polls}");
}

#[test]
fn nothing_is_missed_by_consumers_that_are_dropped_again_and_again() {
    for step in 1..60 {
        let world = World::default();
        // Later ones live longer, so that one of them comes to its end.
        let lives = (1..).map(|life| step + 7 * life);
        for polls in lives {
            let (stored, applied) = (world.stored(), world.applied.lock().unwrap().len());
            if live(&world, polls) {
                check(&world, stored, applied, polls);
                break;
            }
        }
    }
}
