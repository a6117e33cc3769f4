//! forebay's own batcher, as it is and in other settings.

use std::fmt;
use std::sync::Arc;

use forebay_batch::{Batcher, Bounded, Builder, OnError};
use forebay_core::{Answers, LoadBatch, LoadResult};
use tokio::sync::Semaphore;

use crate::batch::backend::{Answer, Backend};
use crate::batch::peer::{Loader, Peer};
use crate::batch::peers::CACHE_CAPACITY;
use crate::entry::Kind;
use crate::failure::Failure;

/// The row with defaults.
#[derive(Debug)]
pub struct Forebay;

impl Peer for Forebay {
    const NAME: &'static str = "forebay";
    const SETTINGS: &'static str = "defaults: 1000 keys, 4 in flight";
    const KIND: Kind = Kind::Ours;

    type Loader<B: Backend> = Batches;

    fn build<B: Backend>(backend: Arc<B>) -> Batches {
        Batches::new(backend, |builder| builder)
    }
}

/// The row whose calls are carried out by those who wait.
#[derive(Debug)]
pub struct ForebayInline;

impl Peer for ForebayInline {
    const NAME: &'static str = "forebay, inline";
    const SETTINGS: &'static str = "inline, 1000 keys, 4 in flight";
    const KIND: Kind = Kind::OursVariant;

    type Loader<B: Backend> = Batches;

    fn build<B: Backend>(backend: Arc<B>) -> Batches {
        Batches::new(backend, Builder::inline)
    }
}

/// The row with one call at a time.
#[derive(Debug)]
pub struct ForebaySerial;

impl Peer for ForebaySerial {
    const NAME: &'static str = "forebay, one in flight";
    const SETTINGS: &'static str = "1000 keys, 1 in flight";
    const KIND: Kind = Kind::OursVariant;

    type Loader<B: Backend> = Batches;

    fn build<B: Backend>(backend: Arc<B>) -> Batches {
        Batches::new(backend, |builder| builder.max_in_flight(1))
    }
}

/// The row with more calls in flight than there are connections.
#[derive(Debug)]
pub struct ForebayEarlyBound;

impl Peer for ForebayEarlyBound {
    const NAME: &'static str = "forebay, 16 in flight";
    const SETTINGS: &'static str = "1000 keys, 16 in flight";
    const KIND: Kind = Kind::OursVariant;

    type Loader<B: Backend> = Batches;

    fn build<B: Backend>(backend: Arc<B>) -> Batches {
        Batches::new(backend, |builder| builder.max_in_flight(16))
    }
}

/// The row with more calls in flight than there are connections, each of which waits for one
/// before it takes its keys.
#[derive(Debug)]
pub struct ForebayLateBound;

impl Peer for ForebayLateBound {
    const NAME: &'static str = "forebay, 16 in flight, permits";
    const SETTINGS: &'static str = "1000 keys, 16 in flight, a permit for each connection";
    const KIND: Kind = Kind::OursVariant;

    type Loader<B: Backend> = Batches;

    fn build<B: Backend>(backend: Arc<B>) -> Batches {
        let pool = Arc::new(Semaphore::new(backend.connections()));
        let permit = move || {
            let pool = Arc::clone(&pool);
            async move { pool.acquire_owned().await.map_err(|_| Failure) }
        };
        Batches::new(backend, |builder| builder.max_in_flight(16).permits(permit))
    }
}

/// The row with a cache.
#[derive(Debug)]
pub struct ForebayCached;

impl Peer for ForebayCached {
    const NAME: &'static str = "forebay, cached";
    const SETTINGS: &'static str = "1000 keys, 4 in flight, Bounded";
    const KIND: Kind = Kind::OursVariant;
    const REMEMBERS: bool = true;

    type Loader<B: Backend> = Batches;

    fn build<B: Backend>(backend: Arc<B>) -> Batches {
        Batches::new(backend, |builder| {
            builder.cache(Bounded::new(CACHE_CAPACITY))
        })
    }
}

/// The row that asks again, by halves, for the keys of a call that failed.
#[derive(Debug)]
pub struct ForebayBisect;

impl Peer for ForebayBisect {
    const NAME: &'static str = "forebay, bisect";
    const SETTINGS: &'static str = "1024 keys, 4 in flight, Bisect";
    const KIND: Kind = Kind::OursVariant;
    const BATCH_MAX: usize = 1_024;

    type Loader<B: Backend> = Batches;

    fn build<B: Backend>(backend: Arc<B>) -> Batches {
        let on_error = OnError::Bisect { max_calls: 100 };
        Batches::new(backend, |builder| {
            builder.max_batch(1024).on_error(on_error)
        })
    }
}

/// One batcher.
pub struct Batches(Batcher<u64, u64, Failure>);

/// The backend as forebay asks it.
pub(crate) struct Ask<B>(Arc<B>);

impl Batches {
    /// Returns a batcher before `backend`, as it is set by `set`.
    pub(crate) fn new<B: Backend>(
        backend: Arc<B>,
        set: impl FnOnce(Builder<Ask<B>, u64>) -> Builder<Ask<B>, u64>,
    ) -> Self {
        let batcher = set(Batcher::builder(Ask(backend))).build();
        Self(batcher.expect("the configuration is sound"))
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Batches").finish_non_exhaustive()
    }
}

impl<B: Backend> LoadBatch<u64> for Ask<B> {
    type Value = u64;
    type Error = Failure;

    async fn load_batch(
        &self,
        keys: &[u64],
        answers: &mut Answers<'_, u64, u64, Failure>,
    ) -> Result<(), Failure> {
        let found = self.0.find(keys).await?;
        for (position, key) in keys.iter().enumerate() {
            if let Some(value) = B::value(&found, position, *key) {
                answers.set(position, value);
            }
        }
        B::end(&found)
    }
}

impl Loader for Batches {
    const KEEPS_FOUND: bool = true;

    type Output = LoadResult<u64, Failure>;
    type Outputs = Vec<LoadResult<u64, Failure>>;

    fn load<'a>(&'a self, key: &'a u64) -> impl Future<Output = Self::Output> + Send + 'a {
        self.0.load(key)
    }

    fn load_many<'a>(&'a self, keys: &'a [u64]) -> impl Future<Output = Self::Outputs> + Send + 'a {
        self.0.load_many(keys)
    }

    fn answer(output: Self::Output) -> Answer {
        output.map_err(|_| Failure)
    }

    fn answers(_keys: &[u64], outputs: Self::Outputs) -> Vec<Answer> {
        outputs.into_iter().map(Self::answer).collect()
    }

    async fn clear(&self, key: u64) -> bool {
        self.0.clear(&key);
        true
    }
}
