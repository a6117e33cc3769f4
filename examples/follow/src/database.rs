//! Where the service keeps everything: the values, and the end of the log.
//!
//! A change of a value and its entry in the log are one transaction, so whatever is interrupted,
//! what is in the one is in the other.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use forebay_core::{LogId, Sequence};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, params};

use crate::config::{Change, Entry, Key, Name, NotAName, State};

/// The unit of the bound on how large a file may grow.
const PAGE_BYTES: u64 = 4 << 10;

/// Why the database did not do something. Nothing was changed then.
#[derive(Debug)]
pub enum DatabaseError {
    /// There is no room left for it.
    Full(rusqlite::Error),
    /// Somebody has moved, removed or replaced the file.
    Gone(PathBuf),
    /// Another service writes to the file.
    Taken(PathBuf),
    /// The file cannot be looked at.
    Io(io::Error),
    /// SQLite says why.
    Sqlite(rusqlite::Error),
    /// What it holds was not written by this program.
    Foreign,
    /// The thread that wrote has ended.
    Interrupted,
}

/// What was stored when the service ended.
#[derive(Debug)]
pub struct Stored {
    /// Which log it is.
    pub log: LogId,
    /// Its last entry.
    pub head: Sequence,
    /// All values.
    pub state: State,
    /// The last entries of the log, which end with the head.
    pub entries: Vec<(Sequence, Entry)>,
}

/// A file that is open.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
    file: (u64, u64),
    /// Closed after the connection: SQLite would lose its own locks.
    _lock: File,
}

impl Database {
    /// Opens a file of at most so many bytes, and creates it if it is not there.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub fn open(path: &Path, bytes_max: u64) -> Result<Self, DatabaseError> {
        let connection = Connection::open(path)?;
        // Two services would give one position to two changes. The lock ends with the process, and
        // is of another kind than those of SQLite.
        let lock = File::open(path).map_err(DatabaseError::Io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DatabaseError::Taken(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(DatabaseError::Io(error)),
        }
        // What was answered is there after a loss of power, too.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS config
                 (topic TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
                  PRIMARY KEY (topic, key)) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS log (sequence INTEGER PRIMARY KEY, entry TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS head
                 (row INTEGER PRIMARY KEY CHECK (row = 1), log INTEGER NOT NULL,
                  sequence INTEGER NOT NULL);
             INSERT OR IGNORE INTO head VALUES (1, random() & 0x7fffffffffffffff, 0);",
        )?;
        let pages = i64::try_from(bytes_max / PAGE_BYTES).unwrap_or(i64::MAX);
        connection.pragma_update(None, "max_page_count", pages)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            file: identity(path)?,
            _lock: lock,
        })
    }

    /// Reads everything.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub fn load(&self) -> Result<Stored, DatabaseError> {
        let head = "SELECT log, sequence FROM head";
        let (log, head): (i64, i64) = self
            .connection
            .query_row(head, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut state = State::new();
        let mut values = self
            .connection
            .prepare("SELECT topic, key, value FROM config")?;
        let mut rows = values.query([])?;
        while let Some(row) = rows.next()? {
            let name = |column| -> Result<Name, DatabaseError> {
                Ok(Name::try_from(row.get::<_, Arc<str>>(column)?)?)
            };
            let (topic, key) = (name(0)?, name(1)?);
            state.insert(Key { topic, key }, row.get(2)?);
        }
        let mut entries = Vec::new();
        let mut log_entries = self
            .connection
            .prepare("SELECT sequence, entry FROM log ORDER BY sequence")?;
        let mut rows = log_entries.query([])?;
        while let Some(row) = rows.next()? {
            let entry: String = row.get(1)?;
            let entry = serde_json::from_str(&entry).map_err(|_| DatabaseError::Foreign)?;
            entries.push((sequence(row.get(0)?)?, entry));
        }
        Ok(Stored {
            log: LogId::new(u64::try_from(log).map_err(|_| DatabaseError::Foreign)?),
            head: sequence(head)?,
            state,
            entries,
        })
    }

    /// Stores entries that follow on the head, all or none of them.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub fn append(&mut self, entries: &[(Sequence, Entry)]) -> Result<(), DatabaseError> {
        // SQLite would go on with a file that nobody can find any more.
        if identity(&self.path)? != self.file {
            return Err(DatabaseError::Gone(self.path.clone()));
        }
        let transaction = self.connection.transaction()?;
        for (sequence, entry) in entries {
            if let Entry::Change(change) = entry {
                set(&transaction, change)?;
            }
            let json = serde_json::to_string(entry).map_err(|_| DatabaseError::Foreign)?;
            transaction
                .prepare_cached("INSERT INTO log VALUES (?1, ?2)")?
                .execute(params![number(*sequence)?, json])?;
        }
        if let Some((head, _)) = entries.last() {
            transaction
                .prepare_cached("UPDATE head SET sequence = ?1")?
                .execute([number(*head)?])?;
        }
        Ok(transaction.commit()?)
    }

    /// Removes the entries up to this one from the log.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub fn prune(&mut self, up_to: Sequence) -> Result<(), DatabaseError> {
        self.connection
            .prepare_cached("DELETE FROM log WHERE sequence <= ?1")?
            .execute([number(up_to)?])?;
        Ok(())
    }

    /// Returns whether a statement can be executed, for those who ask how the service is.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`].
    pub fn check(&self) -> Result<(), DatabaseError> {
        let row: Option<i64> = self
            .connection
            .prepare_cached("SELECT row FROM head")?
            .query_row([], |row| row.get(0))
            .optional()?;
        row.map(drop).ok_or(DatabaseError::Foreign)
    }
}

fn set(transaction: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    let (topic, key) = (change.topic.as_str(), change.key.as_str());
    match &change.value {
        Some(value) => transaction
            .prepare_cached("INSERT OR REPLACE INTO config VALUES (?1, ?2, ?3)")?
            .execute(params![topic, key, value])?,
        None => transaction
            .prepare_cached("DELETE FROM config WHERE topic = ?1 AND key = ?2")?
            .execute([topic, key])?,
    };
    Ok(())
}

/// What makes a file the one it is, whatever it is called.
fn identity(path: &Path) -> Result<(u64, u64), DatabaseError> {
    match fs::metadata(path) {
        Ok(file) => Ok((file.dev(), file.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(DatabaseError::Gone(path.to_owned()))
        }
        Err(error) => Err(DatabaseError::Io(error)),
    }
}

fn sequence(number: i64) -> Result<Sequence, DatabaseError> {
    let number = u64::try_from(number).map_err(|_| DatabaseError::Foreign)?;
    Ok(Sequence::new(number))
}

fn number(sequence: Sequence) -> Result<i64, DatabaseError> {
    i64::try_from(sequence.get()).map_err(|_| DatabaseError::Foreign)
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the disk or the database is full"),
            Self::Gone(path) => write!(f, "{} is not the file it was", path.display()),
            Self::Taken(path) => write!(f, "another service writes to {}", path.display()),
            Self::Io(error) => write!(f, "the file cannot be looked at: {error}"),
            Self::Sqlite(error) => write!(f, "the database failed: {error}"),
            Self::Foreign => f.write_str("the database was not written by this program"),
            Self::Interrupted => f.write_str("the write was interrupted"),
        }
    }
}

impl std::error::Error for DatabaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Full(error) | Self::Sqlite(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Gone(_) | Self::Taken(_) | Self::Foreign | Self::Interrupted => None,
        }
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error),
            _ => Self::Sqlite(error),
        }
    }
}

impl From<NotAName> for DatabaseError {
    fn from(_: NotAName) -> Self {
        Self::Foreign
    }
}
