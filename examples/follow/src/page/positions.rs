//! How far workers have committed, read from their checkpoint file while they write it.

use std::io;
use std::path::PathBuf;

use forebay_checkpoint::{CheckpointError, FileReader};
use forebay_core::{LogId, Sequence};
use serde::Serialize;

/// No page shows more of a file than this.
const ROWS_MAX: usize = 20;

/// What the file says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Positions {
    /// Whether it says all that it should. Why not, the log of the service says.
    pub is_readable: bool,
    /// What is stored in it.
    pub rows: Vec<Committed>,
}

/// How far somebody has committed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Committed {
    /// What people call the key, or the key itself.
    pub label: String,
    /// The last entry that need not be applied again.
    pub committed: Sequence,
    /// Whether that is a position in the log that the service has now.
    pub is_current: bool,
}

/// Looks into the file, without a lock.
#[derive(Debug)]
pub struct PositionsReader {
    path: Option<PathBuf>,
    reader: Option<FileReader>,
    /// What was last said of it in the log.
    complaint: Option<String>,
}

impl PositionsReader {
    /// Names the file, if there is one.
    #[must_use]
    pub const fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            reader: None,
            complaint: None,
        }
    }

    /// Returns what the file says now; positions are compared with the log that the service has.
    pub fn read(&mut self, log: LogId) -> Positions {
        let error = self.refresh().err().map(|error| error.to_string());
        if error != self.complaint {
            // Once, and not each time somebody is told.
            if let Some(error) = &error {
                tracing::warn!("the positions of workers cannot be read: {error}");
            }
            self.complaint.clone_from(&error);
        }
        Positions {
            is_readable: error.is_none(),
            rows: self.rows(log),
        }
    }

    fn refresh(&mut self) -> Result<(), CheckpointError> {
        let refreshed = match (&mut self.reader, &self.path) {
            (Some(reader), _) => reader.refresh().map(|_| ()),
            (None, Some(path)) => FileReader::open(path).map(|reader| self.reader = Some(reader)),
            (None, None) => Ok(()),
        };
        match refreshed {
            // Nobody has committed anything yet.
            Err(CheckpointError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                self.reader = None;
                Ok(())
            }
            other => other,
        }
    }

    fn rows(&self, log: LogId) -> Vec<Committed> {
        let rows = self.reader.as_ref().map(FileReader::rows);
        let rows = rows.unwrap_or_default().into_iter();
        let committed = rows.filter_map(|row| {
            let cursor = row.checkpoint?.cursor();
            let key = || row.key.to_string();
            Some(Committed {
                label: row.label.map_or_else(key, |label| label.to_string()),
                committed: cursor.sequence(),
                is_current: cursor.log() == log,
            })
        });
        let mut committed: Vec<_> = committed.collect();
        // The order of the file is that of its keys, which says nothing to anybody.
        committed.sort_by(|one, other| one.label.cmp(&other.label));
        committed.truncate(ROWS_MAX);
        committed
    }
}
