//! Models of a flight that are run through every interleaving of their threads.
//!
//! Run with `RUSTFLAGS="--cfg forebay_loom" cargo test --release --test loom`.
#![cfg(forebay_loom)]

mod flights;
mod timers;

use std::convert::Infallible;

use foldhash::fast::FixedState;
use forebay_singleflight::Singleflight;
use loom::model::Builder;

type Group = Singleflight<u8, usize, Infallible, FixedState>;

/// Three preemptions find every defect that anybody has written about; the environment may ask for
/// more.
fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(f);
}

/// Each run of a model must do the same, so the hashes are the same each time.
fn builder() -> forebay_singleflight::Builder<u8, usize, Infallible, FixedState> {
    let builder = Singleflight::builder().shards(1);
    builder.hasher(FixedState::default())
}

fn group() -> Group {
    builder().build().expect("the settings are right")
}
