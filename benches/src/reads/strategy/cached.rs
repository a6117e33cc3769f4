use std::sync::Arc;

use forebay_core::{Load, LoadResult};
use forebay_singleflight::{Coalesced, Singleflight};

use crate::reads::backend::BackendError;
use crate::reads::row::Row;

/// A cache that is only asked and filled: whoever uses it sees to coalescing.
pub(super) trait Keep: Send + Sync {
    /// Returns what is kept for `key`; `Some(None)` where it is kept that there is no row.
    fn kept(&self, key: u64) -> impl Future<Output = Option<Option<Row>>> + Send;

    /// Keeps the answer for `key`.
    fn keep(&self, key: u64, row: Option<Row>) -> impl Future<Output = ()> + Send;
}

/// A cache in front of coalesced loads: a hit costs what the cache costs, and only misses meet.
pub(super) struct Cached<C, L> {
    rows: Arc<C>,
    misses: Coalesced<Filling<C, L>, u64, Row, BackendError>,
}

impl<C, L> Cached<C, L>
where
    C: Keep,
    L: Load<u64, Value = Row, Error = BackendError> + Sync,
{
    pub(super) fn new(rows: C, loader: L) -> Self {
        let rows = Arc::new(rows);
        let filling = Filling {
            rows: Arc::clone(&rows),
            loader,
        };
        Self {
            rows,
            misses: Singleflight::layer(filling),
        }
    }
}

impl<C, L> Load<u64> for Cached<C, L>
where
    C: Keep,
    L: Load<u64, Value = Row, Error = BackendError> + Sync,
{
    type Value = Row;
    type Error = BackendError;

    async fn load(&self, key: &u64) -> LoadResult<Row, BackendError> {
        match self.rows.kept(*key).await {
            Some(row) => Ok(row),
            None => self.misses.load(key).await,
        }
    }
}

/// What the leader of a flight does: fill the cache, so that it holds the row before the flight
/// is over.
struct Filling<C, L> {
    rows: Arc<C>,
    loader: L,
}

impl<C, L> Load<u64> for Filling<C, L>
where
    C: Keep,
    L: Load<u64, Value = Row, Error = BackendError> + Sync,
{
    type Value = Row;
    type Error = BackendError;

    async fn load(&self, key: &u64) -> LoadResult<Row, BackendError> {
        // Another flight may have filled it between the caller's miss and this flight's start.
        if let Some(row) = self.rows.kept(*key).await {
            return Ok(row);
        }
        let row = self.loader.load(key).await?;
        self.rows.keep(*key, row.clone()).await;
        Ok(row)
    }
}
