use std::error::Error;
use std::fmt;
use std::io;

/// How a backend fails.
#[derive(Debug)]
#[non_exhaustive]
pub enum BackendError {
    /// The folder of the database cannot be made.
    Folder(io::Error),
    /// The database cannot be opened or filled, or refused a query.
    Sqlite(rusqlite::Error),
    /// The server cannot be reached, or refused what was asked of it.
    Postgres(tokio_postgres::Error),
    /// A row is not as it was written.
    Damaged,
    /// The database's connections are gone.
    Disconnected,
    /// The model was asked to fail this call.
    Modelled,
}

impl From<rusqlite::Error> for BackendError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<tokio_postgres::Error> for BackendError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => write!(f, "the folder cannot be made: {error}"),
            Self::Sqlite(error) => write!(f, "SQLite failed: {error}"),
            Self::Postgres(error) => match (error.as_db_error(), error.source()) {
                // The server says what it means in one line, and more of it in others.
                (Some(said), _) => write!(f, "PostgreSQL failed: {}", said.message()),
                (None, Some(cause)) => write!(f, "PostgreSQL failed: {error}: {cause}"),
                (None, None) => write!(f, "PostgreSQL failed: {error}"),
            },
            Self::Damaged => f.write_str("a row is not as it was written"),
            Self::Disconnected => f.write_str("the connections are gone"),
            Self::Modelled => f.write_str("failed as the model's error rate asks"),
        }
    }
}

impl Error for BackendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Folder(error) => Some(error),
            Self::Sqlite(error) => Some(error),
            Self::Postgres(error) => Some(error),
            _ => None,
        }
    }
}
