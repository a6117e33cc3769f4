use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use forebay_core::ResumeKey;
use serde::{Deserialize, Serialize};

use crate::checkpoints::keeper::Keeper;
use crate::checkpoints::store::{CommitNow, Fault, Store};

/// The file of the older client, as it wrote it.
pub(super) const KEEPER: Keeper = Keeper::of_threads::<RewrittenJson>(
    "json",
    "a JSON map that is read, merged and rewritten whole for each commit, under a lock file",
);

/// Positions in a JSON file that each commit rewrites whole: what the store of forebay takes the
/// place of.
///
/// A commit locks a file beside it, reads the file again, merges the map in memory into it, writes a
/// file in a temporary folder, syncs it, renames it over the old one and syncs both folders.
#[derive(Debug)]
pub struct RewrittenJson {
    path: PathBuf,
    positions: Mutex<Positions>,
}

type Positions = HashMap<ResumeKey, Position>;

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Position {
    last_committed_sequence: u64,
    last_event_id: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Layout<P> {
    version: u32,
    key_format_version: u32,
    checkpoints: P,
}

/// The only version there is, of the file and of the keys in it.
const VERSION: u32 = 1;

impl RewrittenJson {
    /// Forgets the position under `key`, unless another process has moved it on since this one
    /// looked.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or written.
    pub fn remove(&self, key: &ResumeKey) -> Result<(), Fault> {
        let mut known = self.positions();
        let Some(seen) = known.get(key).map(|at| at.last_committed_sequence) else {
            return Ok(());
        };
        let _lock = self.lock()?;
        let mut stored = read(&self.path)?;
        if stored
            .get(key)
            .is_none_or(|at| at.last_committed_sequence <= seen)
        {
            stored.remove(key);
            self.write(&stored)?;
        }
        *known = stored;
        Ok(())
    }

    /// Commits a position where it is higher than the one that is known.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or written.
    pub fn put(&self, key: ResumeKey, sequence: u64) -> Result<(), Fault> {
        self.merge(&mut self.positions(), &[(key, sequence)])
    }

    fn merge(&self, known: &mut Positions, commits: &[(ResumeKey, u64)]) -> Result<(), Fault> {
        let advances = |positions: &Positions, &(key, sequence): &(ResumeKey, u64)| {
            let at = positions.get(&key).map(|at| at.last_committed_sequence);
            at.is_none_or(|at| at < sequence)
        };
        if !commits.iter().any(|commit| advances(known, commit)) {
            return Ok(());
        }
        let _lock = self.lock()?;
        let mut merged = read(&self.path)?;
        for (key, position) in known.iter() {
            if advances(&merged, &(*key, position.last_committed_sequence)) {
                merged.insert(*key, position.clone());
            }
        }
        for commit in commits {
            if advances(&merged, commit) {
                let position = Position {
                    last_committed_sequence: commit.1,
                    last_event_id: None,
                };
                merged.insert(commit.0, position);
            }
        }
        self.write(&merged)?;
        *known = merged;
        Ok(())
    }

    /// Takes the lock of all processes; it ends with the file that is returned.
    fn lock(&self) -> io::Result<File> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(beside(&self.path, ".lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// Puts a new file in the place of the old one: in a folder of its own, synced, renamed, and
    /// both folders synced.
    fn write(&self, positions: &Positions) -> Result<(), Fault> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = beside(&self.path, &format!(".rewrite-{}-{number}", process::id()));
        fs::create_dir(&folder)?;
        let temporary = folder.join("file");
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&temporary)?);
        let layout = Layout {
            version: VERSION,
            key_format_version: VERSION,
            checkpoints: positions,
        };
        serde_json::to_writer_pretty(&mut file, &layout)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        fs::rename(&temporary, &self.path)?;
        File::open(parent(&self.path))?.sync_all()?;
        File::open(&folder)?.sync_all()?;
        Ok(fs::remove_dir(&folder)?)
    }

    fn positions(&self) -> MutexGuard<'_, Positions> {
        self.positions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for RewrittenJson {
    fn open(path: &Path) -> Result<Self, Fault> {
        Ok(Self {
            path: path.to_owned(),
            positions: Mutex::new(read(path)?),
        })
    }

    fn load(&self, key: &ResumeKey) -> Result<Option<u64>, Fault> {
        let positions = self.positions();
        Ok(positions.get(key).map(|at| at.last_committed_sequence))
    }

    fn load_fresh(&self, key: &ResumeKey) -> Result<Option<u64>, Fault> {
        let stored = read(&self.path)?;
        Ok(stored.get(key).map(|at| at.last_committed_sequence))
    }

    fn commit_many(&self, commits: &[(ResumeKey, u64)]) -> Result<(), Fault> {
        self.merge(&mut self.positions(), commits)
    }

    fn close(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl CommitNow for RewrittenJson {
    fn commit(&self, key: ResumeKey, sequence: u64, until: Instant) -> Result<bool, Fault> {
        let mut known = self.positions();
        if Instant::now() > until {
            return Ok(false);
        }
        self.merge(&mut known, &[(key, sequence)])?;
        Ok(true)
    }
}

/// Reads the file; one that is not there has no positions.
fn read(path: &Path) -> Result<Positions, Fault> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice::<Layout<Positions>>(&bytes)?.checkpoints),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(HashMap::new()),
        Err(error) => Err(error.into()),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new("."))
}

/// Returns the name of a file that belongs to another one.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
