//! A consumer that has missed something is dropped at every single poll of its new beginning.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use forebay_checkpoint::{CheckpointError, MemoryStore};
use forebay_consumer::{
    Batch, Consumer, End, Follow, FollowError, Handler, Keep, OnGap, Received, Retry, Step,
};
use forebay_core::{Checkpoint, CheckpointStore, Commit};
use futures::Stream;

use crate::{Hasty, KEY, Lost, at, turn};

/// So many changes were applied before.
const BEFORE: u64 = 5;
const SNAPSHOT: u64 = 12;
const LAST: u64 = 20;

/// A key and its value, or that it is gone.
type Change = (u64, Option<u64>);

/// What the change with this number is. No later one touches what was there before, so whoever goes on
/// behind a state that is half forgotten never finds it again.
fn change(number: u64) -> Change {
    let key = if number <= BEFORE {
        number
    } else {
        BEFORE + 1 + number % 5
    };
    (key, (!number.is_multiple_of(3)).then_some(number))
}

/// What is there after so many changes.
fn state_at(number: u64) -> BTreeMap<u64, u64> {
    let mut state = BTreeMap::new();
    (1..=number)
        .map(change)
        .for_each(|change| apply(&mut state, change));
    state
}

fn apply(state: &mut BTreeMap<u64, u64>, (key, value): Change) {
    match value {
        Some(value) => state.insert(key, value),
        None => state.remove(&key),
    };
}

/// What outlasts a consumer: its state is as durable as its position.
#[derive(Clone, Default)]
struct World {
    store: MemoryStore,
    state: Arc<Mutex<BTreeMap<u64, u64>>>,
    /// The log has said once that something is missing. It was behind itself, and has it all now.
    is_whole: Arc<AtomicBool>,
}

impl World {
    /// Of a consumer that was last there a while ago.
    fn left_behind() -> Self {
        let world = Self::default();
        let stored = futures::executor::block_on(world.store.commit(&KEY, at(BEFORE)));
        assert!(stored.unwrap().is_advanced());
        *world.state.lock().unwrap() = state_at(BEFORE);
        world
    }
}

struct Log(World);

type Piece = Result<Step<Received<Change>>, FollowError<Lost>>;

impl Follow for Log {
    type Items = Received<Change>;
    type Error = Lost;
    type Steps = Pin<Box<dyn Stream<Item = Piece> + Send>>;

    async fn follow(&self, from: Option<&Checkpoint>) -> Result<Self::Steps, FollowError<Lost>> {
        turn().await;
        let known = from.map(|from| from.sequence().get());
        if known.is_some() && !self.0.is_whole.swap(true, SeqCst) {
            return Err(FollowError::Stale(Lost));
        }
        let mut pieces: Vec<Piece> = Vec::new();
        if known.is_none() {
            pieces.push(Ok(Step::Anew));
            for (key, value) in state_at(SNAPSHOT) {
                pieces.push(Ok(Step::Items(Received::one((key, Some(value))))));
            }
            pieces.push(Ok(Step::Reached(at(SNAPSHOT))));
        }
        for number in known.unwrap_or(SNAPSHOT) + 1..=LAST {
            let one = Received::one(change(number)).reaching(at(number));
            pieces.push(Ok(Step::Items(one)));
        }
        let turns = futures::stream::unfold(pieces.into_iter(), |mut pieces| async {
            turn().await;
            pieces.next().map(|piece| (piece, pieces))
        });
        Ok(Box::pin(turns))
    }
}

/// A store that looks, before it makes the position void, whether anything was forgotten.
struct Strict(World);

impl Keep for Strict {
    type Error = CheckpointError;

    async fn load(&mut self) -> Result<Option<Checkpoint>, CheckpointError> {
        turn().await;
        self.0.store.load(&KEY).await
    }

    async fn commit(&mut self, checkpoint: Checkpoint) -> Result<Commit, CheckpointError> {
        turn().await;
        let commit = self.0.store.commit(&KEY, checkpoint).await;
        turn().await;
        commit
    }

    async fn reset(&mut self, checkpoint: Checkpoint) -> Result<(), CheckpointError> {
        turn().await;
        let state = self.0.state.lock().unwrap().clone();
        let stored = self.0.store.load_now(&KEY).unwrap();
        if stored == at(BEFORE) {
            assert_eq!(state, state_at(BEFORE), "it was forgotten too early");
        }
        let reset = self.0.store.reset(&KEY, checkpoint).await;
        turn().await;
        reset
    }
}

struct Table(World);

impl Handler<Change> for Table {
    type Error = Lost;

    async fn apply(&mut self, batch: Batch<'_, Change>) -> Result<(), Lost> {
        turn().await;
        for one in batch.items() {
            apply(&mut self.0.state.lock().unwrap(), *one);
            turn().await;
        }
        Ok(())
    }

    /// Forgets one thing after the other.
    async fn begin_anew(&mut self) -> Result<(), Lost> {
        while self.0.state.lock().unwrap().pop_first().is_some() {
            turn().await;
        }
        Ok(())
    }
}

/// Runs a consumer for so many polls at most; returns whether it came to its end.
fn live(world: &World, polls_max: usize) -> bool {
    let consumer = Consumer::builder(
        Log(world.clone()),
        Strict(world.clone()),
        Table(world.clone()),
    )
    .runtime(Arc::new(Hasty::default()))
    .commit_every(3)
    .commit_interval(Duration::from_millis(20))
    .retry(Retry::never())
    .on_gap(OnGap::BeginAnew)
    .build()
    .unwrap();
    let mut run = Box::pin(consumer.run());
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..polls_max {
        if let Poll::Ready(ended) = run.as_mut().poll(&mut cx) {
            let summary = ended.unwrap();
            assert_eq!(
                (summary.end, summary.committed),
                (End::Closed, Some(at(LAST)))
            );
            return true;
        }
    }
    false
}

#[test]
fn a_new_beginning_is_whole_wherever_a_consumer_is_dropped() {
    let mut polls = 0;
    loop {
        let world = World::left_behind();
        let has_ended = live(&world, polls);
        // Dropped twice, in the same place, and a little later.
        let _ = live(&world, polls / 2);
        assert!(live(&world, usize::MAX));
        let state = world.state.lock().unwrap().clone();
        assert_eq!(state, state_at(LAST), "dropped at {polls}");
        if has_ended {
            break;
        }
        polls += 1;
    }
    let turns = state_at(BEFORE).len() + 2 * (LAST - SNAPSHOT) as usize;
    assert!(polls > turns, "it has that many polls at least: {polls}");
}
