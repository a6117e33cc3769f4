//! ultra-batch: its executor takes results apart by their places.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use ultra_batch::{BatchExecutor, Executor};

use super::{Mutator, Recorder};
use crate::entry::Kind;

/// The row of it.
pub struct UltraBatch(BatchExecutor<CarryOut>);

struct CarryOut(Arc<Recorder>);

impl Executor for CarryOut {
    type Value = u64;
    type Result = u64;
    type Error = Infallible;

    async fn execute(&self, values: Vec<u64>) -> Result<Vec<u64>, Infallible> {
        Ok(self.0.carry_out(&values).await)
    }
}

impl fmt::Debug for UltraBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UltraBatch").finish_non_exhaustive()
    }
}

impl Mutator for UltraBatch {
    const NAME: &'static str = "ultra-batch 0.3.0";
    const SETTINGS: &'static str = "defaults: 10 ms, 100 values";
    const KIND: Kind = Kind::Library;
    const BATCH_MAX: usize = 100;

    fn build(backend: Arc<Recorder>) -> Self {
        Self(BatchExecutor::build(CarryOut(backend)).finish())
    }

    async fn execute(&self, value: u64) -> Option<u64> {
        self.0.execute(value).await.ok().flatten()
    }

    async fn execute_many(&self, values: Vec<u64>) -> Option<Vec<u64>> {
        self.0.execute_many(values).await.ok()
    }
}
