//! A file as it is in memory and on the medium.

use std::collections::BTreeMap;

pub(crate) const SECTOR: usize = 512;

#[derive(Clone, Default, Hash)]
pub(super) struct Inode {
    /// What it is called by; once it is gone, another one may be.
    pub(super) identity: u64,
    pub(super) cached: Vec<u8>,
    durable: Vec<u8>,
    /// What each sector that is to be written has been since the last sync.
    versions: BTreeMap<usize, Vec<[u8; SECTOR]>>,
    lengths: Vec<usize>,
}

impl Inode {
    pub(super) fn durable(identity: u64, bytes: &[u8]) -> Self {
        Self {
            identity,
            cached: bytes.to_vec(),
            durable: bytes.to_vec(),
            ..Self::default()
        }
    }

    fn sector(bytes: &[u8], number: usize) -> [u8; SECTOR] {
        let mut sector = [0; SECTOR];
        let start = (number * SECTOR).min(bytes.len());
        let end = (start + SECTOR).min(bytes.len());
        sector[..end - start].copy_from_slice(&bytes[start..end]);
        sector
    }

    fn put_sector(bytes: &mut [u8], number: usize, sector: &[u8; SECTOR]) {
        let start = (number * SECTOR).min(bytes.len());
        let end = (start + SECTOR).min(bytes.len());
        bytes[start..end].copy_from_slice(&sector[..end - start]);
    }

    fn note(&mut self, from: usize, to: usize) {
        for number in from / SECTOR..to.div_ceil(SECTOR) {
            let sector = Self::sector(&self.cached, number);
            self.versions.entry(number).or_default().push(sector);
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], at: usize) {
        let end = at + bytes.len();
        if end > self.cached.len() {
            self.cached.resize(end, 0);
            self.lengths.push(end);
        }
        self.cached[at..end].copy_from_slice(bytes);
        self.note(at, end);
    }

    pub(super) fn set_len(&mut self, len: usize) {
        let before = self.cached.len();
        self.cached.resize(len, 0);
        self.lengths.push(len);
        if len < before {
            self.note(len, before);
        }
    }

    pub(super) fn sync(&mut self) {
        self.durable.resize(self.cached.len(), 0);
        for number in std::mem::take(&mut self.versions).into_keys() {
            let sector = Self::sector(&self.cached, number);
            Self::put_sector(&mut self.durable, number, &sector);
        }
        self.lengths.clear();
    }

    /// Whether a sync would leave less than what is read: one that failed took it for written.
    pub(super) fn is_doubtful(&self) -> bool {
        let mut synced = self.clone();
        synced.sync();
        synced.durable != self.cached
    }

    /// In how many ways a crash may leave it, at most.
    pub(super) fn outcomes(&self) -> u64 {
        let sectors = self.versions.values().map(|versions| versions.len() as u64);
        let lengths = self.lengths.len() as u64;
        sectors.fold(lengths + 1, |all, one| all.saturating_mul(one + 1))
    }

    /// Leaves in memory what was left on the medium.
    pub(super) fn crash(&mut self, below: impl FnMut(u64) -> u64) {
        self.settle(below);
        self.lengths.clear();
        self.cached.clone_from(&self.durable);
    }

    /// Leaves the medium in any of the states it may have had, with nothing more to write to it.
    pub(super) fn settle(&mut self, mut below: impl FnMut(u64) -> u64) {
        let choice = below(self.lengths.len() as u64 + 1) as usize;
        let len = match choice {
            0 => self.durable.len(),
            choice => self.lengths[choice - 1],
        };
        // A length alone shows zeros, whatever stood there once.
        self.durable.resize(len, 0);
        for (number, versions) in std::mem::take(&mut self.versions) {
            let choice = below(versions.len() as u64 + 1) as usize;
            if choice > 0 {
                Self::put_sector(&mut self.durable, number, &versions[choice - 1]);
            }
        }
    }
}
