//! forebay's own executor.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use forebay_batch::{Execute, ExecuteResults, Executor};

use super::{Mutator, Recorder};
use crate::entry::Kind;

/// The row of it.
pub struct Forebay(Executor<u64, u64, Infallible>);

struct CarryOut(Arc<Recorder>);

impl Execute<u64> for CarryOut {
    type Output = u64;
    type Error = Infallible;

    async fn execute(&self, values: Vec<u64>) -> ExecuteResults<u64, Infallible> {
        let results = self.0.carry_out(&values).await;
        Ok(results.into_iter().map(Ok).collect())
    }
}

impl fmt::Debug for Forebay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Forebay").finish_non_exhaustive()
    }
}

impl Mutator for Forebay {
    const NAME: &'static str = "forebay";
    const SETTINGS: &'static str = "defaults: 1000 values, 1 in flight";
    const KIND: Kind = Kind::Ours;
    const BATCH_MAX: usize = 1_000;

    fn build(backend: Arc<Recorder>) -> Self {
        Self(Executor::new(CarryOut(backend)))
    }

    async fn execute(&self, value: u64) -> Option<u64> {
        self.0.execute(value).await.ok()
    }

    async fn execute_many(&self, values: Vec<u64>) -> Option<Vec<u64>> {
        let results = self.0.execute_many(values).await;
        results.into_iter().map(Result::ok).collect()
    }
}
