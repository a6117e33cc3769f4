//! scuffle-batching: each value comes with what its result is handed to.

use std::fmt;
use std::sync::Arc;

use scuffle_batching::batch::BatchResponse;
use scuffle_batching::{BatchExecutor, Batcher};

use super::{Mutator, Recorder};
use crate::entry::Kind;

/// The row of it.
pub struct Scuffle(Batcher<CarryOut>);

struct CarryOut(Arc<Recorder>);

impl BatchExecutor for CarryOut {
    type Request = u64;
    type Response = u64;

    async fn execute(&self, requests: Vec<(u64, BatchResponse<u64>)>) {
        let (values, responses): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
        let results = self.0.carry_out(&values).await;
        for (response, result) in responses.into_iter().zip(results) {
            response.send(result);
        }
    }
}

impl fmt::Debug for Scuffle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scuffle").finish_non_exhaustive()
    }
}

impl Mutator for Scuffle {
    const NAME: &'static str = "scuffle-batching 0.1.6";
    const SETTINGS: &'static str = "defaults: 5 ms, 1000 values, 50 in flight";
    const KIND: Kind = Kind::Library;
    const BATCH_MAX: usize = 1_000;
    const IS_POSITIONAL: bool = false;

    fn build(backend: Arc<Recorder>) -> Self {
        Self(Batcher::builder().build(CarryOut(backend)))
    }

    async fn execute(&self, value: u64) -> Option<u64> {
        self.0.execute(value).await
    }

    async fn execute_many(&self, values: Vec<u64>) -> Option<Vec<u64>> {
        self.0.execute_many(values).await.into_iter().collect()
    }
}
