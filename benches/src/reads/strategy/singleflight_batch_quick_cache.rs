use crate::reads::strategy::Strategy;
use crate::reads::strategy::batch::batcher;
use crate::reads::strategy::cached::Cached;
use crate::reads::strategy::quick_cache::Rows;

/// quick_cache as a plain cache, with misses behind it that are coalesced and then batched.
pub(super) const STRATEGY: Strategy = Strategy {
    name: "singleflight+batch+quick_cache",
    summary: "a bounded cache; misses of one key that overlap are one, and those that wait share a \
              call",
    keeps_answers: true,
    never_overlaps: true,
    simulation: None,
    measure: |trial| {
        trial.measure(|backend| Cached::new(Rows::new(trial.settings()), batcher(trial, backend)))
    },
};
