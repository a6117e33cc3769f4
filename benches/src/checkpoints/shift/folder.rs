//! What the files of a store take.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Somebody who looks at a folder again and again.
#[derive(Debug)]
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<(u64, u64)>>,
}

impl Watch {
    /// Begins to look at the folder that the store is alone in.
    pub(super) fn begin(path: &Path) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let path: PathBuf = path.to_owned();
        let thread = thread::Builder::new().spawn({
            let over = Arc::clone(&over);
            move || {
                let mut most = look(&path)?;
                // Relaxed: the thread is joined before anything else is read.
                while !over.load(Ordering::Relaxed) {
                    thread::sleep(LOOK_EVERY);
                    let now = look(&path)?;
                    most = (most.0.max(now.0), most.1.max(now.1));
                }
                Ok(most)
            }
        })?;
        Ok(Self { over, thread })
    }

    /// Returns the most bytes, and the most files besides the one.
    pub(super) fn end(self) -> io::Result<(u64, u64)> {
        self.over.store(true, Ordering::Relaxed);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(io::Error::other("the watch is gone")))
    }
}

/// Returns how many bytes there are, and how many files besides the one.
pub(super) fn look(path: &Path) -> io::Result<(u64, u64)> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let (mut bytes, mut files) = (0, 0_u64);
    for entry in fs::read_dir(folder)? {
        // A file that has gone since takes nothing.
        if let Ok(found) = entry?.metadata() {
            bytes += found.len();
            files += 1;
        }
    }
    Ok((bytes, files.saturating_sub(1)))
}
