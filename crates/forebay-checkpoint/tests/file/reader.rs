//! A second reader of checkpoint files, made from `docs/CHECKPOINT_FORMAT.md` alone.
//!
//! It shares nothing with the library, so that what both misunderstand in the same way is what the
//! page says.

use std::collections::BTreeMap;

const MAGIC: [u8; 8] = [0x89, 0x46, 0x42, 0x43, 0x4b, 0x0d, 0x0a, 0x1a];
const HEADER: usize = 64;
const HEAD: usize = 24;
const RECORDS_MAX: usize = 16 << 20;

/// What is in a file.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) generation: u64,
    pub(crate) floor: u64,
    pub(crate) base: u64,
    pub(crate) keys: BTreeMap<[u8; 32], Held>,
    pub(crate) blocks: usize,
    pub(crate) tail: usize,
    /// The generation of the file that took this one's name, if the last record says so.
    pub(crate) moved: Option<u64>,
}

/// What holds of a key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Held {
    pub(crate) epoch: u64,
    pub(crate) is_claimed: bool,
    pub(crate) value: Option<Value>,
    pub(crate) label: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Value {
    pub(crate) log: u64,
    pub(crate) sequence: u64,
    pub(crate) event_id: Option<String>,
}

/// CRC-32C, bit by bit, going on from `seed`.
fn crc(bytes: &[u8], seed: u32) -> u32 {
    let mut state = !seed;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = state & 1;
            state = state >> 1 ^ if carry == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    !state
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

struct Block<'a> {
    crc: u32,
    before: u32,
    pending: u64,
    records: &'a [u8],
}

impl<'a> Block<'a> {
    /// The block that begins at `at`, if one that is whole does.
    fn whole(bytes: &'a [u8], at: usize, seed: u32) -> Option<Self> {
        let head = bytes.get(at..at + HEAD)?;
        let len = u32_at(head, 4) as usize;
        if len == 0 || !len.is_multiple_of(8) || len > RECORDS_MAX {
            return None;
        }
        let records = bytes.get(at + HEAD..at + HEAD + len)?;
        let found = u32_at(head, 0);
        let expected = crc(&bytes[at + 4..at + HEAD + len], seed);
        (found == expected).then(|| Self {
            crc: found,
            before: u32_at(head, 8),
            pending: u64_at(head, 16),
            records,
        })
    }
}

pub(crate) fn read(bytes: &[u8]) -> Result<Contents, String> {
    if bytes.is_empty() {
        return Ok(Contents::default());
    }
    if bytes.len() < HEADER || bytes[..8] != MAGIC {
        return Err("no header".into());
    }
    let seed = u32_at(bytes, 60);
    if crc(&bytes[..60], 0) != seed {
        return Err("a damaged header".into());
    }
    if u16_at(bytes, 8) < 1 || u16_at(bytes, 10) > 1 || u32_at(bytes, 12) != 1 {
        return Err("another format".into());
    }
    let mut contents = Contents {
        generation: u64_at(bytes, 16),
        floor: u64_at(bytes, 24),
        base: u64_at(bytes, 48),
        tail: HEADER,
        ..Contents::default()
    };
    let mut names = BTreeMap::new();
    let mut before = seed;
    while let Some(block) = Block::whole(bytes, contents.tail, seed) {
        if block.before != before {
            break;
        }
        contents.apply(&mut names, block.records)?;
        contents.blocks += 1;
        contents.tail += HEAD + block.records.len();
        before = block.crc;
    }
    let tail = contents.tail;
    for at in (tail + 8..bytes.len()).step_by(8) {
        let Some(block) = Block::whole(bytes, at, seed) else {
            continue;
        };
        if at as u64 - block.pending > tail as u64 {
            return Err(format!("damage at {tail}, by the block at {at}"));
        }
    }
    if (tail as u64) < contents.base {
        return Err(format!("the chain ends at {tail}, before the base"));
    }
    Ok(contents)
}

impl Contents {
    fn apply(
        &mut self,
        names: &mut BTreeMap<u32, [u8; 32]>,
        mut records: &[u8],
    ) -> Result<(), String> {
        while let [kind, flags, ..] = *records
            && kind != 0
        {
            let (text_len, number) = (u16_at(records, 2) as usize, u32_at(records, 4));
            let (epoch, log, sequence) =
                (u64_at(records, 8), u64_at(records, 16), u64_at(records, 24));
            let mut rest = &records[32..];
            if flags & 1 != 0 {
                names.insert(number, rest[..32].try_into().unwrap());
                rest = &rest[32..];
            }
            let text = (flags & 2 != 0).then(|| String::from_utf8(rest[..text_len].to_vec()));
            let text = text.transpose().map_err(|error| error.to_string())?;
            records = &rest[text_len..];
            self.moved = (kind == 4).then_some(sequence);
            if kind == 4 {
                continue;
            }
            let key = *names.get(&number).ok_or("a number without a key")?;
            let floor = self.floor;
            let held = self.keys.entry(key).or_insert_with(|| Held {
                epoch: floor,
                ..Held::default()
            });
            let is_claimed = flags & 4 != 0;
            match kind {
                1 => {
                    let event_id = text;
                    held.value = Some(Value {
                        log,
                        sequence,
                        event_id,
                    });
                    (held.epoch, held.is_claimed) = (epoch, is_claimed);
                }
                2 => {
                    *held = Held {
                        epoch,
                        is_claimed,
                        ..Held::default()
                    };
                }
                3 => held.label = text,
                _ => return Err(format!("a record of kind {kind}")),
            }
        }
        if records.iter().any(|byte| *byte != 0) {
            return Err("something in the padding".into());
        }
        Ok(())
    }
}
