use forebay_singleflight::Singleflight;

use crate::reads::simulation;
use crate::reads::strategy::Strategy;

/// Loads of one key that overlap are one call; nothing is kept.
pub(super) const STRATEGY: Strategy = Strategy {
    name: "singleflight",
    summary: "loads of one key that overlap share one call",
    keeps_answers: false,
    never_overlaps: true,
    simulation: Some(simulation::coalesced),
    measure: |trial| trial.measure(Singleflight::layer),
};
