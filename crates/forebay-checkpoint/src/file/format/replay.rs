//! Reading: what the bytes of a file say, and where its chain ends.

use forebay_core::ResumeKey;
use hashbrown::HashMap;

use crate::file::format::block::{ALIGNMENT, Block};
use crate::file::format::header::Header;
use crate::file::format::record::{Name, Record, Records};
use crate::file::table::{Change, Known, Staged, Table};

/// A key takes so many bytes at least where it is named.
const KEY_BYTES_MIN: usize = 64;

/// How far somebody has read a file, and what is needed to go on.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The checksum of the header.
    pub(crate) seed: u32,
    pub(crate) tail: u64,
    /// Where the last block begins, or the header.
    pub(crate) last: u64,
    /// The checksum of the last block, or of the header.
    pub(crate) prev: u32,
    pub(crate) names: Names,
    /// How many blocks were read.
    pub(crate) blocks: u64,
    /// How many records are in them.
    pub(crate) records: u64,
}

/// The keys that a file has numbered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// As writers count, one number comes after the other.
    dense: Vec<Option<ResumeKey>>,
    /// Those that came much too early.
    sparse: HashMap<u32, ResumeKey, foldhash::fast::RandomState>,
    next: u32,
}

/// So many numbers may be missing between two that are kept by their place. A file can say any
/// number, and must not have room made for all below it.
const MISSING_MAX: usize = 16;

/// Where a chain ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// At the end of the file, or before zeros.
    Clean,
    /// Before something that was never acknowledged.
    Torn,
    /// Before something that was durable: the block at `proof` says so.
    Damaged { proof: u64 },
    /// In a whole block that makes no sense.
    Nonsense,
}

impl Names {
    /// Gives a key a number that no other one has.
    pub(crate) fn number(&mut self, key: ResumeKey) -> u32 {
        // Other writers may count as they like, and have given the last number to somebody.
        let mut number = self.next;
        while self.get(number).is_some() {
            number = number.wrapping_add(1);
        }
        self.put(number, key);
        self.next = number.wrapping_add(1);
        number
    }

    pub(crate) fn learn(&mut self, number: u32, key: ResumeKey) {
        self.put(number, key);
        self.next = self.next.max(number.saturating_add(1));
    }

    fn put(&mut self, number: u32, key: ResumeKey) {
        let place = number as usize;
        if place <= self.dense.len() + MISSING_MAX {
            if place >= self.dense.len() {
                self.dense.resize(place + 1, None);
            }
            self.dense[place] = Some(key);
        } else {
            self.sparse.insert(number, key);
        }
    }

    /// Returns the key, or nothing where the file has not said which it is.
    pub(crate) fn resolve(&mut self, name: Name) -> Option<ResumeKey> {
        if let Some(key) = name.key {
            self.learn(name.number, key);
        }
        self.get(name.number)
    }

    fn get(&self, number: u32) -> Option<ResumeKey> {
        let dense = self.dense.get(number as usize).copied().flatten();
        dense.or_else(|| self.sparse.get(&number).copied())
    }
}

impl Place {
    /// The beginning of the file that has this header.
    pub(crate) fn behind_header(seed: u32, header_bytes: u64) -> Self {
        Self {
            seed,
            tail: header_bytes,
            last: 0,
            prev: seed,
            names: Names::default(),
            blocks: 0,
            records: 0,
        }
    }

    /// Reads on: `bytes` are the file from the tail to its end. Gives each record with its key to
    /// `apply`, which says whether it makes sense.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        apply: &mut impl FnMut(Option<ResumeKey>, Record) -> bool,
    ) -> End {
        let mut rest = bytes;
        while let Some(block) = Block::whole(rest, self.seed) {
            if block.prev != self.prev {
                break;
            }
            if !self.enter(block, apply) {
                return End::Nonsense;
            }
            rest = rest.get(block.size()..).unwrap_or_default();
        }
        self.end(rest)
    }

    /// Takes a block as the next one.
    pub(crate) fn enter(
        &mut self,
        block: Block<'_>,
        apply: &mut impl FnMut(Option<ResumeKey>, Record) -> bool,
    ) -> bool {
        for record in Records::of(block.records) {
            let Ok(record) = record else {
                return false;
            };
            let key = match &record {
                Record::State { name, .. } | Record::Label { name, .. } => {
                    self.names.resolve(*name)
                }
                Record::Moved { .. } => None,
            };
            if !apply(key, record) {
                return false;
            }
            self.records += 1;
        }
        self.last = self.tail;
        self.tail += block.size() as u64;
        self.prev = block.crc;
        self.blocks += 1;
        true
    }

    /// Tells what a crash leaves from what damage does: `rest` is the file from the tail on.
    fn end(&self, rest: &[u8]) -> End {
        let Some(first) = first_not_zero(rest) else {
            return End::Clean;
        };
        // A block does not begin with eight zeros, so the search may begin right before the first
        // byte that is something.
        let mut at = first - first % ALIGNMENT;
        while let Some(bytes) = rest.get(at..).filter(|bytes| !bytes.is_empty()) {
            if let Some(block) = Block::whole(bytes, self.seed)
                && at as u64 > block.pending
            {
                let proof = self.tail + at as u64;
                return End::Damaged { proof };
            }
            at += ALIGNMENT;
        }
        End::Torn
    }
}

