use std::path::Path;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::backend::BackendError;
use crate::row::{ROW_BYTES, Row, row};

const SELECT: &str = "SELECT body FROM rows WHERE id = ?1";

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
struct Job {
    key: u64,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<Option<Row>, BackendError>;

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
    pub(crate) async fn row(&self, key: u64) -> Answer {
        let (answer, answered) = oneshot::channel();
        let job = Job { key, answer };
        self.jobs
            .send(job)
            .map_err(|_| BackendError::Disconnected)?;
        answered.await.map_err(|_| BackendError::Disconnected)?
    }
}

/// Makes the table. Rows are numbered from 1, as SQLite numbers its own.
fn fill(connection: &mut Connection, rows: u32) -> rusqlite::Result<()> {
    connection.execute(
        "CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
        [],
    )?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO rows (id, body) VALUES (?1, ?2)")?;
        for key in 0..u64::from(rows) {
            insert.execute(params![key as i64 + 1, row(key).as_slice()])?;
        }
    }
    transaction.commit()
}

/// Answers queries until nobody can ask any more.
fn serve(connection: &Connection, queue: &Receiver<Job>) {
    for Job { key, answer } in queue {
        let row = select(connection, key).map_err(BackendError::from);
        // An asker that has gone is no reason to stop serving the others.
        let _ = answer.send(row);
    }
}

fn select(connection: &Connection, key: u64) -> rusqlite::Result<Option<Row>> {
    // Prepared at the connection's first query and kept by it.
    let mut statement = connection.prepare_cached(SELECT)?;
    let id = key as i64 + 1;
    let row = statement.query_row([id], |row| row.get::<_, [u8; ROW_BYTES]>(0));
    Ok(row.optional()?.map(Arc::new))
}
