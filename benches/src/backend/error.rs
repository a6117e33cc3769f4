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

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => write!(f, "the folder cannot be made: {error}"),
            Self::Sqlite(error) => write!(f, "SQLite failed: {error}"),
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
            _ => None,
        }
    }
}
