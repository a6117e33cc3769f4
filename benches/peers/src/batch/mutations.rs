//! Libraries that batch mutations: values that are carried out, each exactly once.

pub mod batch_aint_one;
pub mod forebay;
pub mod scuffle;
pub mod ultra_batch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use crate::batch::backend::value_of;
use crate::entry::{Entry, Kind};

/// Makes the call that it is in panic.
pub const PANICS: u64 = 9_000_000;

/// How long a call takes.
const CALL: Duration = Duration::from_millis(10);

/// A library's executor, with its defaults.
pub trait Mutator: Send + Sync + Sized + 'static {
    /// The name of its row.
    const NAME: &'static str;

    /// How it is set.
    const SETTINGS: &'static str;

    /// What it is.
    const KIND: Kind;

    /// How many values a call has at most, by what it is set to or documents.
    const BATCH_MAX: usize;

    /// Whether results are told apart by their place, rather than handed over one by one.
    const IS_POSITIONAL: bool = true;

    /// Whether it has a call for many values.
    const EXECUTES_MANY: bool = true;

    /// Builds one in front of `backend`.
    fn build(backend: Arc<Recorder>) -> Self;

    /// Carries out a value; `None` when that failed.
    fn execute(&self, value: u64) -> impl Future<Output = Option<u64>> + Send;

    /// Carries out many values; `None` when that failed.
    fn execute_many(&self, values: Vec<u64>) -> impl Future<Output = Option<Vec<u64>>> + Send;
}

/// What a question does to each of them.
pub trait Probe {
    /// Returns a figure for each column of the table; `None` where it has no such thing.
    fn probe<M: Mutator>(&self) -> Vec<Option<f64>>;
}

/// Returns every library that batches mutations.
#[must_use]
pub fn all<Q: Probe>() -> Vec<Entry<Q>> {
    vec![
        entry::<forebay::Forebay, _>(),
        entry::<batch_aint_one::BatchAintOne, _>(),
        entry::<scuffle::Scuffle, _>(),
        entry::<ultra_batch::UltraBatch, _>(),
    ]
}

fn entry<M: Mutator, Q: Probe>() -> Entry<Q> {
    Entry {
        name: M::NAME,
        settings: M::SETTINGS,
        kind: M::KIND,
        check: || (),
        probe: |question| question.probe::<M>(),
    }
}

/// A backend that writes down what it carries out, and may return too few results or too many.
#[derive(Debug, Default)]
pub struct Recorder {
    calls: Mutex<Vec<Vec<u64>>>,
    fault: Fault,
}

/// What is wrong with the results of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The first one is missing.
    TooFew,
    /// There is one more.
    TooMany,
}

impl Recorder {
    /// Returns a backend that makes this mistake in every call.
    #[must_use]
    pub fn with(fault: Fault) -> Self {
        Self {
            fault,
            ..Self::default()
        }
    }

    /// Returns the values of each call so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Vec<u64>> {
        self.noted().clone()
    }

    /// Carries out the values; the result of each is its [`value_of`].
    ///
    /// # Panics
    ///
    /// With the value [`PANICS`].
    pub async fn carry_out(&self, values: &[u64]) -> Vec<u64> {
        self.noted().push(values.to_vec());
        assert!(!values.contains(&PANICS), "the value makes its call panic");
        sleep(CALL).await;
        let results = values.iter().map(|value| value_of(*value));
        match self.fault {
            Fault::None => results.collect(),
            Fault::TooFew => results.skip(1).collect(),
            Fault::TooMany => results.chain([0]).collect(),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Vec<Vec<u64>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
