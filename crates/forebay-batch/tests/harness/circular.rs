//! A backend that loads from its own batcher.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use forebay_batch::{Batcher, BoxFuture, Builder};
use forebay_core::{Answers, LoadBatch, LoadError, LoadResult};
use forebay_testkit::HandRuntime;
use futures::channel::oneshot;

use crate::backend::Error;

pub(crate) type Loop = Batcher<u32, u32, Error>;

type Ask = dyn Fn(Loop, u32) -> BoxFuture<'static, LoadResult<u32, Error>> + Send + Sync;

/// Answers its keys one after the other, each with what a closure makes of it.
pub(crate) struct Circular {
    batcher: Arc<OnceLock<Loop>>,
    ask: Box<Ask>,
    calls: Arc<Mutex<Vec<Vec<u32>>>>,
}

/// The keys of each call of a [`Circular`].
pub(crate) struct Calls(Arc<Mutex<Vec<Vec<u32>>>>);

impl Circular {
    /// Builds a batcher whose backend is asked by `ask`, which gets that batcher.
    pub(crate) fn build<F>(
        settings: impl FnOnce(Builder<Self, u32>) -> Builder<Self, u32>,
        ask: impl Fn(Loop, u32) -> F + Send + Sync + 'static,
    ) -> (Loop, Calls)
    where
        F: Future<Output = LoadResult<u32, Error>> + Send + 'static,
    {
        let batcher = Arc::new(OnceLock::new());
        let calls = Arc::<Mutex<Vec<Vec<u32>>>>::default();
        let backend = Self {
            batcher: Arc::clone(&batcher),
            ask: Box::new(move |batcher, key| Box::pin(ask(batcher, key))),
            calls: Arc::clone(&calls),
        };
        let built = settings(Batcher::builder(backend)).build();
        let built = built.expect("the settings are right");
        let _ = batcher.set(built.clone());
        (built, Calls(calls))
    }
}

impl Circular {
    fn note(&self, keys: &[u32]) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(keys.to_vec());
    }
}

impl LoadBatch<u32> for Circular {
    type Value = u32;
    type Error = Error;

    async fn load_batch(
        &self,
        keys: &[u32],
        answers: &mut Answers<'_, u32, u32, Error>,
    ) -> Result<(), Error> {
        self.note(keys);
        let batcher = self.batcher.get().expect("it is built");
        for (position, key) in keys.iter().enumerate() {
            match (self.ask)(batcher.clone(), *key).await {
                Ok(Some(value)) => answers.set(position, value),
                Ok(None) => answers.missing(position),
                Err(LoadError::Cycle) => answers.fail(position, "cycle"),
                Err(LoadError::Backend(error)) => answers.fail(position, *error),
                Err(_) => answers.fail(position, "something else"),
            };
        }
        Ok(())
    }
}

impl Calls {
    pub(crate) fn keys(&self) -> Vec<Vec<u32>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Settings under which a call that waited for another one's place would wait for ever.
pub(crate) fn tight(
    runtime: &HandRuntime,
) -> impl Fn(Builder<Circular, u32>) -> Builder<Circular, u32> {
    let runtime = runtime.clone();
    move |builder| builder.runtime(runtime.clone()).max_in_flight(1)
}

/// A gate that a backend's call waits for.
pub(crate) fn gate() -> (oneshot::Sender<()>, impl Fn() -> oneshot::Receiver<()>) {
    let (open, gate) = oneshot::channel();
    let gate = Mutex::new(Some(gate));
    let take = move || {
        gate.lock()
            .expect("nobody panics")
            .take()
            .expect("one call waits for it")
    };
    (open, take)
}

/// Nothing waits, nothing runs, no task and no timer is left.
#[track_caller]
pub(crate) fn is_over(batcher: &Loop, runtime: &HandRuntime) {
    runtime.run();
    let stats = batcher.stats();
    assert_eq!((stats.waiting, stats.running), (0, 0));
    assert_eq!((runtime.tasks(), runtime.sleepers()), (0, 0));
}
