//! What a handler asks: one row by its key, however many others ask at the same moment.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay::batch::Batcher;
use forebay::singleflight::Singleflight;
use forebay::{Answers, DynLoad, LoadBatch};
use tokio::sync::Semaphore;

use crate::database::{Database, DatabaseError, Order, User};

/// Something that loads a row by its key.
pub type Rows<V> = Arc<dyn DynLoad<i64, Value = Arc<V>, Error = DatabaseError> + Send + Sync>;

/// How many statements run at once, each on a connection of its own.
const CONNECTIONS: usize = 4;

/// How many keys one statement asks for at most.
const KEYS_MAX: usize = 256;

/// How many keys may wait; beyond that a request is better refused at once.
const WAITING_MAX: usize = 10_000;

/// The loaders of the service.
#[derive(Clone)]
pub struct Loaders {
    /// Users by their key.
    pub users: Rows<User>,
    /// Orders by their key.
    pub orders: Rows<Order>,
}

impl Loaders {
    /// Puts both stages in front of a database, whose statements may take so long.
    ///
    /// # Errors
    ///
    /// Either stage's `ConfigError` if the settings below made no sense.
    pub fn new(
        database: &Database,
        timeout: Duration,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        // Of both tables together: a batch takes its keys when it has its connection.
        let connections = Arc::new(Semaphore::new(CONNECTIONS));
        let users = UserRows(database.clone(), timeout);
        let orders = OrderRows(database.clone(), timeout);
        Ok(Self {
            users: stages("users", users, timeout, &connections)?,
            orders: stages("orders", orders, timeout, &connections)?,
        })
    }
}

/// One load for each key, and one statement for many keys.
fn stages<L, V>(
    name: &str,
    table: L,
    timeout: Duration,
    connections: &Arc<Semaphore>,
) -> Result<Rows<V>, Box<dyn Error + Send + Sync>>
where
    L: LoadBatch<i64, Value = Arc<V>, Error = DatabaseError> + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    let connections = Arc::clone(connections);
    let batched = Batcher::builder(table)
        .name(name)
        .max_batch(KEYS_MAX)
        .max_in_flight(CONNECTIONS)
        .max_waiting(WAITING_MAX)
        .call_timeout(timeout)
        .permits(move || {
            let permit = Arc::clone(&connections).acquire_owned();
            // Nobody closes the semaphore.
            async { permit.await.map_err(|_| DatabaseError::Interrupted) }
        })
        .build()?;
    let shared = Singleflight::builder().name(name).layer(batched)?;
    Ok(Arc::new(shared))
}

struct UserRows(Database, Duration);

impl LoadBatch<i64> for UserRows {
    type Value = Arc<User>;
    type Error = DatabaseError;

    async fn load_batch(
        &self,
        ids: &[i64],
        answers: &mut Answers<'_, i64, Arc<User>, DatabaseError>,
    ) -> Result<(), DatabaseError> {
        for user in logged("users", self.1, self.0.users(ids)).await? {
            answers.insert(&user.id.clone(), Arc::new(user));
        }
        Ok(())
    }
}

struct OrderRows(Database, Duration);

impl LoadBatch<i64> for OrderRows {
    type Value = Arc<Order>;
    type Error = DatabaseError;

    async fn load_batch(
        &self,
        ids: &[i64],
        answers: &mut Answers<'_, i64, Arc<Order>, DatabaseError>,
    ) -> Result<(), DatabaseError> {
        for order in logged("orders", self.1, self.0.orders(ids)).await? {
            answers.insert(&order.id.clone(), Arc::new(order));
        }
        Ok(())
    }
}

/// A statement that fails, or takes too long, is one line, however many requests waited for it.
async fn logged<T>(
    table: &'static str,
    timeout: Duration,
    rows: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    let statement = Statement {
        table,
        timeout,
        began: Instant::now(),
    };
    let rows = rows.await;
    std::mem::forget(statement);
    if let Err(error) = &rows {
        tracing::error!("{error}");
    }
    rows
}

/// A statement whose rows have not come.
struct Statement {
    table: &'static str,
    timeout: Duration,
    began: Instant,
}

/// The batcher drops what takes too long, and also what nobody waits for any more, which is soon as
/// a rule. It has counted from a little earlier on.
impl Drop for Statement {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        if took >= self.timeout / 2 {
            tracing::error!(
                "a statement on {} was given up after {took:.1?}",
                self.table
            );
        }
    }
}
