//! A path that is used for one input after the other.
#![allow(dead_code, reason = "each target uses what it needs")]

use std::path::{Path, PathBuf};

use forebay_checkpoint::{CheckpointError, FileStore, OnCorrupt};

pub struct Place {
    folder: PathBuf,
    pub path: PathBuf,
}

impl Place {
    /// In memory where that is possible: nothing here asks what a crash leaves.
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let temporary = std::env::temp_dir();
        let parent = if memory.is_dir() { memory } else { &temporary };
        let folder = parent.join(format!("forebay-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("offsets");
        Self { folder, path }
    }

    /// Puts these bytes there and nothing else.
    pub fn put(&self, bytes: &[u8]) {
        for entry in std::fs::read_dir(&self.folder).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        std::fs::write(&self.path, bytes).unwrap();
    }

    /// Whether a file with these bytes is there, under any name.
    pub fn has(&self, bytes: &[u8]) -> bool {
        let mut entries = std::fs::read_dir(&self.folder).unwrap();
        entries.any(|entry| std::fs::read(entry.unwrap().path()).unwrap() == bytes)
    }

    pub fn open(&self, on_corrupt: OnCorrupt) -> Result<FileStore, CheckpointError> {
        FileStore::options().on_corrupt(on_corrupt).open(&self.path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
