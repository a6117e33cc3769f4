//! A file system that loses what was not synced, and fails and stops where it is told to.
//!
//! One world holds files and names as they are in memory and as they are on the medium. Each
//! simulated process has its own [`SimIo`]. What a crash leaves is drawn at random, or chosen in
//! every way: any version of each sector since the last sync, any length, any of the names that were
//! not synced. A sync that fails leaves the medium the same way and forgets that there was anything
//! to write.

mod choices;
mod files;
mod inode;
mod process;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

pub(crate) use crate::file::sim::choices::{Choices, Dice};
pub(crate) use crate::file::sim::files::Files;
pub(crate) use crate::file::sim::process::{SimFile, SimIo};

type Hook = Box<dyn FnOnce() + Send>;
type Witness = Arc<dyn Fn(&World) + Send + Sync>;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    Error(io::ErrorKind),
    /// A part of a write is done, and then it fails; other calls fail.
    Partial(io::ErrorKind),
    /// A part is written or read, and the call says how much; other calls are done.
    Short,
    /// The process dies in the middle of the call.
    Kill,
    /// So does the machine.
    PowerLoss,
}

/// A step that protects, and is left out to see whether a test notices.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Without {
    Syncs,
    DirectorySyncs,
    /// Syncs of files to which the process has written nothing itself since the last.
    ForeignSyncs,
    /// Syncs right after a file was cut.
    CutSyncs,
    Randomness,
}

pub(crate) struct World {
    state: Mutex<State>,
}

struct State {
    files: Files,
    /// How many times files or names have changed.
    changes: u64,
    /// How many times each inode is open.
    opened: BTreeMap<u64, usize>,
    /// Inode to the opening that holds its lock, and its process.
    locks: HashMap<u64, (u64, u32)>,
    /// Inodes, and the processes that have written to them since they synced them.
    written: BTreeSet<(u64, u32)>,
    /// Inodes that were cut last, and not written to.
    cut: BTreeSet<u64>,
    dead: HashSet<u32>,
    /// All processes up to this one ended with the machine.
    restarted_after: u64,
    lost_power: bool,
    dice: Dice,
    next: u64,
    calls: u64,
    /// How many calls have failed, but for those that are only to be made again.
    failed: u64,
    faults: BTreeMap<u64, Fault>,
    hooks: BTreeMap<u64, Hook>,
    /// Called before every call.
    witness: Option<Witness>,
    without: &'static [Without],
    cannot_rename: bool,
    remote: Option<&'static str>,
}

impl Fault {
    const fn is_interruption(self) -> bool {
        matches!(
            self,
            Self::Error(io::ErrorKind::Interrupted) | Self::Partial(io::ErrorKind::Interrupted)
        )
    }

    /// Whether whoever calls has anything to say of it.
    fn is_failure(self) -> bool {
        !self.is_interruption() && self != Self::Short
    }

    const fn is_deadly(self) -> bool {
        matches!(self, Self::Kill | Self::PowerLoss)
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Self::with(Files::default(), seed)
    }

    /// A machine that was started with these files.
    pub(crate) fn with(files: Files, seed: u64) -> Arc<Self> {
        let last = files.inodes.keys().next_back().copied();
        let state = State {
            files,
            changes: 0,
            opened: BTreeMap::new(),
            locks: HashMap::new(),
            written: BTreeSet::new(),
            cut: BTreeSet::new(),
            dead: HashSet::new(),
            restarted_after: 0,
            lost_power: false,
            dice: Dice::new(seed),
            next: last.unwrap_or(0) + 1,
            calls: 0,
            failed: 0,
            faults: BTreeMap::new(),
            hooks: BTreeMap::new(),
            witness: None,
            without: &[],
            cannot_rename: false,
            remote: None,
        };
        Arc::new(Self {
            state: Mutex::new(state),
        })
    }

    /// Starts a process.
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
        self.state().dice.below(below)
    }

    pub(crate) fn calls(&self) -> u64 {
        self.state().calls
    }

    pub(crate) fn changes(&self) -> u64 {
        self.state().changes
    }

    pub(crate) fn failed(&self) -> u64 {
        self.state().failed
    }

    pub(crate) fn files(&self) -> Files {
        self.state().files.clone()
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

    /// Has `witness` look at the world before every call.
    pub(crate) fn show(&self, witness: Witness) {
        self.state().witness = Some(witness);
    }

    /// Has nobody look any more.
    pub(crate) fn hide(&self) {
        let before = self.state().witness.take();
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

    pub(crate) fn leave_out(&self, steps: &'static [Without]) {
        self.state().without = steps;
    }

    pub(crate) fn forbid_renames(&self) {
        self.state().cannot_rename = true;
    }

    pub(crate) fn forbids_renames(&self) -> bool {
        self.state().cannot_rename
    }

    /// Has all files be on a file system of this name, which is not local.
    pub(crate) fn make_remote(&self, name: &'static str) {
        self.state().remote = Some(name);
    }

    pub(crate) fn has_lost_power(&self) -> bool {
        self.state().lost_power
    }

    pub(crate) fn is_dead(&self, io: &SimIo) -> bool {
        self.state().expect_alive(io.process).is_err()
    }

    /// Starts the machine again, after a crash here and now if there was none.
    pub(crate) fn restart(&self) {
        let mut state = self.state();
        let State { files, dice, .. } = &mut *state;
        files.lose_power(|below| dice.below(below));
        state.changes += 1;
        state.locks.clear();
        state.written.clear();
        state.restarted_after = state.next;
        state.lost_power = false;
    }
}

impl State {
    fn leaves_out(&self, step: Without) -> bool {
        self.without.contains(&step)
    }

    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn expect_alive(&self, process: u32) -> io::Result<()> {
        let ended = u64::from(process) <= self.restarted_after;
        if self.lost_power || ended || self.dead.contains(&process) {
            return Err(io::Error::other("the process is dead"));
        }
        Ok(())
    }

    /// Returns the lowest number that no file has which somebody can still see.
    fn free_identity(&self) -> u64 {
        let seen = self.files.names.values().chain(self.opened.keys());
        let taken: BTreeSet<u64> = seen
            .filter_map(|number| Some(self.files.inodes.get(number)?.identity))
            .collect();
        (1..).find(|free| !taken.contains(free)).unwrap_or(0)
    }
}
