//! Files and their names, as they are in memory and on the medium.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::file::sim::inode::Inode;

#[derive(Clone, Default, Hash)]
pub(crate) struct Files {
    pub(super) inodes: BTreeMap<u64, Inode>,
    pub(super) names: BTreeMap<PathBuf, u64>,
    pub(super) durable_names: BTreeMap<PathBuf, u64>,
    pub(super) name_changes: Vec<NameChange>,
}

#[derive(Clone, Hash)]
pub(super) enum NameChange {
    Put(PathBuf, u64),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf, u64),
}

impl Files {
    /// Some files, durable as they are.
    pub(crate) fn durable(files: &[(&Path, &[u8])]) -> Self {
        let mut made = Self::default();
        for (identity, (path, bytes)) in (1..).zip(files) {
            made.inodes
                .insert(identity, Inode::durable(identity, bytes));
            made.names.insert(path.to_path_buf(), identity);
        }
        made.durable_names = made.names.clone();
        made
    }

    /// Returns all names and what is read under them.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        let names = self.names.iter();
        names.filter_map(|(path, number)| {
            let inode = self.inodes.get(number)?;
            Some((path.as_path(), inode.cached.as_slice()))
        })
    }

    /// Returns what is read under one name.
    pub(crate) fn read(&self, path: &Path) -> Option<&[u8]> {
        let inode = self.inodes.get(self.names.get(path)?)?;
        Some(&inode.cached)
    }

    /// Drops the files that no name can lead to any more, not even after a crash.
    pub(crate) fn drop_nameless(&mut self) {
        let changes = self.name_changes.iter().filter_map(|change| match change {
            NameChange::Put(_, number) | NameChange::Rename(_, _, number) => Some(number),
            NameChange::Remove(_) => None,
        });
        let names = self.names.values().chain(self.durable_names.values());
        let named: BTreeSet<u64> = names.chain(changes).copied().collect();
        self.inodes.retain(|number, _| named.contains(number));
    }

    /// Whether a sync that failed has left something that no later one would make durable.
    pub(crate) fn are_doubtful(&self) -> bool {
        let mut names = self.durable_names.clone();
        for change in &self.name_changes {
            change.clone().apply(&mut names);
        }
        names != self.names || self.inodes.values().any(Inode::is_doubtful)
    }

    /// In how many ways a crash may leave them, at most.
    pub(crate) fn outcomes(&self) -> u64 {
        let names = 1_u64.checked_shl(self.name_changes.len() as u32);
        let files = self.inodes.values().map(Inode::outcomes);
        files.fold(names.unwrap_or(u64::MAX), u64::saturating_mul)
    }

    /// Leaves what a crash leaves: of all that was not synced, what `below` chooses.
    pub(crate) fn lose_power(&mut self, mut below: impl FnMut(u64) -> u64) {
        for change in std::mem::take(&mut self.name_changes) {
            if below(2) == 0 {
                change.apply(&mut self.durable_names);
            }
        }
        self.names = self.durable_names.clone();
        self.drop_nameless();
        for (identity, inode) in (1..).zip(self.inodes.values_mut()) {
            inode.identity = identity;
            inode.crash(&mut below);
        }
    }

    /// Makes names durable: all, or where that fails those that `below` chooses.
    pub(super) fn sync_names(&mut self, fails: bool, mut below: impl FnMut(u64) -> u64) {
        for change in std::mem::take(&mut self.name_changes) {
            if !fails || below(2) == 0 {
                change.apply(&mut self.durable_names);
            }
        }
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
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
