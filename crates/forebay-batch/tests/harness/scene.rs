//! A batcher with its backend and its runtime, all in the test's hand.

use forebay_batch::{Batcher, Builder};
use forebay_core::LoadResult;
use forebay_testkit::HandRuntime;

use crate::backend::{Backend, Error, Value};
use crate::hand::Hand;

pub(crate) type Answer = LoadResult<Value<u32>, Error>;

/// Settings of a scene without groups.
pub(crate) type Plain = Builder<Backend<u32>, u32>;

pub(crate) struct Scene<G = ()> {
    pub(crate) backend: Backend<u32>,
    pub(crate) runtime: HandRuntime,
    pub(crate) batcher: Batcher<u32, Value<u32>, Error, G>,
}

/// What a load gives for a key that this call has read.
pub(crate) const fn read(key: u32, call: usize) -> Answer {
    Ok(Some((key, call)))
}

impl Scene {
    /// The default settings, before a backend whose calls wait until they are told how to end.
    pub(crate) fn held() -> Self {
        Self::new(|builder| builder)
    }
}

impl<G> Scene<G>
where
    G: Eq + std::hash::Hash + Send + 'static,
{
    /// Settings of its own, before a backend whose calls wait until they are told how to end.
    pub(crate) fn new(settings: impl FnOnce(Plain) -> Builder<Backend<u32>, u32, G>) -> Self {
        Self::before(Backend::held(), settings)
    }

    /// Settings of its own, before a backend whose calls answer at once.
    pub(crate) fn answering(settings: impl FnOnce(Plain) -> Builder<Backend<u32>, u32, G>) -> Self {
        Self::before(Backend::answering(), settings)
    }

    pub(crate) fn before(
        backend: Backend<u32>,
        settings: impl FnOnce(Plain) -> Builder<Backend<u32>, u32, G>,
    ) -> Self {
        let runtime = HandRuntime::default();
        let builder = Batcher::builder(backend.clone()).runtime(runtime.clone());
        Self {
            backend,
            batcher: settings(builder).build().expect("the settings are right"),
            runtime,
        }
    }

    /// Begins a load, which must have to wait.
    #[track_caller]
    pub(crate) fn load<'a>(&'a self, key: &'a u32) -> Hand<'a, Answer> {
        Hand::waiting(self.batcher.load(key))
    }

    /// Begins a load of each key, all of which must have to wait.
    #[track_caller]
    pub(crate) fn loads<'a>(&'a self, keys: &'a [u32]) -> Vec<Hand<'a, Answer>> {
        keys.iter().map(|key| self.load(key)).collect()
    }

    /// Runs what is spawned until nothing more happens.
    pub(crate) fn run(&self) {
        self.runtime.run();
    }

    /// Lets all calls answer that run, again and again until none does.
    pub(crate) fn finish(&self) {
        self.run();
        while !self.backend.undecided().is_empty() {
            self.backend.answer_all();
            self.run();
        }
    }

    /// How many keys wait and how many are in calls.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let stats = self.batcher.stats();
        (stats.waiting, stats.running)
    }

    /// Nothing waits, nothing runs, no task and no timer is left.
    #[track_caller]
    pub(crate) fn is_over(&self) {
        self.run();
        assert_eq!(self.counts(), (0, 0), "keys that wait, and in calls");
        assert_eq!(self.backend.running(), [0; 0], "calls that run");
        let left = (self.runtime.tasks(), self.runtime.sleepers());
        assert_eq!(left, (0, 0), "tasks and timers");
    }
}
