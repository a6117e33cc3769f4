//! batch-aint-one: a worker task in front of a processor, with a policy for when a batch leaves.
//!
//! Its keys are what groups items; all items here are of one group, and a load is an item.

use std::fmt;
use std::sync::Arc;

use batch_aint_one::{BatchError, Batcher, BatchingPolicy, Limits, Processor};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::batch::backend::{Answer, Backend};
use crate::batch::peer::{Loader, NoSuchCall, Peer};
use crate::entry::Kind;
use crate::failure::Failure;

/// More items than any question has wait at once.
const QUEUE_MAX: usize = 1 << 20;

/// How many items the worker may lag behind, so that nobody waits for room.
const AWAITING_MAX: usize = 1 << 20;

/// The row with the limits that it has by default. A policy must be chosen.
#[derive(Debug)]
pub struct BatchAintOne;

impl Peer for BatchAintOne {
    const NAME: &'static str = "batch-aint-one 0.16.0";
    const SETTINGS: &'static str = "Immediate, defaults: 100 items, 10 in flight";
    const KIND: Kind = Kind::Library;
    const BATCH_MAX: usize = 100;

    type Loader<B: Backend> = Items<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Items<B> {
        Items::new(backend, BatchingPolicy::Immediate, Limits::default())
    }
}

/// The row with the limits that forebay has by default.
#[derive(Debug)]
pub struct BatchAintOneTuned;

impl Peer for BatchAintOneTuned {
    const NAME: &'static str = "batch-aint-one 0.16.0, tuned";
    const SETTINGS: &'static str = "Immediate, 1000 items, 4 in flight, large queue";
    const KIND: Kind = Kind::Library;

    type Loader<B: Backend> = Items<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Items<B> {
        Items::new(backend, BatchingPolicy::Immediate, limits(4))
    }
}

/// The row with its policy for fewer and larger batches.
#[derive(Debug)]
pub struct BatchAintOneBalanced;

impl Peer for BatchAintOneBalanced {
    const NAME: &'static str = "batch-aint-one 0.16.0, balanced";
    const SETTINGS: &'static str = "Balanced(100), 1000 items, 4 in flight, large queue";
    const KIND: Kind = Kind::Library;

    type Loader<B: Backend> = Items<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Items<B> {
        let policy = BatchingPolicy::Balanced { min_size_hint: 100 };
        Items::new(backend, policy, limits(4))
    }
}

/// The row with more calls in flight than there are connections.
#[derive(Debug)]
pub struct BatchAintOneEarlyBound;

impl Peer for BatchAintOneEarlyBound {
    const NAME: &'static str = "batch-aint-one 0.16.0, 16 in flight";
    const SETTINGS: &'static str = "Immediate, 1000 items, 16 in flight, large queue";
    const KIND: Kind = Kind::Library;

    type Loader<B: Backend> = Items<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Items<B> {
        Items::new(backend, BatchingPolicy::Immediate, limits(16))
    }
}

/// The row with more calls in flight than there are connections, each of which waits for one
/// before it takes its items.
#[derive(Debug)]
pub struct BatchAintOneLateBound;

impl Peer for BatchAintOneLateBound {
    const NAME: &'static str = "batch-aint-one 0.16.0, 16 in flight, resources";
    const SETTINGS: &'static str =
        "Immediate, 1000 items, 16 in flight, a resource for each connection";
    const KIND: Kind = Kind::Library;

    type Loader<B: Backend> = Items<B>;

    fn build<B: Backend>(backend: Arc<B>) -> Items<B> {
        let pool = Arc::new(Semaphore::new(backend.connections()));
        Items::pooled(backend, BatchingPolicy::Immediate, limits(16), Some(pool))
    }
}

fn limits(in_flight: usize) -> Limits {
    Limits::builder()
        .max_batch_size(1000)
        .max_key_concurrency(in_flight)
        .max_key_queued_items(QUEUE_MAX)
        .max_items_awaiting_worker(AWAITING_MAX)
        .build()
}

/// One batcher.
pub struct Items<B: Backend>(Batcher<Process<B>>);

struct Process<B> {
    backend: Arc<B>,
    pool: Option<Arc<Semaphore>>,
}

impl<B> Clone for Process<B> {
    fn clone(&self) -> Self {
        Self {
            backend: Arc::clone(&self.backend),
            pool: self.pool.clone(),
        }
    }
}

impl<B: Backend> Items<B> {
    fn new(backend: Arc<B>, policy: BatchingPolicy, limits: Limits) -> Self {
        Self::pooled(backend, policy, limits, None)
    }

    fn pooled(
        backend: Arc<B>,
        policy: BatchingPolicy,
        limits: Limits,
        pool: Option<Arc<Semaphore>>,
    ) -> Self {
        let batcher = Batcher::builder()
            .name("peer")
            .processor(Process { backend, pool })
            .limits(limits)
            .batching_policy(policy)
            .build();
        Self(batcher)
    }
}

impl<B: Backend> fmt::Debug for Items<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Items").finish_non_exhaustive()
    }
}

impl<B: Backend> Processor for Process<B> {
    type Key = ();
    type Input = u64;
    type Output = Option<u64>;
    type Error = Failure;
    type Resources = Option<OwnedSemaphorePermit>;

    async fn acquire_resources(&self, (): ()) -> Result<Self::Resources, Failure> {
        match &self.pool {
            Some(pool) => {
                let permit = Arc::clone(pool).acquire_owned().await;
                permit.map(Some).map_err(|_| Failure)
            }
            None => Ok(None),
        }
    }

    async fn process(
        &self,
        (): (),
        inputs: impl Iterator<Item = u64> + Send,
        _permit: Self::Resources,
    ) -> Result<Vec<Option<u64>>, Failure> {
        let keys: Vec<u64> = inputs.collect();
        let found = self.backend.find(&keys).await?;
        B::end(&found)?;
        let keys = keys.iter().enumerate();
        let values = keys.map(|(position, key)| B::value(&found, position, *key));
        Ok(values.collect())
    }
}

impl<B: Backend> Loader for Items<B> {
    const LOADS_MANY: bool = false;

    type Output = Result<Option<u64>, BatchError<Failure>>;
    type Outputs = NoSuchCall;

    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Self::Output> + Send + 'a {
        self.0.add((), *key)
    }

    async fn load_many(&self, _keys: &[u64]) -> NoSuchCall {
        NoSuchCall
    }

    fn answer(output: Self::Output) -> Answer {
        output.map_err(|_| Failure)
    }

    fn answers(_keys: &[u64], _outputs: NoSuchCall) -> Vec<Answer> {
        Vec::new()
    }
}
