use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::Hash;
use crate::session::plan::Plan;
use crate::session::spool::{Spool, SpoolError};

/// What is in the spool, and how much that is.
///
/// A spool need not know what it holds, or be right about it, so the books are kept here.
#[derive(Debug)]
pub(crate) struct Stock<K> {
    spool: K,
    kept: BTreeMap<Hash, Kept>,
    bytes: u64,
    bytes_max: u64,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    bytes: u32,
    /// Whether the spool will give back the very bytes that were verified.
    is_verified: bool,
}

impl<K: Spool> Stock<K> {
    /// Takes a spool in which some chunks, with these sizes, may be from before.
    pub(crate) fn new(spool: K, bytes_max: u64, from_before: &[(Hash, u32)]) -> Self {
        let mut stock = Self {
            spool,
            kept: BTreeMap::new(),
            bytes: 0,
            bytes_max,
        };
        for (hash, bytes) in from_before {
            if !stock.contains(hash) {
                stock.enter(*hash, *bytes, false);
            }
        }
        stock
    }

    pub(crate) fn into_spool(self) -> K {
        self.spool
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn chunks(&self) -> Vec<(Hash, u32)> {
        let sizes = self.kept.iter();
        sizes.map(|(hash, kept)| (*hash, kept.bytes)).collect()
    }

    pub(crate) fn contains(&self, hash: &Hash) -> bool {
        self.kept.contains_key(hash)
    }

    /// Returns whether so many more bytes may come in.
    pub(crate) const fn has_room(&self, bytes: u64) -> bool {
        self.bytes.saturating_add(bytes) <= self.bytes_max
    }

    /// How many more bytes may come in.
    pub(crate) const fn room(&self) -> u64 {
        self.bytes_max.saturating_sub(self.bytes)
    }

    /// Keeps a chunk that was just verified.
    pub(crate) fn put(&mut self, hash: Hash, bytes: Bytes) -> Result<(), SpoolError> {
        if self.kept.get(&hash).is_some_and(|kept| kept.is_verified) {
            return Ok(());
        }
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.spool.put(hash, bytes)?;
        self.remove_entry(&hash);
        self.enter(hash, len, self.spool.is_memory());
        Ok(())
    }

    /// Returns a chunk if it is what its name says; one that is not is forgotten.
    pub(crate) fn get(&mut self, hash: &Hash) -> Option<Bytes> {
        let kept = self.kept.get(hash)?;
        let bytes = self.spool.get(hash);
        let is_right = |bytes: &Bytes| kept.is_verified || Hash::of(bytes) == *hash;
        if let Some(bytes) = bytes.filter(is_right) {
            return Some(bytes);
        }
        self.remove(hash);
        None
    }

    pub(crate) fn remove(&mut self, hash: &Hash) {
        if self.remove_entry(hash) {
            self.spool.remove(hash);
        }
    }

    /// Forgets all chunks but those of a plan.
    pub(crate) fn retain_listed(&mut self, plan: &Plan) {
        let listed: BTreeSet<_> = plan.chunks().map(|chunk| chunk.hash).collect();
        self.retain(|hash| listed.contains(hash));
    }

    /// Forgets all chunks but those that are wanted.
    pub(crate) fn retain(&mut self, is_wanted: impl Fn(&Hash) -> bool) {
        let unwanted = self.kept.keys().filter(|hash| !is_wanted(hash));
        for hash in unwanted.copied().collect::<Vec<_>>() {
            self.remove(&hash);
        }
    }

    fn enter(&mut self, hash: Hash, bytes: u32, is_verified: bool) {
        self.kept.insert(hash, Kept { bytes, is_verified });
        self.bytes = self.bytes.saturating_add(u64::from(bytes));
    }

    fn remove_entry(&mut self, hash: &Hash) -> bool {
        let removed = self.kept.remove(hash);
        let bytes = removed.map_or(0, |kept| u64::from(kept.bytes));
        self.bytes = self.bytes.saturating_sub(bytes);
        removed.is_some()
    }
}
