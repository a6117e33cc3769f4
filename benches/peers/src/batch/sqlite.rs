//! A real database as a backend: SQLite in a temporary folder, through a few connections.

use std::collections::HashMap;
use std::rc::Rc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use rusqlite::types::Value;
use rusqlite::vtab::array::load_module;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::batch::backend::{Backend, value_of};
use crate::failure::Failure;

/// Room for the whole table in each connection, in KiB as SQLite counts it: what is measured is
/// statements, not how pages are read.
const CACHE_SIZE: i32 = -65_536;

const SELECT_ONE: &str = "SELECT balance FROM accounts WHERE id = ?1";
const SELECT_MANY: &str = "SELECT id, balance FROM accounts WHERE id IN rarray(?1)";

/// A database of accounts, whose keys are the numbers from zero on.
///
/// Each connection has a thread of its own, since SQLite blocks while it works. The threads end
/// with the value, and the folder goes with it.
#[derive(Debug)]
pub(crate) struct Sqlite {
    jobs: Sender<Job>,
    _folder: TempDir,
}

/// A query on its way to a connection.
#[derive(Debug)]
struct Job {
    keys: Vec<u64>,
    answer: oneshot::Sender<Result<Vec<Option<u64>>, Failure>>,
}

impl Sqlite {
    /// Creates a database of this many accounts and connections.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub(crate) fn create(accounts: u64, connections: usize) -> Self {
        let made = Self::try_create(accounts, connections);
        made.expect("the temporary folder takes a database")
    }

    fn try_create(accounts: u64, connections: usize) -> rusqlite::Result<Self> {
        let folder = TempDir::new()
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        let file = folder.path().join("accounts.sqlite");
        fill(&mut Connection::open(&file)?, accounts)?;
        let (jobs, queue) = unbounded();
        for _ in 0..connections {
            let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            load_module(&connection)?;
            connection.pragma_update(None, "cache_size", CACHE_SIZE)?;
            // Read once before the clock runs, so that no run pays for the cold file.
            connection.query_row("SELECT sum(balance % 2) FROM accounts", [], |_| Ok(()))?;
            let queue = Receiver::clone(&queue);
            thread::spawn(move || serve(&connection, &queue));
        }
        Ok(Self {
            jobs,
            _folder: folder,
        })
    }
}

impl Backend for Sqlite {
    type Found = Vec<Option<u64>>;

    async fn find(&self, keys: &[u64]) -> Result<Vec<Option<u64>>, Failure> {
        let (answer, answered) = oneshot::channel();
        let keys = keys.to_vec();
        self.jobs.send(Job { keys, answer }).map_err(|_| Failure)?;
        answered.await.map_err(|_| Failure)?
    }

    fn value(found: &Vec<Option<u64>>, position: usize, _key: u64) -> Option<u64> {
        found[position]
    }
}

fn fill(connection: &mut Connection, accounts: u64) -> rusqlite::Result<()> {
    connection.execute(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, \
         balance INTEGER NOT NULL)",
        [],
    )?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO accounts VALUES (?1, ?2, ?3)")?;
        for key in 0..accounts {
            let owner = format!("owner of the account with the number {key:08}");
            insert.execute(params![
                key.cast_signed(),
                owner,
                value_of(key).cast_signed()
            ])?;
        }
    }
    transaction.commit()
}

/// Answers queries until nobody can ask any more.
fn serve(connection: &Connection, queue: &Receiver<Job>) {
    for Job { keys, answer } in queue {
        let values = match keys.as_slice() {
            [key] => select_one(connection, *key).map(|value| vec![value]),
            keys => select_many(connection, keys),
        };
        // An asker that has gone is no reason to stop serving the others.
        let _ = answer.send(values.map_err(|_| Failure));
    }
}

fn select_one(connection: &Connection, key: u64) -> rusqlite::Result<Option<u64>> {
    let mut statement = connection.prepare_cached(SELECT_ONE)?;
    let balance = statement.query_row([key.cast_signed()], |row| row.get::<_, i64>(0));
    Ok(balance.optional()?.map(i64::cast_unsigned))
}

fn select_many(connection: &Connection, keys: &[u64]) -> rusqlite::Result<Vec<Option<u64>>> {
    let mut statement = connection.prepare_cached(SELECT_MANY)?;
    let ids = keys.iter().map(|key| Value::Integer(key.cast_signed()));
    let ids = Rc::new(ids.collect::<Vec<_>>());
    let rows = statement.query_map([ids], |row| {
        Ok((
            row.get::<_, i64>(0)?.cast_unsigned(),
            row.get::<_, i64>(1)?.cast_unsigned(),
        ))
    })?;
    // Rows come in the order of the table.
    let mut balances =
        HashMap::with_capacity_and_hasher(keys.len(), foldhash::fast::RandomState::default());
    for row in rows {
        let (id, balance) = row?;
        balances.insert(id, balance);
    }
    Ok(keys.iter().map(|key| balances.get(key).copied()).collect())
}