/// Most of what is behind a tail is zeros, which are looked at many at a time.
fn first_not_zero(bytes: &[u8]) -> Option<usize> {
    const MANY: usize = 64;
    let zeros = |chunk: &&[u8]| chunk.iter().fold(0, |all, byte| all | byte) == 0;
    let start = bytes.chunks(MANY).take_while(zeros).count() * MANY;
    let rest = bytes.get(start..)?;
    let first = rest.iter().position(|byte| *byte != 0)?;
    Some(start + first)
}

/// Puts what a record says of `key` into `staged`, on top of `table`.
pub(crate) fn stage(
    table: &Table,
    staged: &mut Staged,
    key: Option<ResumeKey>,
    record: Record,
) -> bool {
    let Some(key) = key else {
        return matches!(record, Record::Moved { .. });
    };
    let before = staged.get(&key).cloned();
    let before = before.unwrap_or_else(|| table.get(&key));
    let Some(known) = after(before, record) else {
        return false;
    };
    staged.put(Change {
        key,
        known,
        state_changed: true,
        label_changed: true,
    });
    staged.settle();
    true
}

/// Puts what a record says of `key` into `table`.
pub(crate) fn apply(table: &mut Table, key: Option<ResumeKey>, record: Record) -> bool {
    let Some(key) = key else {
        return matches!(record, Record::Moved { .. });
    };
    table.update(key, |known| after(known, record))
}

/// What holds of a key after a record of it.
pub(crate) fn after(before: Known, record: Record) -> Option<Known> {
    match record {
        Record::State { name, state } => Some(Known {
            label: before.label.filter(|_| state.value.is_some()),
            state,
            number: Some(name.number),
        }),
        Record::Label { name, label } => Some(Known {
            label,
            number: Some(name.number),
            ..before
        }),
        Record::Moved { .. } => None,
    }
}

/// Reads a whole file behind its header into a table.
pub(crate) fn load(header: &Header, seed: u32, bytes: &[u8]) -> (Table, Place, End) {
    let mut table = Table::new(header.floor);
    let header_bytes = bytes.len().min(crate::file::format::header::HEADER_BYTES);
    let mut place = Place::behind_header(seed, header_bytes as u64);
    // Room for as many keys as there may be, so that it need not grow; what was too much is given
    // back.
    let keys = bytes.len() / KEY_BYTES_MIN;
    table.reserve(keys);
    place.names.dense.reserve(keys);
    let apply = &mut |key, record| apply(&mut table, key, record);
    let end = place.read(&bytes[header_bytes..], apply);
    table.shrink();
    place.names.dense.shrink_to_fit();
    let end = match end {
        End::Clean | End::Torn if place.tail < header.base => End::Damaged { proof: header.base },
        end => end,
    };
    (table, place, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> ResumeKey {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        ResumeKey::from_bytes(bytes)
    }

    #[test]
    fn keys_are_found_by_whatever_numbers_a_file_has_for_them() {
        let mut names = Names::default();
        let numbers = [0, 1, 5, u32::MAX, 40, 22, 38, 41, 39];
        for number in numbers {
            names.learn(number, key(number));
        }
        for number in 0..50 {
            let name = Name { number, key: None };
            let known = numbers.contains(&number).then(|| key(number));
            assert_eq!(names.resolve(name), known, "{number}");
        }
        // Nothing is made room for that is not there.
        assert!(names.dense.len() < 50);
    }

    /// Keys after the last number all got that one, and were taken for each other.
    #[test]
    fn a_new_key_gets_a_number_that_no_other_one_has() {
        let mut names = Names::default();
        let numbers = [0, 2, u32::MAX - 1, u32::MAX];
        for number in numbers {
            names.learn(number, key(number));
        }
        for (new, expected) in [(100, 1), (101, 3), (102, 4)] {
            assert_eq!(names.number(key(new)), expected);
        }
        for (number, expected) in [(u32::MAX, u32::MAX), (1, 100), (2, 2), (4, 102)] {
            let name = Name { number, key: None };
            assert_eq!(names.resolve(name), Some(key(expected)));
        }
    }

    #[test]
    fn the_first_byte_that_is_not_zero_is_found_wherever_it_is() {
        for len in [0, 1, 63, 64, 65, 200] {
            let mut bytes = vec![0; len];
            assert_eq!(first_not_zero(&bytes), None);
            for first in (0..len).rev() {
                bytes[first] = 1;
                assert_eq!(first_not_zero(&bytes), Some(first));
            }
        }
    }
}
