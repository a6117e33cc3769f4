use forebay_batch::{Batcher, Builder};

use crate::reads::backend::{Backend, BackendError};
use crate::reads::row::Row;
use crate::reads::simulation::{self, Batching};
use crate::reads::strategy::Strategy;
use crate::reads::trial::Trial;

/// Keys that wait together go together, and loads of one key are one; nothing is kept.
pub(super) const STRATEGY: Strategy = Strategy {
    name: "batch",
    summary: "keys that wait share a call; loads of one key join where it waits or is under way",
    keeps_answers: false,
    never_overlaps: true,
    simulation: Some(|plan, costs| simulation::batched(plan, costs, DEFAULTS)),
    measure: |trial| trial.measure(|backend| batcher(trial, backend)),
};

/// What a batcher does unless it is told otherwise.
const DEFAULTS: Batching = Batching {
    keys_max: 1_000,
    calls_max: 4,
};

/// Returns a batcher with its default settings.
pub(super) fn batcher(trial: &Trial<'_>, backend: Backend) -> Batcher<u64, Row, BackendError> {
    builder(trial, backend)
        .build()
        .expect("the defaults are valid")
}

/// Begins a batcher on the runtime of the run.
pub(super) fn builder(trial: &Trial<'_>, backend: Backend) -> Builder<Backend, u64> {
    Batcher::builder(backend).runtime(trial.tasks())
}
