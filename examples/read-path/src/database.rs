//! The tables, and a pool of connections to them.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::vtab::array;
use rusqlite::{Connection, OpenFlags, Row};
use serde::{Deserialize, Serialize};

/// How long a statement sleeps before it looks again whether somebody else's lock is gone.
const LOOK_EVERY: Duration = Duration::from_millis(10);

thread_local! {
    /// Who waits for the statement that this thread runs: SQLite tells its busy handler nothing.
    static WAITING: RefCell<Weak<()>> = const { RefCell::new(Weak::new()) };
}

/// A row of `users`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// The primary key.
    pub id: i64,
    /// What the user is called.
    pub name: String,
}

/// A row of `orders`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Order {
    /// The primary key.
    pub id: i64,
    /// Who buys; there may be no such user any more.
    pub buyer: i64,
    /// Who sells; there may be no such user any more.
    pub seller: i64,
    /// What it costs, in cents.
    pub cents: i64,
}

/// Why a statement failed.
#[derive(Debug)]
pub enum DatabaseError {
    /// SQLite says why.
    Sqlite(rusqlite::Error),
    /// The thread that ran it ended.
    Interrupted,
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => write!(f, "the database failed: {error}"),
            Self::Interrupted => f.write_str("a statement was interrupted"),
        }
    }
}

impl std::error::Error for DatabaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sqlite(error) => Some(error),
            Self::Interrupted => None,
        }
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// A database file, read through connections that are opened as they are needed.
///
/// It does not bound how many there are: whoever asks takes a permit first.
#[derive(Clone, Debug)]
pub struct Database {
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Names the file; it is opened by the first statement.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            pool: Arc::new(Pool {
                path: path.into(),
                idle: Mutex::default(),
            }),
        }
    }

    /// Creates the tables with `users` users and `orders` orders between them.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] if the file is there already, or cannot be written.
    pub fn create(path: &Path, users: i64, orders: i64) -> Result<Self, DatabaseError> {
        let mut connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE orders (id INTEGER PRIMARY KEY, buyer INTEGER NOT NULL,
                                  seller INTEGER NOT NULL, cents INTEGER NOT NULL);",
        )?;
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare("INSERT INTO users VALUES (?1, ?2)")?;
            for id in 1..=users {
                insert.execute((id, format!("user {id}")))?;
            }
            let mut insert = transaction.prepare("INSERT INTO orders VALUES (?1, ?2, ?3, ?4)")?;
            for id in 1..=orders {
                let of = |step: i64| 1 + (id * step) % users.max(1);
                insert.execute((id, of(7), of(31), id * 100))?;
            }
        }
        transaction.commit()?;
        Ok(Self::new(path))
    }

    /// Returns those of the users that there are, in any order.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] as SQLite has it.
    ///
    /// # Cancel safety
    ///
    /// A statement that waits for a lock ends; one that runs is finished, and its rows are lost.
    pub async fn users(&self, ids: &[i64]) -> Result<Vec<User>, DatabaseError> {
        const SELECT: &str = "SELECT id, name FROM users WHERE id IN rarray(?1)";
        self.select(SELECT, ids, |row| {
            Ok(User {
                id: row.get(0)?,
                name: row.get(1)?,
            })
        })
        .await
    }

    /// Returns those of the orders that there are, in any order.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] as SQLite has it.
    ///
    /// # Cancel safety
    ///
    /// A statement that waits for a lock ends; one that runs is finished, and its rows are lost.
    pub async fn orders(&self, ids: &[i64]) -> Result<Vec<Order>, DatabaseError> {
        const SELECT: &str = "SELECT id, buyer, seller, cents FROM orders WHERE id IN rarray(?1)";
        self.select(SELECT, ids, |row| {
            Ok(Order {
                id: row.get(0)?,
                buyer: row.get(1)?,
                seller: row.get(2)?,
                cents: row.get(3)?,
            })
        })
        .await
    }

    async fn select<T: Send + 'static>(
        &self,
        statement: &'static str,
        ids: &[i64],
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, DatabaseError> {
        let pool = Arc::clone(&self.pool);
        let ids = ids.to_vec();
        metrics::counter!("database_statements_total").increment(1);
        // Gone when nobody waits any more, which the thread cannot know otherwise.
        let waiting = Arc::new(());
        let awaited = Arc::downgrade(&waiting);
        // SQLite blocks while it works.
        let rows = tokio::task::spawn_blocking(move || {
            WAITING.set(awaited);
            pool.select(statement, &ids, read)
        });
        let rows = rows.await;
        drop(waiting);
        match rows {
            Ok(rows) => Ok(rows?),
            Err(_) => Err(DatabaseError::Interrupted),
        }
    }
}

impl Pool {
    fn select<T>(
        &self,
        statement: &str,
        ids: &[i64],
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let idle = self.idle().pop();
        let connection = idle.map_or_else(|| self.open(), Ok)?;
        let ids = Rc::new(ids.iter().copied().map(Value::from).collect::<Vec<_>>());
        let rows = connection
            .prepare_cached(statement)?
            .query_map([ids], read)?
            .collect::<Result<Vec<_>, _>>()?;
        // One that failed is closed instead: the next one may find the file mended.
        self.idle().push(connection);
        Ok(rows)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        // A file that is gone is an error, and not an empty database.
        let mut connection = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        array::load_module(&connection)?;
        connection.busy_handler(Some(wait_on))?;
        Ok(connection)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a lock as long as somebody waits for the rows: the time that a statement may take is
/// known there.
fn wait_on(_attempts: i32) -> bool {
    let is_awaited = WAITING.with_borrow(|waiting| waiting.strong_count() > 0);
    if is_awaited {
        thread::sleep(LOOK_EVERY);
    }
    is_awaited
}
