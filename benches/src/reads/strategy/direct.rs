use crate::reads::strategy::Strategy;

/// Every load is a call.
pub(super) const STRATEGY: Strategy = Strategy {
    name: "direct",
    summary: "every load calls the backend",
    keeps_answers: false,
    never_overlaps: false,
    simulation: None,
    measure: |trial| trial.measure(|backend| backend),
};
