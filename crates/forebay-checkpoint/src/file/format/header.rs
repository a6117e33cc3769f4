//! The first bytes of a file: what it is, which generation, and the seed of all its checksums.

use crate::file::format::block::Block;
use crate::file::format::field::{array_at, put, u16_at, u32_at, u64_at};

pub(crate) const HEADER_BYTES: usize = 64;

const MAGIC: [u8; 8] = *b"\x89FBCK\r\n\x1a";
const FORMAT: u16 = 1;
const KEY_FORMAT: u32 = 1;
const CHECKED_BYTES: usize = 60;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) generation: u64,
    /// The epoch of every key that the file does not name.
    pub(crate) floor: u64,
    pub(crate) salt: [u8; 16],
    /// How much of the file was durable before it got its name.
    pub(crate) base: u64,
}

/// Why the first bytes of a file are not a header that can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unreadable {
    /// It is something else, or was damaged so that nothing is left.
    NotAStore,
    /// It was damaged. What follows was written behind a header with this checksum.
    Damaged {
        seed: u32,
    },
    /// It was written by somebody newer, who requires that readers know this format.
    Format(u16),
    KeyFormat(u32),
}

impl Header {
    /// Returns the bytes, and the checksum in them, which seeds those of the blocks.
    pub(crate) fn encode(&self) -> ([u8; HEADER_BYTES], u32) {
        let mut bytes = [0; HEADER_BYTES];
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 8, FORMAT.to_le_bytes());
        put(&mut bytes, 10, FORMAT.to_le_bytes());
        put(&mut bytes, 12, KEY_FORMAT.to_le_bytes());
        put(&mut bytes, 16, self.generation.to_le_bytes());
        put(&mut bytes, 24, self.floor.to_le_bytes());
        put(&mut bytes, 32, self.salt);
        put(&mut bytes, 48, self.base.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..CHECKED_BYTES]);
        put(&mut bytes, CHECKED_BYTES, crc.to_le_bytes());
        (bytes, crc)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<(Self, u32), Unreadable> {
        Self::checked(bytes).unwrap_or_else(|| {
            let behind = bytes.get(HEADER_BYTES..).unwrap_or_default();
            Err(match Block::first_seed(behind) {
                Some(seed) => Unreadable::Damaged { seed },
                None => Unreadable::NotAStore,
            })
        })
    }

    /// What the field of the floor says in a header that is not valid.
    pub(crate) fn supposed_floor(bytes: &[u8]) -> u64 {
        u64_at(bytes, 24).unwrap_or_default()
    }

    /// The checksum comes before the formats: only what was meant is believed.
    fn checked(bytes: &[u8]) -> Option<Result<(Self, u32), Unreadable>> {
        let crc = u32_at(bytes, CHECKED_BYTES)?;
        let is_ours = array_at(bytes, 0)? == MAGIC;
        if !is_ours || crc32c::crc32c(bytes.get(..CHECKED_BYTES)?) != crc {
            return None;
        }
        let reader = u16_at(bytes, 10)?;
        if reader > FORMAT {
            return Some(Err(Unreadable::Format(reader)));
        }
        let key_format = u32_at(bytes, 12)?;
        if key_format != KEY_FORMAT {
            return Some(Err(Unreadable::KeyFormat(key_format)));
        }
        let header = Self {
            generation: u64_at(bytes, 16)?,
            floor: u64_at(bytes, 24)?,
            salt: array_at(bytes, 32)?,
            base: u64_at(bytes, 48)?,
        };
        Some(Ok((header, crc)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Header {
        Header {
            generation: 3,
            floor: 7,
            salt: [9; 16],
            base: 64,
        }
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let (bytes, crc) = sample().encode();
        assert_eq!(Header::decode(&bytes), Ok((sample(), crc)));
    }

    #[test]
    fn a_header_that_is_cut_or_changed_anywhere_is_not_believed() {
        let (bytes, _) = sample().encode();
        for at in 0..HEADER_BYTES {
            assert_eq!(Header::decode(&bytes[..at]), Err(Unreadable::NotAStore));
            let mut changed = bytes;
            changed[at] ^= 1;
            assert_eq!(Header::decode(&changed), Err(Unreadable::NotAStore), "{at}");
        }
        assert_eq!(Header::decode(&[0; 64]), Err(Unreadable::NotAStore));
    }

    #[test]
    fn a_header_from_somebody_newer_says_what_it_needs() {
        let written = |at: usize| {
            let (mut bytes, _) = sample().encode();
            bytes[at] = 2;
            let crc = crc32c::crc32c(&bytes[..CHECKED_BYTES]);
            put(&mut bytes, CHECKED_BYTES, crc.to_le_bytes());
            Header::decode(&bytes)
        };
        // A newer format that old readers may read is no obstacle.
        assert!(written(8).is_ok());
        assert_eq!(written(10), Err(Unreadable::Format(2)));
        assert_eq!(written(12), Err(Unreadable::KeyFormat(2)));
    }
}
