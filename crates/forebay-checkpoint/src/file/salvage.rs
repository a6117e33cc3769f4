//! Reading a damaged file as far as that is possible.

use std::collections::HashSet;
use std::path::PathBuf;

use foldhash::fast::RandomState;
use forebay_core::ResumeKey;

use crate::file::frame::Frame;
use crate::file::header::{HEADER_BYTES, Header};
use crate::file::record::{Record, State};
use crate::file::replay::{End, Place, after};
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

/// Reads the chain, and behind each damage the chain that proves it.
pub(crate) fn salvage(bytes: &[u8]) -> Salvaged {
    let Ok((header, seed)) = Header::decode(bytes) else {
        return Salvaged {
            table: Table::default(),
            generation: 0,
            lost_records: 0,
            gaps: vec![(0, bytes.len() as u64)],
            sure: HashSet::default(),
        };
    };
    let mut salvaged = Salvaged {
        table: Table::new(header.floor),
        generation: header.generation,
        lost_records: 0,
        gaps: Vec::new(),
        sure: HashSet::default(),
    };
    let mut place = Place::behind_header(seed, HEADER_BYTES as u64);
    loop {
        let rest = bytes.get(place.tail as usize..).unwrap_or_default();
        let mut apply = |key, record| {
            salvaged.merge(key, record);
            true
        };
        match place.read(rest, &mut apply) {
            End::Clean | End::Torn => break,
            End::Damaged { proof } => {
                salvaged.gap(place.tail, proof);
                let whole = Frame::whole(bytes.get(proof as usize..).unwrap_or_default(), seed);
                let Some(frame) = whole else { break };
                place.tail = proof;
                place.prev = frame.prev;
            }
            End::Nonsense => {
                let rest = bytes.get(place.tail as usize..).unwrap_or_default();
                let Some(frame) = Frame::whole(rest, seed) else {
                    break;
                };
                let end = place.tail + frame.size() as u64;
                salvaged.gap(place.tail, end);
                place.tail = end;
                place.prev = frame.crc;
            }
        }
    }
    if place.tail < header.base {
        salvaged.gap(place.tail, header.base);
    }
    salvaged
}

impl Salvaged {
    /// Says all that a user is to know of it, the damaged file being kept at `kept`.
    pub(crate) fn report(&self, kept: Option<PathBuf>) -> Salvage {
        let keys = self.table.iter().map(|(key, _)| *key);
        let mut behind: Vec<_> = keys.filter(|key| !self.sure.contains(key)).collect();
        behind.sort_unstable();
        Salvage {
            entries: self.table.entries(),
            behind,
            lost_records: self.lost_records,
            gaps: self.gaps.clone(),
            kept,
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
