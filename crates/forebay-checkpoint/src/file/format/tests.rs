//! What is read of bytes that were cut, changed, overwritten or made up.
//!
//! * A file that is cut anywhere behind its base shows the blocks that are whole, and is torn.
//! * One changed byte is damage below a block that says it was durable, and a torn tail above; it
//!   never shows a state that was not written.
//! * What lies behind a block that was overwritten never comes back, even by the same records.
//! * Salvage shows only what was written, and of no key less than what stands behind the damage.
//! * Any bytes at all are read without a panic.

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::file::format::block::{Block, Link};
use crate::file::format::header::{HEADER_BYTES, Header};
use crate::file::format::record::{Name, Nonsense, Record, Records, State};
use crate::file::format::replay::{End, load};
use crate::file::format::salvage::salvage;
use crate::file::table::Table;

type Values = BTreeMap<ResumeKey, Checkpoint>;

const GOLDEN: &[u8] = include_bytes!("../../../tests/golden/format_1.checkpoints");

/// A file, where each of its blocks ends, and what holds up to there.
struct Sample {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    values: Vec<Values>,
    seed: u32,
    crcs: Vec<u32>,
}

fn key(number: u8) -> ResumeKey {
    ResumeKey::from_bytes([number; 32])
}

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(9), Sequence::new(sequence)))
}

fn header(base: u64) -> Header {
    Header {
        generation: 1,
        floor: 0,
        salt: *b"salt for a test!",
        base,
    }
}

fn commit(number: u32, new: bool, checkpoint: Checkpoint) -> Record {
    Record::State {
        name: Name {
            number,
            key: new.then(|| key(number as u8)),
        },
        state: State {
            epoch: 0,
            claimed: false,
            value: Some(checkpoint),
        },
    }
}

impl Sample {
    fn new() -> Self {
        Self::behind(header(HEADER_BYTES as u64))
    }

    fn behind(header: Header) -> Self {
        let (head, seed) = header.encode();
        Self {
            bytes: head.to_vec(),
            ends: vec![HEADER_BYTES],
            values: vec![Values::new()],
            seed,
            crcs: vec![seed],
        }
    }

    /// Appends a block; with `durable`, its writer knew that all before it was.
    fn append(&mut self, nonce: u32, durable: bool, records: &[Record]) {
        let end = *self.ends.last().unwrap();
        let before = self
            .ends
            .iter()
            .rev()
            .nth(1)
            .copied()
            .unwrap_or(HEADER_BYTES);
        let link = Link {
            seed: self.seed,
            prev: *self.crcs.last().unwrap(),
            nonce,
            pending: if durable { 0 } else { (end - before) as u64 },
        };
        self.bytes.truncate(end);
        let crc = link.block(&mut self.bytes, |out| {
            records.iter().for_each(|record| record.encode(out));
        });
        self.ends.push(self.bytes.len());
        self.crcs.push(crc);
        let mut values = self.values.last().unwrap().clone();
        for record in records {
            if let Record::State { name, state } = record {
                values.insert(key(name.number as u8), state.value.clone().unwrap());
            }
        }
        self.values.push(values);
    }

    /// Six commits of two keys, one block each.
    fn commits() -> Self {
        let mut sample = Self::new();
        for number in 0..6 {
            let record = commit(number % 2, number < 2, at(10 + u64::from(number)));
            sample.append(7, true, &[record]);
        }
        sample
    }

    /// What holds of all blocks that end at or before `len`.
    fn whole_up_to(&self, len: usize) -> &Values {
        let count = self.ends.iter().filter(|end| **end <= len).count();
        &self.values[count - 1]
    }
}

fn values(table: &Table) -> Values {
    let known = table.iter();
    known
        .filter_map(|(key, known)| Some((*key, known.state.value.clone()?)))
        .collect()
}

fn read(bytes: &[u8]) -> (Values, End) {
    let (header, seed) = Header::decode(bytes).unwrap();
    let (table, _, end) = load(&header, seed, bytes);
    (values(&table), end)
}

#[test]
fn a_file_that_is_cut_anywhere_shows_its_whole_blocks() {
    let sample = Sample::commits();
    for len in HEADER_BYTES..=sample.bytes.len() {
        let (values, end) = read(&sample.bytes[..len]);
        assert_eq!(values, *sample.whole_up_to(len), "{len}");
        assert!(matches!(end, End::Clean | End::Torn), "{len}: {end:?}");
        assert_eq!(end == End::Clean, sample.ends.contains(&len), "{len}");
    }
}

