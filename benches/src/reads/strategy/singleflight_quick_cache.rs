use crate::reads::strategy::Strategy;
use crate::reads::strategy::cached::Cached;
use crate::reads::strategy::quick_cache::Rows;

/// quick_cache as a plain cache, with coalesced misses behind it.
pub(super) const STRATEGY: Strategy = Strategy {
    name: "singleflight+quick_cache",
    summary: "a bounded cache, and misses of one key that overlap share one call",
    keeps_answers: true,
    never_overlaps: true,
    simulation: None,
    measure: |trial| trial.measure(|backend| Cached::new(Rows::new(trial.settings()), backend)),
};
