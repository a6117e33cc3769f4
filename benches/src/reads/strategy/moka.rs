use foldhash::fast::FixedState;
use forebay_core::{Load, LoadError, LoadResult};
use moka::future::Cache;

use crate::reads::backend::{Backend, BackendError};
use crate::reads::row::Row;
use crate::reads::strategy::Strategy;
use crate::reads::strategy::cached::Keep;
use crate::reads::trial::Settings;

/// moka with its own coalescing, and a faster hasher than its default.
pub(super) const STRATEGY: Strategy = Strategy {
    name: "moka",
    summary: "a bounded cache, coalescing through its try_get_with",
    keeps_answers: true,
    never_overlaps: false,
    simulation: None,
    measure: |trial| {
        trial.measure(|backend| Moka {
            rows: Rows::new(trial.settings()),
            backend,
        })
    },
};

struct Moka {
    rows: Rows,
    backend: Backend,
}

impl Load<u64> for Moka {
    type Value = Row;
    type Error = BackendError;

    async fn load(&self, key: &u64) -> LoadResult<Row, BackendError> {
        let load = self.backend.load(key);
        let result = self.rows.cache.try_get_with(*key, load).await;
        self.rows.settle().await;
        result.map_err(|error| LoadError::clone(&error))
    }
}

/// A moka cache of rows, keys without a row among them.
pub(super) struct Rows {
    cache: Cache<u64, Option<Row>, FixedState>,
    repeatable: bool,
}

impl Rows {
    pub(super) fn new(settings: Settings) -> Self {
        let cache = Cache::builder()
            .max_capacity(settings.capacity as u64)
            .build_with_hasher(FixedState::default());
        Self {
            cache,
            repeatable: settings.repeatable,
        }
    }

    /// Does the cache's housekeeping where runs must be repeatable: left alone, it also goes by
    /// the machine's clock, and what is evicted would differ from run to run.
    async fn settle(&self) {
        if self.repeatable {
            self.cache.run_pending_tasks().await;
        }
    }
}

impl Keep for Rows {
    async fn kept(&self, key: u64) -> Option<Option<Row>> {
        let row = self.cache.get(&key).await;
        self.settle().await;
        row
    }

    async fn keep(&self, key: u64, row: Option<Row>) {
        self.cache.insert(key, row).await;
        self.settle().await;
    }
}
