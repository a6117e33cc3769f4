//! Models of a log that are run through every interleaving of their threads.
//!
//! Here segments are tiny and a second waiting reader is one too many for the writer, so that a few
//! events cross segments and a few readers need the pump.
//!
//! Run with `RUSTFLAGS="--cfg forebay_loom" cargo test --release --test loom`.
#![cfg(forebay_loom)]

mod cutting;
mod ending;
mod forcing;
mod publishing;
mod pumping;
mod splicing;

use forebay_events::{Publisher, RecvError, Subscription};
use loom::future::block_on;
use loom::model::Builder;

type Error = &'static str;
type Log = Publisher<u64, Error>;
type Reader = Subscription<u64, Error>;

/// Three preemptions find every defect that anybody has written about; the environment may ask for
/// more.
fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(f);
}

/// For models of many steps.
fn shallow_model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    builder.check(f);
}

/// A log that wakes and frees by itself.
fn log() -> Log {
    let builder = Publisher::builder().inline();
    builder.build().expect("the settings are right")
}

/// Reads until the end, waiting for each event; returns what it got.
fn read_all(reader: &mut Reader) -> (Vec<u64>, RecvError<Error>) {
    let mut events = Vec::new();
    loop {
        match block_on(reader.next()) {
            Ok(event) => events.push(*event),
            Err(end) => return (events, end),
        }
    }
}

/// Appends these, each with its number as its sequence.
fn append(log: &mut Log, events: std::ops::RangeInclusive<u64>) {
    for event in events {
        log.append(event, event).expect("the numbers rise");
    }
}
