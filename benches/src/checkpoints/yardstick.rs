//! What the disk can do.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A file that is there already, in which one record after the other is overwritten and synced.
#[derive(Debug)]
pub(super) struct Yardstick {
    file: File,
    next: u64,
}

/// How long the file is.
const BYTES: u64 = 1 << 20;

/// How long a record is: what a position takes.
const RECORD: u64 = 72;

impl Yardstick {
    /// Writes the file.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let path = folder.join("yardstick");
        let file = File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .open(path)?;
        file.write_all_at(&vec![0; BYTES as usize], 0)?;
        file.sync_all()?;
        Ok(Self { file, next: 0 })
    }

    /// Returns how many records one thread overwrites and syncs in a second.
    pub(super) fn measure(&mut self, time: Duration) -> io::Result<f64> {
        let start = Instant::now();
        let mut records = 0_u64;
        loop {
            let record = [self.next as u8; RECORD as usize];
            let at = self.next * RECORD % (BYTES - RECORD);
            self.file.write_all_at(&record, at)?;
            self.file.sync_data()?;
            self.next += 1;
            records += 1;
            let elapsed = start.elapsed();
            if elapsed >= time {
                return Ok(records as f64 / elapsed.as_secs_f64());
            }
        }
    }
}
