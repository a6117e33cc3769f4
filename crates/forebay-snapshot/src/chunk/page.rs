use crate::chunk::cuts::CHUNK_ITEMS_MAX;
use crate::chunk::index::Index;
use crate::chunk::limits::Limits;
use crate::{Hash, PieceError};

/// How many chunks every page but the last one has.
pub(crate) const PAGE_CHUNKS: u64 = 1 << 10;

/// What names a chunk and is known of it before it is there.
///
/// ```text
/// 32 bytes  hash
/// 4 bytes   items   ┐ least significant byte first
/// 4 bytes   bytes   ┘
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Chunk {
    pub(crate) hash: Hash,
    pub(crate) items: u32,
    pub(crate) bytes: u32,
}

impl Chunk {
    const LEN: usize = Hash::LEN + 2 * size_of::<u32>();

    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.hash.as_bytes());
        bytes.extend_from_slice(&self.items.to_le_bytes());
        bytes.extend_from_slice(&self.bytes.to_le_bytes());
    }

    fn decode(row: &[u8; Self::LEN], limits: &Limits) -> Result<Self, PieceError> {
        let (hash, numbers) = row
            .split_first_chunk::<{ Hash::LEN }>()
            .ok_or(PieceError::Length)?;
        let (numbers, _) = numbers.as_chunks::<4>();
        let mut numbers = numbers.iter().copied().map(u32::from_le_bytes);
        let mut number = || numbers.next().ok_or(PieceError::Length);
        let chunk = Self {
            hash: Hash::from_bytes(*hash),
            items: number()?,
            bytes: number()?,
        };
        if chunk.items == 0 || chunk.items > CHUNK_ITEMS_MAX {
            return Err(PieceError::Totals);
        }
        if chunk.bytes as usize > limits.piece_bytes_max {
            return Err(PieceError::TooLarge);
        }
        Ok(chunk)
    }

    /// Whether these are the bytes of this chunk.
    pub(crate) fn verify(&self, bytes: &[u8]) -> Result<(), PieceError> {
        if bytes.len() != self.bytes as usize || Hash::of(bytes) != self.hash {
            return Err(PieceError::Hash);
        }
        Ok(())
    }
}

/// The chunks of a part of a snapshot, one after the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Page(Vec<Chunk>);

impl Page {
    pub(crate) const BYTES_MAX: usize = PAGE_CHUNKS as usize * Chunk::LEN;

    /// Reads the page with this number of the snapshot with this index.
    pub(crate) fn decode(
        bytes: &[u8],
        index: &Index,
        number: u32,
        limits: &Limits,
    ) -> Result<Self, PieceError> {
        let hash = index.pages().get(number as usize);
        let hash = hash.ok_or(PieceError::Totals)?;
        if bytes.len() > Self::BYTES_MAX {
            return Err(PieceError::TooLarge);
        }
        if Hash::of(bytes) != *hash {
            return Err(PieceError::Hash);
        }
        let (rows, rest) = bytes.as_chunks::<{ Chunk::LEN }>();
        let chunks = index.chunks_of(number);
        if !rest.is_empty() || rows.len() as u64 != chunks.end.saturating_sub(chunks.start) {
            return Err(PieceError::Length);
        }
        let chunks = rows.iter().map(|row| Chunk::decode(row, limits));
        chunks.collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn chunks(&self) -> &[Chunk] {
        &self.0
    }
}