#[test]
fn a_block_of_which_any_sectors_are_missing_is_torn() {
    let mut sample = Sample::commits();
    let long = at(50).with_event_id("e".repeat(2_000));
    sample.append(7, true, &[commit(0, false, long)]);
    let start = sample.ends[sample.ends.len() - 2];
    for missing in 0..1_u32 << 5 {
        let mut bytes = sample.bytes.clone();
        bytes.resize(bytes.len() + 4096, 0);
        for (number, sector) in bytes[start..].chunks_mut(512).take(5).enumerate() {
            if missing & 1 << number != 0 {
                sector.fill(0);
            }
        }
        let (values, _) = read(&bytes);
        let expected = if missing == 0 {
            sample.ends.len()
        } else {
            sample.ends.len() - 1
        };
        assert_eq!(values, sample.values[expected - 1], "{missing:b}");
    }
}

#[test]
fn a_byte_that_was_durable_and_is_changed_is_damage() {
    let sample = Sample::commits();
    let last = sample.ends[sample.ends.len() - 2];
    for at in HEADER_BYTES..sample.bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = sample.bytes.clone();
            bytes[at] ^= change;
            let (values, end) = read(&bytes);
            assert_eq!(values, *sample.whole_up_to(at), "{at}");
            if at < last {
                assert!(matches!(end, End::Damaged { .. }), "{at}: {end:?}");
            } else {
                assert_eq!(end, End::Torn, "{at}");
            }
        }
    }
}

#[test]
fn a_base_that_is_cut_is_damage() {
    let sample = Sample::commits();
    let (head, _) = header(sample.bytes.len() as u64).encode();
    let mut bytes = head.to_vec();
    bytes.resize(sample.bytes.len(), 0);
    let (values, end) = read(&bytes);
    assert_eq!(values, Values::new());
    assert!(matches!(end, End::Damaged { .. }));
}

/// A writer died before blocks 3 and 4 were synced; of 3 nothing reached the medium, of 4 all.
/// Whoever comes next writes something as long as 3, or the very same.
#[test]
fn what_lies_behind_an_overwritten_block_never_comes_back() {
    let mut sample = Sample::commits();
    sample.append(7, true, &[commit(0, false, at(20))]);
    sample.append(7, false, &[commit(0, false, at(21))]);
    let stale = sample.bytes.clone();
    let torn = sample.ends[6]..sample.ends[7];
    for sequence in [20, 30] {
        let mut bytes = stale.clone();
        bytes[torn.clone()].fill(0);
        let (found, end) = read(&bytes);
        assert_eq!((&found, end), (&sample.values[6], End::Torn));

        let mut again = Sample::commits();
        again.append(8, true, &[commit(0, false, at(sequence))]);
        bytes[torn.clone()].copy_from_slice(&again.bytes[torn.clone()]);
        let (found, end) = read(&bytes);
        assert_eq!(found, again.values[7]);
        assert_eq!(end, End::Torn);
    }
}

#[test]
fn salvage_shows_what_was_written_and_nothing_else() {
    let sample = Sample::commits();
    let written: Vec<_> = sample.values.iter().flat_map(Values::iter).collect();
    for at in 0..sample.bytes.len() {
        let mut bytes = sample.bytes.clone();
        bytes[at] ^= 0x55;
        let salvaged = salvage(&bytes);
        let found = values(&salvaged.table);
        assert!(found.iter().all(|pair| written.contains(&pair)), "{at}");
        // Behind the damage stand the last commits of both keys, unless only it had their names.
        if (sample.ends[2]..sample.ends[4]).contains(&at) {
            assert_eq!(found, *sample.values.last().unwrap(), "{at}");
        }
        if (HEADER_BYTES..sample.ends[2]).contains(&at) {
            assert!(salvaged.lost_records > 0, "{at}");
        }
        // The first block names the header.
        if at < HEADER_BYTES {
            assert_eq!(found, *sample.values.last().unwrap(), "{at}");
            assert_eq!(salvaged.gaps, [(0, HEADER_BYTES as u64)]);
        }
    }
}

#[test]
fn a_salvage_without_a_header_gives_no_epoch_again() {
    for (floor, wanted) in [(0, 1 << 32), (700, 700 + (1 << 32)), (u64::MAX, 1 << 32)] {
        let header = header(HEADER_BYTES as u64);
        let mut sample = Sample::behind(Header { floor, ..header });
        sample.append(7, true, &[commit(0, true, at(10))]);
        sample.bytes[60] ^= 1;
        assert_eq!(salvage(&sample.bytes).table.floor(), wanted);
    }
}

