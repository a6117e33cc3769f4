//! What the strategies are compared against, and the counting of what reaches it.

mod cost;
mod error;
mod meter;
mod model;
mod places;
mod postgres;
mod sqlite;

use std::sync::Arc;

use forebay_core::{Answers, Load, LoadBatch, LoadResult};

pub use crate::reads::backend::cost::{Cost, Costs, Shape};
pub use crate::reads::backend::error::BackendError;
pub use crate::reads::backend::meter::CallTime;
pub(crate) use crate::reads::backend::meter::Meter;
pub use crate::reads::backend::model::Model;
pub use crate::reads::backend::postgres::{Postgres, Schema};
pub use crate::reads::backend::sqlite::Sqlite;
use crate::reads::row::Row;

/// One of the backends, with a meter of its own for each run.
#[derive(Clone, Debug)]
pub struct Backend {
    source: Source,
    meter: Arc<Meter>,
}

/// Where rows come from.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums, reason = "the engine treats the two apart")]
pub enum Source {
    /// A database within the process, in real time.
    Sqlite(Arc<Sqlite>),
    /// A database on a server, in real time.
    Postgres(Arc<Postgres>),
    /// A model of one, in virtual time.
    Model(Arc<Model>),
}

impl Backend {
    /// Creates a backend over `source` that holds `keys` keys and is about to be asked for `loads`
    /// loads.
    #[must_use]
    pub fn new(source: Source, keys: u32, loads: usize) -> Self {
        // In virtual time the costs are known, so that nothing needs to be timed.
        let timed = match &source {
            Source::Sqlite(_) | Source::Postgres(_) => loads,
            Source::Model(_) => 0,
        };
        let meter = Arc::new(Meter::new(keys, timed));
        Self { source, meter }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }
}

impl Load<u64> for Backend {
    type Value = Row;
    type Error = BackendError;

    async fn load(&self, key: &u64) -> LoadResult<Row, BackendError> {
        let _call = self.meter.call(std::slice::from_ref(key));
        let row = match &self.source {
            Source::Sqlite(database) => database.row(*key).await?,
            Source::Postgres(server) => server.row(*key).await?,
            Source::Model(model) => {
                model.call(1).await?;
                model.row(*key)
            }
        };
        Ok(row)
    }
}

impl LoadBatch<u64> for Backend {
    type Value = Row;
    type Error = BackendError;

    async fn load_batch(
        &self,
        keys: &[u64],
        answers: &mut Answers<'_, u64, Row, BackendError>,
    ) -> Result<(), BackendError> {
        let _call = self.meter.call(keys);
        let rows = match &self.source {
            Source::Sqlite(database) => database.rows(keys).await?,
            Source::Postgres(server) => server.rows(keys).await?,
            Source::Model(model) => {
                model.call(keys.len()).await?;
                keys.iter().map(|key| model.row(*key)).collect()
            }
        };
        for (position, row) in rows.into_iter().enumerate() {
            if let Some(row) = row {
                answers.set(position, row);
            }
        }
        Ok(())
    }
}
