use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_core::ResumeKey;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::checkpoints::keeper::Keeper;
use crate::checkpoints::keeper::group::GroupCommit;
use crate::checkpoints::store::{CommitNow, Fault, Store};

/// One transaction for each commit.
pub(super) const SINGLY: Keeper = Keeper::of_threads::<Sqlite>(
    "sqlite",
    "SQLite, write-ahead log, synchronous=FULL, one connection, a transaction for each commit",
);

/// One transaction for all that waits.
pub(super) const GROUPED: Keeper = Keeper::of_tasks::<GroupCommit<Sqlite>>(
    "sqlite-group",
    "the same, a transaction for all that waits, by a thread in front, awaited",
    true,
);

/// A table in a file; statements are prepared once.
pub(super) struct Sqlite(Mutex<Connection>);

/// A key that is there already keeps the higher position.
const COMMIT: &str = "INSERT INTO positions (key, sequence) VALUES (?1, ?2) \
     ON CONFLICT (key) DO UPDATE SET sequence = excluded.sequence \
     WHERE excluded.sequence > sequence";

const LOAD: &str = "SELECT sequence FROM positions WHERE key = ?1";

/// How long a transaction waits for those of other processes.
const PATIENCE: Duration = Duration::from_secs(60);

impl Store for Sqlite {
    fn open(path: &Path) -> Result<Self, Fault> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS positions \
             (key BLOB PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID",
        )?;
        Ok(Self(Mutex::new(connection)))
    }

    fn load(&self, key: &ResumeKey) -> Result<Option<u64>, Fault> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(LOAD)?;
        let found = statement.query_row([key.as_bytes().as_slice()], |row| row.get::<_, i64>(0));
        Ok(found.optional()?.map(i64::cast_unsigned))
    }

    fn commit_many(&self, commits: &[(ResumeKey, u64)]) -> Result<(), Fault> {
        let mut connection = self.connection();
        // It takes the lock at once: one that has read first may be refused when it writes.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut statement = transaction.prepare_cached(COMMIT)?;
        for (key, sequence) in commits {
            statement.execute(params![key.as_bytes(), sequence.cast_signed()])?;
        }
        drop(statement);
        Ok(transaction.commit()?)
    }

    fn close(self) -> Result<(), Fault> {
        let connection = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.close().map_err(|(_, error)| error.into())
    }
}

impl CommitNow for Sqlite {
    fn commit(&self, key: ResumeKey, sequence: u64, until: Instant) -> Result<bool, Fault> {
        let connection = self.connection();
        if Instant::now() > until {
            return Ok(false);
        }
        let mut statement = connection.prepare_cached(COMMIT)?;
        statement.execute(params![key.as_bytes(), sequence.cast_signed()])?;
        Ok(true)
    }
}

impl Sqlite {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