#[test]
fn a_whole_block_without_sense_is_damage() {
    let mut sample = Sample::commits();
    // A number that no key has.
    sample.append(7, true, &[commit(9, false, at(99))]);
    assert_eq!(read(&sample.bytes).1, End::Nonsense);
    assert_eq!(values(&salvage(&sample.bytes).table), sample.values[6]);
}

#[test]
fn an_older_file_is_read_and_written_the_same() {
    let mut sample = Sample::new();
    let label = Record::Label {
        name: Name {
            number: 1,
            key: None,
        },
        label: Some(Arc::from("orders, by \u{e9}v\u{e9}nement")),
    };
    let first = commit(0, true, at(0));
    let second = commit(1, true, at(u64::MAX).with_event_id("x"));
    sample.append(1, false, &[first, second, label]);
    let absent = State {
        epoch: 1,
        ..State::default()
    };
    let claimed = State {
        epoch: 2,
        claimed: true,
        value: Some(at(5).with_event_id("")),
    };
    let name = |number, new: bool| Name {
        number,
        key: new.then(|| key(number as u8)),
    };
    let mut bytes = Vec::new();
    let link = Link {
        seed: sample.seed,
        prev: *sample.crcs.last().unwrap(),
        nonce: 0x0102_0304,
        pending: 0,
    };
    link.block(&mut bytes, |out| {
        for record in [
            Record::State {
                name: name(0, false),
                state: absent,
            },
            Record::State {
                name: name(2, true),
                state: claimed,
            },
            Record::Label {
                name: name(2, false),
                label: None,
            },
            Record::Moved { generation: 2 },
        ] {
            record.encode(out);
        }
    });
    sample.bytes.extend(bytes);
    sample.bytes.resize(sample.bytes.len() + 64, 0);
    assert_eq!(sample.bytes, GOLDEN);
    let (found, end) = read(GOLDEN);
    assert_eq!(end, End::Clean);
    let expected = [
        (key(1), at(u64::MAX).with_event_id("x")),
        (key(2), at(5).with_event_id("")),
    ];
    assert_eq!(found, Values::from(expected));
}

fn a_record() -> impl Strategy<Value = Record> {
    let name = (any::<u32>(), any::<Option<[u8; 32]>>()).prop_map(|(number, key)| Name {
        number,
        key: key.map(ResumeKey::from_bytes),
    });
    let text = prop_oneof![Just(None), ".{0,40}".prop_map(Some)];
    let value = (any::<u64>(), any::<u64>(), text.clone()).prop_map(|(log, sequence, text)| {
        let cursor = Cursor::new(LogId::new(log), Sequence::new(sequence));
        let checkpoint = Checkpoint::new(cursor);
        match text {
            Some(text) => checkpoint.with_event_id(text),
            None => checkpoint,
        }
    });
    let value = prop_oneof![Just(None), value.prop_map(Some)];
    let state = (any::<u64>(), any::<bool>(), value).prop_map(|(epoch, claimed, value)| State {
        epoch,
        claimed,
        value,
    });
    prop_oneof![
        (name.clone(), state).prop_map(|(name, state)| Record::State { name, state }),
        (name, text).prop_map(|(name, text)| Record::Label {
            name,
            label: text.map(Arc::from),
        }),
        any::<u64>().prop_map(|generation| Record::Moved { generation }),
    ]
}

proptest! {
    #[test]
    fn records_are_read_as_they_were_written(records in vec(a_record(), 1..8), seed: u32) {
        let link = Link { seed, prev: 1, nonce: 2, pending: 3 };
        let mut bytes = Vec::new();
        let crc = link.block(&mut bytes, |out| records.iter().for_each(|one| one.encode(out)));
        let block = Block::whole(&bytes, seed).unwrap();
        prop_assert_eq!((block.crc, block.prev, block.pending), (crc, 1, 3));
        prop_assert_eq!(block.size(), bytes.len());
        let found: Result<Vec<_>, Nonsense> = Records::of(block.records).collect();
        prop_assert_eq!(found, Ok(records));
        prop_assert!(Block::whole(&bytes, seed ^ 1).is_none());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..400)) {
        let (head, seed) = header(HEADER_BYTES as u64).encode();
        let whole = [&head[..], &bytes].concat();
        let _ = load(&header(HEADER_BYTES as u64), seed, &whole);
        let _ = salvage(&whole);
        let _ = salvage(&bytes);
        let mut block = head.to_vec();
        let link = Link { seed, prev: seed, nonce: 0, pending: 0 };
        link.block(&mut block, |out| out.extend_from_slice(&bytes));
        let _ = load(&header(HEADER_BYTES as u64), seed, &block);
        let _ = salvage(&block);
    }
}
