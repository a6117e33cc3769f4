//! Reading a damaged file as far as that is possible.

use std::collections::HashSet;
use std::path::PathBuf;

use foldhash::fast::RandomState;
use forebay_core::ResumeKey;

use crate::file::format::block::Block;
use crate::file::format::header::{HEADER_BYTES, Header, Unreadable};
use crate::file::format::record::{Record, State};
use crate::file::format::replay::{End, Place, after};
use crate::file::stats::Salvage;
use crate::file::table::Table;

/// What can be read of a damaged file.
#[derive(Debug)]
pub(crate) struct Salvaged {
    pub(crate) table: Table,
    /// The generation of the file; zero if even that is gone.
    pub(crate) generation: u64,
    /// Records whose key only the damage could tell.
    pub(crate) lost_records: u64,
    /// Where the file is damaged, from where to where.
    pub(crate) gaps: Vec<(u64, u64)>,
    /// The keys of which something is said behind the last gap: nothing later can be missing.
    sure: HashSet<ResumeKey, RandomState>,
}

/// So far above all that is known is the floor of a file whose own is not: nobody can have given so
/// many epochs.
const FLOOR_MARGIN: u64 = 1 << 32;
/// A floor beyond that was not reached by giving epochs one by one.
const SUPPOSED_FLOOR_MAX: u64 = 1 << 48;

/// Reads the chain, and behind each damage the chain that proves it.
pub(crate) fn salvage(bytes: &[u8]) -> Salvaged {
    match Header::decode(bytes) {
        Ok((header, seed)) => {
            let place = Place::behind_header(seed, HEADER_BYTES as u64);
            let mut salvaged = Salvaged::new(header.floor, header.generation);
            let tail = salvaged.read(bytes, place);
            if tail < header.base {
                salvaged.gap(tail, header.base);
            }
            salvaged
        }
        Err(Unreadable::Damaged { seed }) => {
            let place = Place::behind_header(seed, HEADER_BYTES as u64);
            let mut salvaged = Salvaged::new(0, 0);
            salvaged.gap(0, HEADER_BYTES as u64);
            salvaged.read(bytes, place);
            salvaged.guess_floor(Header::supposed_floor(bytes));
            salvaged
        }
        Err(_) => {
            let mut salvaged = Salvaged::new(0, 0);
            salvaged.gap(0, bytes.len() as u64);
            salvaged
        }
    }
}

impl Salvaged {
    fn new(floor: u64, generation: u64) -> Self {
        Self {
            table: Table::new(floor),
            generation,
            lost_records: 0,
            gaps: Vec::new(),
            sure: HashSet::default(),
        }
    }

    /// Reads on from `place`, and returns where that ends.
    fn read(&mut self, bytes: &[u8], mut place: Place) -> u64 {
        let behind = |at: u64| bytes.get(at as usize..).unwrap_or_default();
        loop {
            let mut apply = |key, record| {
                self.merge(key, record);
                true
            };
            match place.read(behind(place.tail), &mut apply) {
                // It looks like what a crash leaves, but this file has more damage.
                End::Torn if !self.gaps.is_empty() => {
                    let end = bytes.len() as u64;
                    self.gap(place.tail, end);
                    return end;
                }
                End::Clean | End::Torn => return place.tail,
                End::Damaged { proof } => {
                    self.gap(place.tail, proof);
                    let Some(block) = Block::whole(behind(proof), place.seed) else {
                        return place.tail;
                    };
                    place.tail = proof;
                    place.prev = block.prev;
                }
                End::Nonsense => {
                    let Some(block) = Block::whole(behind(place.tail), place.seed) else {
                        return place.tail;
                    };
                    let end = place.tail + block.size() as u64;
                    self.gap(place.tail, end);
                    place.tail = end;
                    place.prev = block.crc;
                }
            }
        }
    }

    /// Chooses a floor that no epoch given before can be above, where the header that had it is
    /// damaged.
    fn guess_floor(&mut self, supposed: u64) {
        let epochs = self.table.iter().map(|(_, known)| known.state.epoch);
        let supposed = Some(supposed).filter(|floor| *floor < SUPPOSED_FLOOR_MAX);
        let highest = epochs.chain(supposed).max().unwrap_or_default();
        self.table.set_floor(highest.saturating_add(FLOOR_MARGIN));
    }

    /// Says all that a user is to know of it, the damaged file being kept at `kept`.
    pub(crate) fn report(&self, kept: Option<PathBuf>) -> Salvage {
        let keys = self.table.iter().map(|(key, _)| *key);
        let mut behind: Vec<_> = keys.filter(|key| !self.sure.contains(key)).collect();
        behind.sort_unstable();
        Salvage {
            rows: self.table.rows(),
            behind,
            lost_records: self.lost_records,
            gaps: self.gaps.clone(),
            kept,
        }
    }

    /// Adds what is known from elsewhere, where that is later.
    pub(crate) fn add(&mut self, known: &Table) {
        let floor = self.table.floor().max(known.floor());
        self.table.set_floor(floor);
        for (key, known) in known.iter() {
            let found = self.table.get(key);
            if found.number.is_none() || rank(&found.state) < rank(&known.state) {
                self.table.put(*key, known.clone());
            }
        }
    }

    fn gap(&mut self, from: u64, to: u64) {
        self.gaps.push((from, to));
        self.sure.clear();
    }

    /// Of two states the later wins, wherever they stand: one of a damaged part may be missing, and
    /// no order of the file is to make a key go back.
    fn merge(&mut self, key: Option<ResumeKey>, record: Record) {
        let Some(key) = key else {
            self.lost_records += u64::from(!matches!(record, Record::Moved { .. }));
            return;
        };
        if matches!(record, Record::State { .. }) {
            self.sure.insert(key);
        }
        let before = self.table.get(&key);
        if let Record::State { state, .. } = &record
            && before.number.is_some()
            && rank(state) < rank(&before.state)
        {
            return;
        }
        if let Some(known) = after(before, record) {
            self.table.put(key, known);
        }
    }
}

fn rank(state: &State) -> (u64, Option<u64>) {
    let sequence = state.value.as_ref().map(|value| value.sequence().get());
    (state.epoch, sequence)
}
