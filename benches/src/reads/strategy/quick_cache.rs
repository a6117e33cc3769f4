use foldhash::fast::FixedState;
use forebay_core::{Load, LoadResult};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, UnitWeighter};

use crate::reads::backend::{Backend, BackendError};
use crate::reads::row::Row;
use crate::reads::strategy::Strategy;
use crate::reads::strategy::cached::Keep;
use crate::reads::trial::Settings;

/// quick_cache with its own coalescing.
pub(super) const STRATEGY: Strategy = Strategy {
    name: "quick_cache",
    summary: "a bounded cache, coalescing through its get_or_insert_async",
    keeps_answers: true,
    never_overlaps: false,
    simulation: None,
    measure: |trial| {
        trial.measure(|backend| QuickCache {
            rows: Rows::new(trial.settings()),
            backend,
        })
    },
};

struct QuickCache {
    rows: Rows,
    backend: Backend,
}

impl Load<u64> for QuickCache {
    type Value = Row;
    type Error = BackendError;

    async fn load(&self, key: &u64) -> LoadResult<Row, BackendError> {
        let load = self.backend.load(key);
        self.rows.cache.get_or_insert_async(key, load).await
    }
}

/// A quick_cache of rows, keys without a row among them.
pub(super) struct Rows {
    cache: Cache<u64, Option<Row>, UnitWeighter, FixedState>,
}

impl Rows {
    pub(super) fn new(settings: Settings) -> Self {
        /// The default follows the machine's cores, and what is evicted follows the shards.
        const SHARDS_REPEATABLE: usize = 16;
        let mut options = OptionsBuilder::new();
        options.estimated_items_capacity(settings.capacity);
        options.weight_capacity(settings.capacity as u64);
        if settings.repeatable {
            options.shards(SHARDS_REPEATABLE);
        }
        let options = options.build().expect("both capacities are given");
        let lifecycle = DefaultLifecycle::default();
        Self {
            cache: Cache::with_options(options, UnitWeighter, FixedState::default(), lifecycle),
        }
    }
}

impl Keep for Rows {
    async fn kept(&self, key: u64) -> Option<Option<Row>> {
        self.cache.get(&key)
    }

    async fn keep(&self, key: u64, row: Option<Row>) {
        self.cache.insert(key, row);
    }
}
