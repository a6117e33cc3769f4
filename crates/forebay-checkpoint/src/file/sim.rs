//! A file system that loses what was not synced, and fails and stops where it is told to.
//!
//! One world holds files and names as they are in memory and as they are on the medium. Each
//! simulated process has its own [`SimIo`]. What a crash leaves is drawn at random: any version of
//! each sector since the last sync, any length, any of the names that were not synced. A sync that
//! fails leaves the medium the same way and forgets that there was anything to write.

mod inode;
mod process;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::file::sim::inode::Inode;
pub(crate) use crate::file::sim::process::{SimFile, SimIo};

type Hook = Box<dyn FnOnce() + Send>;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    Error(io::ErrorKind),
    /// A part of a write is done, and then it fails; other calls fail.
    Partial(io::ErrorKind),
    /// The process dies in the middle of the call.
    Kill,
    /// So does the machine.
    PowerLoss,
}

pub(crate) struct World {
    state: Mutex<State>,
}

struct State {
    inodes: HashMap<u64, Inode>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    name_changes: Vec<NameChange>,
    /// Inode to the opening that holds its lock, and its process.
    locks: HashMap<u64, (u64, u32)>,
    dead: HashSet<u32>,
    lost_power: bool,
    random: u64,
    next: u64,
    calls: u64,
    faults: BTreeMap<u64, Fault>,
    hooks: BTreeMap<u64, Hook>,
    /// Lets syncs do nothing, to see whether a test notices.
    syncs_lie: bool,
    cannot_rename: bool,
    remote: Option<&'static str>,
}

#[derive(Clone)]
enum NameChange {
    Put(PathBuf, u64),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf, u64),
}

impl Fault {
    fn is_interruption(self) -> bool {
        matches!(
            self,
            Self::Error(io::ErrorKind::Interrupted) | Self::Partial(io::ErrorKind::Interrupted)
        )
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let state = State {
            inodes: HashMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            name_changes: Vec::new(),
            locks: HashMap::new(),
            dead: HashSet::new(),
            lost_power: false,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            next: 1,
            calls: 0,
            faults: BTreeMap::new(),
            hooks: BTreeMap::new(),
            syncs_lie: false,
            cannot_rename: false,
            remote: None,
        };
        Arc::new(Self {
            state: Mutex::new(state),
        })
    }

    pub(crate) fn process(self: &Arc<Self>) -> Arc<SimIo> {
        let process = self.state().fresh() as u32;
        Arc::new(SimIo {
            world: Arc::clone(self),
            process,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn random(&self, below: u64) -> u64 {
        self.state().below(below)
    }

    pub(crate) fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Has the call with this number, counted from the first, fail.
    pub(crate) fn fail(&self, call: u64, fault: Fault) {
        self.state().faults.insert(call, fault);
    }

    pub(crate) fn hook(&self, call: u64, hook: Hook) {
        let before = self.state().hooks.insert(call, hook);
        // What it holds may be files, which are closed without the lock.
        drop(before);
    }

    /// Forgets what was to fail.
    pub(crate) fn calm(&self) {
        let hooks = {
            let mut state = self.state();
            state.faults.clear();
            std::mem::take(&mut state.hooks)
        };
        drop(hooks);
    }

    pub(crate) fn lie_about_syncs(&self) {
        self.state().syncs_lie = true;
    }

    pub(crate) fn forbid_renames(&self) {
        self.state().cannot_rename = true;
    }

    /// Has all files be on a file system of this name, which is not local.
    pub(crate) fn make_remote(&self, name: &'static str) {
        self.state().remote = Some(name);
    }

    pub(crate) fn has_lost_power(&self) -> bool {
        self.state().lost_power
    }

    pub(crate) fn is_dead(&self, io: &SimIo) -> bool {
        let state = self.state();
        state.lost_power || state.dead.contains(&io.process)
    }

    /// Starts the machine again, after a crash here and now if there was none.
    pub(crate) fn restart(&self) {
        self.state().restart();
    }
}

impl State {
    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn below(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    fn expect_alive(&self, process: u32) -> io::Result<()> {
        if self.lost_power || self.dead.contains(&process) {
            return Err(io::Error::other("the process is dead"));
        }
        Ok(())
    }

    fn restart(&mut self) {
        let mut inodes = std::mem::take(&mut self.inodes);
        for inode in inodes.values_mut() {
            inode.crash(|below| self.below(below));
        }
        self.inodes = inodes;
        for change in std::mem::take(&mut self.name_changes) {
            if self.below(2) == 0 {
                change.apply(&mut self.durable_names);
            }
        }
        self.names = self.durable_names.clone();
        self.locks.clear();
        self.lost_power = false;
    }
}

impl NameChange {
    fn apply(self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Put(path, inode) => {
                names.insert(path, inode);
            }
            Self::Remove(path) => {
                names.remove(&path);
            }
            Self::Rename(from, to, inode) => {
                names.remove(&from);
                names.insert(to, inode);
            }
        }
    }
}
