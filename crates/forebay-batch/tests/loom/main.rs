//! Models of a batcher that are run through every interleaving of their threads.
//!
//! Run with `RUSTFLAGS="--cfg forebay_loom" cargo test --release --test loom`.
#![cfg(forebay_loom)]

mod carried;
mod clearing;
mod loading;

use std::future::poll_fn;
use std::task::Poll;

use foldhash::fast::FixedState;
use forebay_batch::{Batcher, BoxFuture, Builder, Runtime, RuntimeGone};
use forebay_core::{Answers, LoadBatch};
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::thread;

type Loads = Batcher<u8, usize, &'static str>;

/// Three preemptions find every defect that anybody has written about; the environment may ask for
/// more.
fn model(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(f);
}

/// Answers every key with the version that it read, after so many polls.
#[derive(Clone)]
struct Table {
    version: Arc<AtomicUsize>,
    polls: usize,
}

impl Table {
    fn new(polls: usize) -> Self {
        let version = Arc::new(AtomicUsize::new(0));
        Self { version, polls }
    }

    fn write(&self, version: usize) {
        self.version.store(version, SeqCst);
    }
}

impl LoadBatch<u8> for Table {
    type Value = usize;
    type Error = &'static str;

    async fn load_batch(
        &self,
        keys: &[u8],
        answers: &mut Answers<'_, u8, usize, &'static str>,
    ) -> Result<(), &'static str> {
        let version = self.version.load(SeqCst);
        let mut polls = self.polls;
        poll_fn(|cx| {
            if polls == 0 {
                return Poll::Ready(());
            }
            polls -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        for (position, key) in keys.iter().enumerate() {
            answers.set(position, usize::from(*key) * 10 + version);
        }
        Ok(())
    }
}

/// Runs each task in a thread of the model.
struct Threads;

impl Runtime for Threads {
    fn now(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    fn sleep_until(&self, _: std::time::Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        thread::spawn(move || block_on(task));
        Ok(())
    }
}

/// Each run of a model must do the same, so the hashes are the same each time.
fn builder(table: &Table) -> Builder<Table, u8, (), FixedState> {
    let builder = Batcher::builder(table.clone()).hasher(FixedState::default());
    builder.runtime(Threads).gather(0).max_in_flight(1)
}

/// Makes a load in a thread of its own; it must get this answer.
fn spawn_load(loads: &Loads, key: u8) -> thread::JoinHandle<()> {
    let loads = loads.clone();
    thread::spawn(move || {
        let answer = block_on(async { loads.load(&key).await });
        assert_eq!(answer, Ok(Some(usize::from(key) * 10)));
    })
}

/// Polls a load once, and drops it if it was not ready.
fn poll_and_drop(loads: &Loads, key: u8) {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut load = std::pin::pin!(loads.load(&key));
    let _ = load.as_mut().poll(&mut cx);
}

/// Nothing waits and nothing is in flight, once those who carry out calls have noticed.
fn is_over(loads: &Loads) {
    block_on(async { loads.drain().await });
    let stats = loads.stats();
    assert_eq!((stats.waiting, stats.running), (0, 0));
}
