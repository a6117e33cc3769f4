use std::iter;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::reads::backend::BackendError;
use crate::reads::backend::places::Places;
use crate::reads::row::{ROW_BYTES, Row, row};

const SELECT: &str = "SELECT body FROM rows WHERE id = ?1";

/// How many rows a query asks for at most.
const KEYS_MAX: usize = 1024;

/// An SQLite database in a temporary folder, asked through a few connections.
///
/// Each connection has a thread of its own, since SQLite blocks while it works; the threads end
/// with the value. The folder goes with it.
#[derive(Debug)]
pub struct Sqlite {
    jobs: Sender<Job>,
    _folder: TempDir,
}

/// A query on its way to a connection.
#[derive(Debug)]
enum Job {
    Row {
        key: u64,
        answer: oneshot::Sender<Answer<Option<Row>>>,
    },
    Rows {
        keys: Vec<u64>,
        answer: oneshot::Sender<Answer<Vec<Option<Row>>>>,
    },
}

type Answer<T> = Result<T, BackendError>;

impl Sqlite {
    /// Creates a database of `rows` rows in a new folder inside of `folder`, and opens
    /// `connections` connections to it.
    ///
    /// # Errors
    ///
    /// [`BackendError::Folder`] and [`BackendError::Sqlite`] when the database cannot be made.
    pub fn create(folder: &Path, rows: u32, connections: usize) -> Result<Self, BackendError> {
        let folder = tempfile::Builder::new()
            .prefix("forebay-bench-")
            .tempdir_in(folder)
            .map_err(BackendError::Folder)?;
        let file = folder.path().join("rows.sqlite");
        fill(&mut Connection::open(&file)?, rows)?;

        let (jobs, queue) = unbounded();
        for _ in 0..connections {
            let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            // Read once before the clock runs, so that no run pays for the cold file.
            connection.query_row("SELECT sum(length(body)) FROM rows", [], |_| Ok(()))?;
            let queue = Receiver::clone(&queue);
            thread::spawn(move || serve(&connection, &queue));
        }
        Ok(Self {
            jobs,
            _folder: folder,
        })
    }

    /// Returns the row of `key`.
    ///
    /// # Cancel safety
    ///
    /// The query is made all the same; its answer is lost.
    pub(crate) async fn row(&self, key: u64) -> Answer<Option<Row>> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Row { key, answer }, answered).await
    }

    /// Returns the rows of `keys`, of which no two are equal, in their order.
    ///
    /// # Cancel safety
    ///
    /// The query is made all the same; its answer is lost.
    pub(crate) async fn rows(&self, keys: &[u64]) -> Answer<Vec<Option<Row>>> {
        let (answer, answered) = oneshot::channel();
        let keys = keys.to_vec();
        self.ask(Job::Rows { keys, answer }, answered).await
    }

    async fn ask<T>(&self, job: Job, answered: oneshot::Receiver<Answer<T>>) -> Answer<T> {
        self.jobs
            .send(job)
            .map_err(|_| BackendError::Disconnected)?;
        answered.await.map_err(|_| BackendError::Disconnected)?
    }
}

/// Makes the table.
fn fill(connection: &mut Connection, rows: u32) -> rusqlite::Result<()> {
    connection.execute(
        "CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
        [],
    )?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO rows (id, body) VALUES (?1, ?2)")?;
        for key in 0..u64::from(rows) {
            insert.execute(params![id(key), row(key).as_slice()])?;
        }
    }
    transaction.commit()
}

/// Answers queries until nobody can ask any more.
fn serve(connection: &Connection, queue: &Receiver<Job>) {
    let select_many: Vec<String> = (0..=KEYS_MAX.ilog2())
        .map(|log| select_in(1 << log))
        .collect();
    for job in queue {
        // An asker that has gone is no reason to stop serving the others.
        match job {
            Job::Row { key, answer } => {
                let _ = answer.send(select(connection, key).map_err(BackendError::from));
            }
            Job::Rows { keys, answer } => {
                let mut found = Vec::with_capacity(keys.len());
                let rows = keys
                    .chunks(KEYS_MAX)
                    .try_for_each(|keys| select_all(connection, &select_many, keys, &mut found));
                let _ = answer.send(rows.map(|()| found).map_err(BackendError::from));
            }
        }
    }
}

fn select(connection: &Connection, key: u64) -> rusqlite::Result<Option<Row>> {
    // Prepared at the connection's first query and kept by it.
    let mut statement = connection.prepare_cached(SELECT)?;
    let row = statement.query_row([id(key)], |row| row.get::<_, [u8; ROW_BYTES]>(0));
    Ok(row.optional()?.map(Arc::new))
}

/// Appends the rows of `keys` to `found`, in their order, with one query.
///
/// Lists of parameters whose lengths are powers of two, filled up with the last key, need a dozen
/// statements, which the connection keeps. Exact lists would need one for each length; the carray
/// extension and a list in JSON are slower for few keys and hardly faster for many.
fn select_all(
    connection: &Connection,
    select_many: &[String],
    keys: &[u64],
    found: &mut Vec<Option<Row>>,
) -> rusqlite::Result<()> {
    let first = found.len();
    found.resize(first + keys.len(), None);
    let places = Places::new(keys);
    let Some(last) = places.keys().last() else {
        return Ok(());
    };
    let log = keys.len().next_power_of_two().ilog2();
    let mut statement = connection.prepare_cached(&select_many[log as usize])?;
    let filled = places.keys().chain(iter::repeat(last));
    for (parameter, key) in (1..=1 << log).zip(filled) {
        statement.raw_bind_parameter(parameter, id(key))?;
    }
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if let Some(place) = places.find(key(row.get(0)?)) {
            let body = row.get::<_, [u8; ROW_BYTES]>(1)?;
            found[first + place] = Some(Arc::new(body));
        }
    }
    Ok(())
}

fn select_in(keys: usize) -> String {
    let list = vec!["?"; keys].join(",");
    format!("SELECT id, body FROM rows WHERE id IN ({list})")
}

/// Rows are numbered from 1, as SQLite numbers its own.
fn id(key: u64) -> i64 {
    key as i64 + 1
}

fn key(id: i64) -> u64 {
    (id - 1) as u64
}
