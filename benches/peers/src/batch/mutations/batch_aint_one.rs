//! batch-aint-one: what it batches are mutations to begin with.

use std::fmt;
use std::sync::Arc;

use batch_aint_one::{Batcher, BatchingPolicy, Limits, Processor};

use super::{Mutator, Recorder};
use crate::entry::Kind;
use crate::failure::Failure;

/// The row of it.
pub struct BatchAintOne(Batcher<CarryOut>);

#[derive(Clone)]
struct CarryOut(Arc<Recorder>);

impl Processor for CarryOut {
    type Key = ();
    type Input = u64;
    type Output = u64;
    type Error = Failure;
    type Resources = ();

    async fn acquire_resources(&self, (): ()) -> Result<(), Failure> {
        Ok(())
    }

    async fn process(
        &self,
        (): (),
        inputs: impl Iterator<Item = u64> + Send,
        (): (),
    ) -> Result<Vec<u64>, Failure> {
        let values: Vec<u64> = inputs.collect();
        Ok(self.0.carry_out(&values).await)
    }
}

impl fmt::Debug for BatchAintOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BatchAintOne").finish_non_exhaustive()
    }
}

impl Mutator for BatchAintOne {
    const NAME: &'static str = "batch-aint-one 0.16.0";
    const SETTINGS: &'static str = "Immediate, defaults: 100 items, 10 in flight";
    const KIND: Kind = Kind::Library;
    const BATCH_MAX: usize = 100;
    const EXECUTES_MANY: bool = false;

    fn build(backend: Arc<Recorder>) -> Self {
        let batcher = Batcher::builder()
            .name("peer")
            .processor(CarryOut(backend))
            .limits(Limits::default())
            .batching_policy(BatchingPolicy::Immediate)
            .build();
        Self(batcher)
    }

    async fn execute(&self, value: u64) -> Option<u64> {
        self.0.add((), value).await.ok()
    }

    async fn execute_many(&self, _values: Vec<u64>) -> Option<Vec<u64>> {
        None
    }
}
