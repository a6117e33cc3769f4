use std::collections::BTreeMap;

use bytes::Bytes;

use crate::chunk::Run;

/// Encoded segments, up to a number of bytes.
#[derive(Debug)]
pub(crate) struct Cache {
    bytes_max: usize,
    bytes: usize,
    uses: u64,
    segments: BTreeMap<(u64, usize), Cached>,
}

#[derive(Debug)]
struct Cached {
    bytes: Bytes,
    used: u64,
}

impl Cache {
    pub(crate) const fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            uses: 0,
            segments: BTreeMap::new(),
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn find(&mut self, slot: u64, run: &Run) -> Option<Bytes> {
        self.uses = self.uses.saturating_add(1);
        let cached = self.segments.get_mut(&(slot, run.segment))?;
        cached.used = self.uses;
        Some(cached.bytes.slice(run.range.clone()))
    }

    /// Keeps a segment if there is room without letting go of others.
    ///
    /// What was just built may never be asked for, while the others are.
    pub(crate) fn offer(&mut self, slot: u64, segment: usize, bytes: Bytes) {
        if bytes.len() <= self.bytes_max.saturating_sub(self.bytes) {
            self.insert(slot, segment, bytes);
        }
    }

    /// Keeps a segment that was asked for, instead of those that were not for longest.
    pub(crate) fn keep(&mut self, slot: u64, segment: usize, bytes: Bytes) {
        if bytes.len() > self.bytes_max {
            return;
        }
        while bytes.len() > self.bytes_max.saturating_sub(self.bytes) {
            let oldest = self.segments.iter().min_by_key(|(_, cached)| cached.used);
            let Some(key) = oldest.map(|(key, _)| *key) else {
                return;
            };
            self.remove(key);
        }
        self.insert(slot, segment, bytes);
    }

    pub(crate) fn forget(&mut self, slot: u64) {
        let keys = (slot, 0)..=(slot, usize::MAX);
        let keys: Vec<_> = self.segments.range(keys).map(|(key, _)| *key).collect();
        for key in keys {
            self.remove(key);
        }
    }

    fn insert(&mut self, slot: u64, segment: usize, bytes: Bytes) {
        self.remove((slot, segment));
        self.bytes = self.bytes.saturating_add(bytes.len());
        let used = self.uses;
        self.segments
            .insert((slot, segment), Cached { bytes, used });
    }

    fn remove(&mut self, key: (u64, usize)) {
        if let Some(cached) = self.segments.remove(&key) {
            self.bytes = self.bytes.saturating_sub(cached.bytes.len());
        }
    }
}
