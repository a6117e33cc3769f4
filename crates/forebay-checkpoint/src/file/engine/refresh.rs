//! Reading what others have written.

use std::sync::Arc;

use crate::error::CheckpointError;
use crate::file::engine::Engine;
use crate::file::engine::chain::{Chain, MARK_BYTES, mark_of};
use crate::file::engine::import::JSON_FIRST;
use crate::file::format::block::{ALIGNMENT, BLOCK_HEAD_BYTES};
use crate::file::format::field::u64_at;
use crate::file::format::header::{Header, Unreadable};
use crate::file::format::replay::{End, load, stage};
use crate::file::format::salvage::salvage;
use crate::file::io::{Io, read_into, read_rest};
use crate::file::observe;
use crate::file::table::Table;

/// What others have written since is shorter, as a rule.
const LOOK_BYTES: u64 = 4 << 10;

impl<I: Io> Engine<I> {
    /// Takes in, under the lock, whatever was written since the last time.
    pub(super) fn refresh(&mut self) -> Result<(), CheckpointError> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        match &open.chain {
            Some(_) => self.read_on(),
            None if open.stat.len == 0 => Ok(()),
            None => self.read_whole(),
        }
    }

    fn read_whole(&mut self) -> Result<(), CheckpointError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        read_rest(&*self.io, &open.file, 0, open.stat.len, &mut bytes)
            .map_err(|error| self.io_error("read", error))?;
        if self.has_older_lock() && bytes.first() == Some(&JSON_FIRST) {
            return self.import(&bytes);
        }
        let len = bytes.len() as u64;
        let (header, seed) = match Header::decode(&bytes) {
            Ok(header) => header,
            Err(Unreadable::NotAStore | Unreadable::Damaged { .. }) if self.settings.salvage => {
                return self.salvage(&bytes, None);
            }
            Err(why) => return Err(self.unreadable(why)),
        };
        let (table, place, end) = load(&header, seed, &bytes);
        match end {
            End::Clean | End::Torn => {}
            _ if self.settings.salvage => return self.salvage(&bytes, None),
            _ => return Err(self.corrupt(place.tail)),
        }
        if end == End::Torn {
            let rest = bytes.get(place.tail as usize..).unwrap_or_default();
            self.found_torn(place.tail, rest);
        }
        self.counters.foreign_blocks += place.blocks;
        if let Some(open) = &mut self.open {
            open.chain = Some(Chain {
                mark: mark_of(bytes.get(..place.tail as usize).unwrap_or_default()),
                durable: header.base.min(place.tail),
                header,
                place,
                torn: end == End::Torn,
                len,
            });
        }
        self.base = Some(table);
        Ok(())
    }

    fn read_on(&mut self) -> Result<(), CheckpointError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let Some(chain) = &mut open.chain else {
            return Ok(());
        };
        let (before, len) = (chain.place.tail, open.stat.len);
        chain.len = len;
        if len < before {
            return self.damaged(len);
        }
        // Nothing is there as a rule, and one look suffices to see it, and that nobody else has
        // written over the file.
        let mut look = [0; MARK_BYTES + BLOCK_HEAD_BYTES];
        let from = before - MARK_BYTES as u64;
        let read = match read_into(&*self.io, &open.file, from, &mut look) {
            Ok(read) => read,
            Err(error) => return Err(self.io_error("read", error)),
        };
        if read < MARK_BYTES || look[..MARK_BYTES] != chain.mark {
            return self.damaged(from);
        }
        if read == MARK_BYTES || u64_at(&look[..read], MARK_BYTES) == Some(0) {
            return Ok(());
        }
        self.read_blocks(before + LOOK_BYTES)
    }

    /// Reads blocks of others up to `most`, and once more up to the end where that was too little.
    fn read_blocks(&mut self, most: u64) -> Result<(), CheckpointError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let Some(chain) = &mut open.chain else {
            return Ok(());
        };
        let (before, len) = (chain.place.tail, open.stat.len);
        let mut bytes = Vec::new();
        if let Err(error) = read_rest(&*self.io, &open.file, before, len.min(most), &mut bytes) {
            return Err(self.io_error("read", error));
        }
        let (foreign, base, published) = (&mut self.foreign, &self.base, &self.published);
        let blocks = chain.place.blocks;
        let end = {
            let published = super::read(published);
            let table = base.as_ref().unwrap_or(&published);
            let apply = &mut |key, record| stage(table, foreign, key, record);
            chain.place.read(&bytes, apply)
        };
        self.counters.foreign_blocks += chain.place.blocks - blocks;
        let tail = chain.place.tail;
        let (read, rest) = bytes
            .split_at_checked((tail - before) as usize)
            .unwrap_or_default();
        if !read.is_empty() {
            chain.mark = mark_of(read);
        }
        // As many zeros as a block never begins with are its end, as they are for one look.
        let is_end = end == End::Clean && rest.len() >= ALIGNMENT;
        if most < len && !is_end {
            return self.read_blocks(len);
        }
        match end {
            End::Clean => Ok(()),
            End::Torn => {
                if !std::mem::replace(&mut chain.torn, true) {
                    self.found_torn(tail, rest);
                }
                Ok(())
            }
            _ => self.damaged(tail),
        }
    }

    /// The open file is not what it was: whatever is to be read of it now, what this process knows
    /// of it was durable, and is not to be lost.
    fn damaged(&mut self, offset: u64) -> Result<(), CheckpointError> {
        if !self.settings.salvage {
            return Err(self.corrupt(offset));
        }
        let Some(open) = &self.open else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        read_rest(&*self.io, &open.file, 0, open.stat.len, &mut bytes)
            .map_err(|error| self.io_error("read", error))?;
        let known = match &self.base {
            Some(base) => base.clone(),
            None => super::read(&self.published).clone(),
        };
        self.salvage(&bytes, Some(&known))
    }

    /// Keeps the damaged file under another name and puts what can be read in its place, and what is
    /// `known` of it.
    fn salvage(&mut self, bytes: &[u8], known: Option<&Table>) -> Result<(), CheckpointError> {
        let kept = self
            .keep_aside(bytes)
            .map_err(|error| self.io_error("keep a copy of", error))?;
        let mut salvaged = salvage(bytes);
        if let Some(known) = known {
            salvaged.add(known);
        }
        let report = salvaged.report(Some(kept.clone()));
        self.foreign.clear();
        self.replace_salvaged(salvaged.table, salvaged.generation, &kept)?;
        self.counters.salvages += 1;
        self.counters.lost_records += report.lost_records;
        observe::salvaged(&self.path, &kept, report.behind.len(), report.lost_records);
        self.salvaged = Some(Arc::new(report));
        Ok(())
    }

    fn found_torn(&mut self, tail: u64, rest: &[u8]) {
        let bytes = rest.iter().rposition(|byte| *byte != 0);
        let bytes = bytes.map_or(0, |last| last as u64 + 1);
        self.counters.torn_tails += 1;
        self.counters.torn_bytes += bytes;
        observe::torn(&self.path, tail, bytes);
    }

    fn unreadable(&self, why: Unreadable) -> CheckpointError {
        let path = Arc::clone(&self.path);
        match why {
            Unreadable::NotAStore => CheckpointError::NotAStore { path },
            Unreadable::Damaged { .. } => CheckpointError::Corrupt { path, offset: 0 },
            Unreadable::Format(found) => CheckpointError::UnsupportedVersion { path, found },
            Unreadable::KeyFormat(found) => CheckpointError::KeyFormat { path, found },
        }
    }
}
