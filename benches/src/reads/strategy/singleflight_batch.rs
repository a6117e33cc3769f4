use forebay_singleflight::Singleflight;

use crate::reads::strategy::Strategy;
use crate::reads::strategy::batch::batcher;

/// One load of a key reaches the batcher, which finds nothing left to join.
pub(super) const STRATEGY: Strategy = Strategy {
    name: "singleflight+batch",
    summary: "loads of one key that overlap are one, and keys that wait share a call",
    keeps_answers: false,
    never_overlaps: true,
    // Whose answer comes first at an instant decides what the next load can join.
    simulation: None,
    measure: |trial| trial.measure(|backend| Singleflight::layer(batcher(trial, backend))),
};
