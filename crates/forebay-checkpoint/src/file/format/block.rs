//! Blocks: what is written in one step, and is there whole or not at all.

use crate::file::format::field::{put, u32_at, u64_at};

pub(crate) const BLOCK_HEAD_BYTES: usize = 24;

/// The longest records of one block. What a damaged length makes a reader look at is bounded.
pub(crate) const RECORDS_BYTES_MAX: usize = 16 << 20;

/// All blocks begin and end at a multiple of it, so that a search need not look everywhere.
pub(crate) const ALIGNMENT: usize = 8;

/// A block whose checksum is right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Block<'a> {
    pub(crate) crc: u32,
    pub(crate) prev: u32,
    /// How many bytes right before it were not known to be durable when it was written.
    pub(crate) pending: u64,
    pub(crate) records: &'a [u8],
}

/// How a block hangs on what is before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// The checksum of the header.
    pub(crate) seed: u32,
    pub(crate) prev: u32,
    pub(crate) nonce: u32,
    pub(crate) pending: u64,
}

impl<'a> Block<'a> {
    /// Reads the block that `bytes` begin with, wherever it belongs, if it is whole.
    pub(crate) fn whole(bytes: &'a [u8], seed: u32) -> Option<Self> {
        let len = u32_at(bytes, 4)? as usize;
        if len == 0 || len > RECORDS_BYTES_MAX || !len.is_multiple_of(ALIGNMENT) {
            return None;
        }
        let body = bytes.get(4..BLOCK_HEAD_BYTES + len)?;
        let crc = u32_at(bytes, 0)?;
        if crc32c::crc32c_append(seed, body) != crc {
            return None;
        }
        Some(Self {
            crc,
            prev: u32_at(bytes, 8)?,
            pending: u64_at(bytes, 16)?,
            records: bytes.get(BLOCK_HEAD_BYTES..BLOCK_HEAD_BYTES + len)?,
        })
    }

    /// Returns the checksum of the header that was before the block that `bytes` begin with, if that
    /// is whole and the first of its file: it has the seed in it as well.
    pub(crate) fn first_seed(bytes: &[u8]) -> Option<u32> {
        let seed = u32_at(bytes, 8)?;
        Block::whole(bytes, seed).map(|_| seed)
    }

    pub(crate) const fn size(&self) -> usize {
        BLOCK_HEAD_BYTES + self.records.len()
    }
}

impl Link {
    /// Appends a block with the records that `write` appends; returns its checksum.
    pub(crate) fn block(self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let start = out.len();
        out.resize(start + BLOCK_HEAD_BYTES, 0);
        write(out);
        let records = out.len() - start - BLOCK_HEAD_BYTES;
        out.resize(
            start + BLOCK_HEAD_BYTES + records.next_multiple_of(ALIGNMENT),
            0,
        );
        let block = &mut out[start..];
        let len = (block.len() - BLOCK_HEAD_BYTES) as u32;
        put(block, 4, len.to_le_bytes());
        put(block, 8, self.prev.to_le_bytes());
        put(block, 12, self.nonce.to_le_bytes());
        put(block, 16, self.pending.to_le_bytes());
        let crc = crc32c::crc32c_append(self.seed, &block[4..]);
        put(block, 0, crc.to_le_bytes());
        crc
    }
}
