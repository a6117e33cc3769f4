//! The file that a worker writes what it has applied to: a line for each change.
//!
//! It stands for what your worker does with a change: render a file, call a service. Whoever reads
//! it from its beginning has the state.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::Change;

/// A change that was applied.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Line {
    /// Its entry in the log; `None` for a part of the state with which the worker began.
    pub at: Option<u64>,
    /// What has changed.
    #[serde(flatten)]
    pub change: Change,
}

/// The file, open for more.
#[derive(Debug)]
pub struct Applied {
    file: File,
    /// How long it is with all lines that are whole.
    len: u64,
}

impl Applied {
    /// Opens a file, creates it if it is not there, and drops a line that was not written to its
    /// end: it is applied again.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let len = whole(&mut file)?;
        file.set_len(len)?;
        Ok(Self { file, len })
    }

    /// Writes lines, all or none of them.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn append<'a>(&mut self, lines: impl IntoIterator<Item = &'a Line>) -> io::Result<()> {
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, line)?;
            bytes.push(b'\n');
        }
        if let Err(error) = self.file.write_all(&bytes) {
            // If this fails as well, the line that is not whole is dropped with the next start.
            self.file.set_len(self.len)?;
            return Err(error);
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Forgets everything.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.len = 0;
        Ok(())
    }

    /// Returns when everything would survive a loss of power.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Reads a file, which somebody may be writing to; one that is not there has no lines.
///
/// # Errors
///
/// Those of the file, and a line that is none.
pub fn read(path: &Path) -> io::Result<Vec<Line>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let len = whole(&mut file)?;
    file.seek(SeekFrom::Start(0))?;
    let lines = BufReader::new(file.take(len)).lines();
    lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

/// Returns where the last line ends that is whole.
fn whole(file: &mut File) -> io::Result<u64> {
    const PIECE: u64 = 4 << 10;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let begin = end.saturating_sub(PIECE);
        let mut piece = vec![0; usize::try_from(end - begin).unwrap_or_default()];
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(&mut piece)?;
        if let Some(last) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + last as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}
