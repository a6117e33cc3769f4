use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::reads::backend::BackendError;
use crate::reads::backend::places::Places;
use crate::reads::row::{ROW_BYTES, Row, row};

/// How many rows are inserted at once.
const ROWS_INSERTED_MAX: u32 = 10_000;

/// A table on a PostgreSQL server, asked through a few connections.
///
/// A connection serves one call at a time, and calls wait for one that is free, as they do at any
/// pool of connections.
#[derive(Debug)]
pub struct Postgres {
    free: Semaphore,
    /// As many connections as the semaphore has permits.
    idle: Mutex<Vec<Connection>>,
    version: String,
}

#[derive(Debug)]
struct Connection {
    client: Client,
    select: Statement,
    select_many: Statement,
}

/// What was made on a server for one run; it is dropped there when this is dropped.
///
/// The table is in a schema of its own, so that nothing of the server's owner is touched.
#[derive(Debug)]
pub struct Schema {
    name: String,
    client: Client,
    runtime: Handle,
}

impl Postgres {
    /// Creates a table of `rows` rows on the server, and opens `connections` connections to it.
    ///
    /// To be called outside of the runtime, on which the connections then live.
    ///
    /// # Errors
    ///
    /// [`BackendError::Postgres`] when the server cannot be reached, or does not allow it.
    pub fn create(
        server: &Config,
        rows: u32,
        connections: usize,
        runtime: &Handle,
    ) -> Result<(Self, Schema), BackendError> {
        let client = runtime.block_on(connect(server))?;
        let schema = Schema {
            name: schema_name(),
            client,
            runtime: runtime.clone(),
        };
        let made = async {
            schema.fill(rows).await?;
            Self::open(server, &schema, connections).await
        };
        Ok((runtime.block_on(made)?, schema))
    }

    async fn open(
        server: &Config,
        schema: &Schema,
        connections: usize,
    ) -> Result<Self, BackendError> {
        let mut idle = Vec::new();
        for _ in 0..connections {
            let client = connect(server).await?;
            let Schema { name, .. } = schema;
            let select = format!("SELECT body FROM {name}.rows WHERE id = $1");
            let select_many = format!("SELECT id, body FROM {name}.rows WHERE id = ANY($1)");
            idle.push(Connection {
                select: client.prepare(&select).await?,
                select_many: client.prepare(&select_many).await?,
                client,
            });
        }
        let version = schema.client.query_one("SHOW server_version", &[]).await?;
        Ok(Self {
            free: Semaphore::new(connections),
            idle: Mutex::new(idle),
            version: version.try_get(0)?,
        })
    }

    /// Returns the server's version, as it says it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the row of `key`.
    ///
    /// # Cancel safety
    ///
    /// The query is made all the same; its answer is lost.
    pub(crate) async fn row(&self, key: u64) -> Result<Option<Row>, BackendError> {
        let lent = self.lend().await?;
        let Some(connection) = &lent.connection else {
            return Err(BackendError::Disconnected);
        };
        let Connection { client, select, .. } = connection;
        let found = client.query_opt(select, &[&id(key)]).await?;
        match found {
            Some(row) => Ok(Some(body(row.try_get(0)?)?)),
            None => Ok(None),
        }
    }

    /// Returns the rows of `keys`, of which no two are equal, in their order.
    ///
    /// # Cancel safety
    ///
    /// The query is made all the same; its answer is lost.
    pub(crate) async fn rows(&self, keys: &[u64]) -> Result<Vec<Option<Row>>, BackendError> {
        let places = Places::new(keys);
        let ids: Vec<i64> = places.keys().map(id).collect();
        let lent = self.lend().await?;
        let Some(connection) = &lent.connection else {
            return Err(BackendError::Disconnected);
        };
        let client = &connection.client;
        let rows = client.query(&connection.select_many, &[&ids]).await?;
        drop(lent);
        let mut found = vec![None; keys.len()];
        for row in rows {
            let id: i64 = row.try_get(0)?;
            if let Some(place) = places.find(id as u64) {
                found[place] = Some(body(row.try_get(1)?)?);
            }
        }
        Ok(found)
    }

    /// Waits for a connection that is free.
    async fn lend(&self) -> Result<Lent<'_>, BackendError> {
        let permit = self.free.acquire().await;
        let permit = permit.map_err(|_| BackendError::Disconnected)?;
        let connection = self.idle().pop();
        Ok(Lent {
            pool: self,
            connection,
            _permit: permit,
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is given back when this is dropped, before the next in line is let in.
#[derive(Debug)]
struct Lent<'a> {
    pool: &'a Postgres,
    connection: Option<Connection>,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.pool.idle().extend(self.connection.take());
    }
}

impl Schema {
    async fn fill(&self, rows: u32) -> Result<(), BackendError> {
        let Self { name, client, .. } = self;
        let create = format!(
            "CREATE SCHEMA {name};
             CREATE TABLE {name}.rows (id bigint PRIMARY KEY, body bytea NOT NULL)"
        );
        client.batch_execute(&create).await?;
        let insert =
            format!("INSERT INTO {name}.rows SELECT * FROM unnest($1::bigint[], $2::bytea[])");
        let insert = client.prepare(&insert).await?;
        for first in (0..rows).step_by(ROWS_INSERTED_MAX as usize) {
            let keys = first..rows.min(first.saturating_add(ROWS_INSERTED_MAX));
            let keys = || keys.clone().map(u64::from);
            let ids: Vec<i64> = keys().map(id).collect();
            let bodies: Vec<Vec<u8>> = keys().map(|key| row(key).to_vec()).collect();
            client.execute(&insert, &[&ids, &bodies]).await?;
        }
        // What the server would do at a time of its own, in the middle of a run.
        let settle = format!("VACUUM ANALYZE {name}.rows");
        Ok(client.batch_execute(&settle).await?)
    }
}

impl Drop for Schema {
    /// A server that is gone, or has ended the session, keeps its schema.
    fn drop(&mut self) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name);
        let _ = self.runtime.block_on(self.client.batch_execute(&drop));
    }
}

/// Opens a connection, which lives on the runtime of the caller until its client is dropped.
async fn connect(server: &Config) -> Result<Client, BackendError> {
    let (client, connection) = server.connect(NoTls).await?;
    tokio::spawn(async move {
        // Whoever waits for an answer is told of the failure itself.
        let _ = connection.await;
    });
    Ok(client)
}

/// Returns a name that no other run has.
fn schema_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ns = now.map_or(0, |now| now.as_nanos());
    format!("forebay_bench_{}_{now_ns}", process::id())
}

fn id(key: u64) -> i64 {
    key as i64
}

fn body(bytes: &[u8]) -> Result<Row, BackendError> {
    let bytes = <[u8; ROW_BYTES]>::try_from(bytes).map_err(|_| BackendError::Damaged)?;
    Ok(Arc::new(bytes))
}
