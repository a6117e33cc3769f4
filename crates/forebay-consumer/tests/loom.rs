//! Models of a consumer that is stopped, run through every interleaving of its threads.
//!
//! Run with `RUSTFLAGS="--cfg forebay_loom" cargo test --release --test loom`.
//!
//! * A stop ends a consumer that waits, or is about to, whoever stops it and however often.
//! * It reaches a consumer that has moved from one task to another.
//! * A stop and an end meet without harm, and what is seen afterwards is the end.
#![cfg(forebay_loom)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::future::{pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use forebay_checkpoint::MemoryStore;
use forebay_consumer::{
    Batches, BoxFuture, Consumer, End, Follow, FollowError, Handle, Phase, Received, Runtime,
    RuntimeGone, Step, batches,
};
use forebay_core::{Checkpoint, ResumeKey};
use futures::stream::Pending;
use loom::future::block_on;
use loom::thread;

/// Three preemptions find every defect that anybody has written about; the environment may ask for
/// more.
fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(f);
}

/// A log in which nothing ever happens.
struct Silent;

impl Follow for Silent {
    type Items = Received<u64>;
    type Error = Infallible;
    type Steps = Pending<Result<Step<Received<u64>>, FollowError<Infallible>>>;

    async fn follow(&self, _: Option<&Checkpoint>) -> Result<Self::Steps, FollowError<Infallible>> {
        Ok(futures::stream::pending())
    }
}

/// A clock that stands still.
struct Frozen;

impl Runtime for Frozen {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(pending())
    }

    fn spawn(&self, _: BoxFuture<'static, ()>) -> Result<(), RuntimeGone> {
        Err(RuntimeGone::new())
    }
}

type Apply = fn(forebay_consumer::Batch<'_, u64>) -> std::future::Ready<Result<(), Infallible>>;

fn consumer() -> Consumer<Silent, (MemoryStore, ResumeKey), Batches<Apply>> {
    let apply: Apply = |_| ready(Ok(()));
    let keep = (MemoryStore::new(), ResumeKey::from_bytes([7; 32]));
    let builder = Consumer::builder(Silent, keep, batches(apply));
    builder.runtime(Arc::new(Frozen)).seed(7).build().unwrap()
}

fn stop(handle: &Handle) -> thread::JoinHandle<()> {
    let handle = handle.clone();
    thread::spawn(move || handle.stop())
}

#[test]
fn a_stop_ends_a_consumer_that_waits_or_is_about_to() {
    model(|| {
        let consumer = consumer();
        let stopper = stop(&consumer.handle());
        let summary = block_on(consumer.run()).unwrap();
        assert_eq!(summary.end, End::Stopped);
        stopper.join().unwrap();
    });
}

#[test]
fn whoever_comes_second_stops_it_as_well() {
    model(|| {
        let consumer = consumer();
        let handle = consumer.handle();
        let stoppers = [stop(&handle), stop(&handle)];
        assert_eq!(block_on(consumer.run()).unwrap().end, End::Stopped);
        stoppers.map(|stopper| stopper.join().unwrap());
        assert_eq!(handle.stats().phase, Phase::Ended);
    });
}

#[test]
fn a_stop_reaches_a_consumer_that_has_moved_to_another_task() {
    model(|| {
        let consumer = consumer();
        let stopper = stop(&consumer.handle());
        let mut run = pin!(consumer.run());
        let first = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let ended = match first {
            Poll::Ready(ended) => ended,
            Poll::Pending => block_on(run),
        };
        assert_eq!(ended.unwrap().end, End::Stopped);
        stopper.join().unwrap();
    });
}

#[test]
fn a_stop_and_an_end_meet_without_harm() {
    model(|| {
        let consumer = consumer();
        let handle = consumer.handle();
        let stopper = stop(&handle);
        {
            let mut run = pin!(consumer.run());
            let _ = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        assert_eq!(handle.stats().phase, Phase::Ended);
        stopper.join().unwrap();
    });
}
