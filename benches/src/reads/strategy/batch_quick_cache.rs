use foldhash::fast::FixedState;
use forebay_batch::Bounded;

use crate::reads::strategy::Strategy;
use crate::reads::strategy::batch::builder;

/// The batcher's own bounded cache, which is a quick_cache; its hashes are the same in every run.
pub(super) const STRATEGY: Strategy = Strategy {
    name: "batch+quick_cache",
    summary: "the batcher's own bounded cache; misses that wait share a call, and join by key",
    keeps_answers: true,
    never_overlaps: true,
    simulation: None,
    measure: |trial| {
        trial.measure(|backend| {
            let capacity = trial.settings().capacity;
            let cache = Bounded::with_hasher(capacity, FixedState::default());
            let builder = builder(trial, backend).cache(cache).cache_missing(true);
            builder.build().expect("the defaults are valid")
        })
    },
};
