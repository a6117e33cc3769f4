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

/// Returns whether the files of a folder are in memory, where a sync has nothing to do.
pub(super) fn is_in_memory(folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        const TMPFS: u64 = 0x0102_1994;
        const RAMFS: u64 = 0x8584_58f6;
        let found = rustix::fs::statfs(folder);
        found.is_ok_and(|found| [TMPFS, RAMFS].contains(&(found.f_type as u64)))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}

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

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_memory_is_told_from_what_is_not() {
        assert!(!is_in_memory(Path::new("/proc")));
        assert!(!is_in_memory(Path::new("/not there")));
        let memory = Path::new("/dev/shm");
        assert_eq!(is_in_memory(memory), memory.is_dir());
    }
}
