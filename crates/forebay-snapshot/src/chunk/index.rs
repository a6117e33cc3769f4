use std::ops::Range;

use crate::chunk::cuts::CHUNK_ITEMS_MAX;
use crate::chunk::limits::Limits;
use crate::chunk::page::PAGE_CHUNKS;
use crate::{Hash, PieceError};

const VERSION: u8 = 1;
const TOTALS: usize = 3;
const HEAD_LEN: usize = 1 + TOTALS * size_of::<u64>();

/// The totals of a snapshot and the hashes of its pages.
///
/// ```text
/// 1 byte    version
/// 8 bytes   items    ┐
/// 8 bytes   bytes    │ least significant byte first
/// 8 bytes   chunks   ┘
/// 32 bytes  the hash of each page
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Index {
    items: u64,
    bytes: u64,
    chunks: u64,
    pages: Vec<Hash>,
}

impl Index {
    /// How many bytes the index of this many pages has.
    pub(crate) const fn bytes_of(pages: u32) -> usize {
        (pages as usize)
            .saturating_mul(Hash::LEN)
            .saturating_add(HEAD_LEN)
    }

    pub(crate) const fn new(items: u64, bytes: u64, chunks: u64, pages: Vec<Hash>) -> Self {
        Self {
            items,
            bytes,
            chunks,
            pages,
        }
    }

    /// The root of a state without items, for which nothing needs to be fetched.
    pub(crate) fn empty_root() -> Hash {
        Hash::of(&Self::new(0, 0, 0, Vec::new()).encode())
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_LEN + self.pages.len() * Hash::LEN);
        bytes.push(VERSION);
        for total in [self.items, self.bytes, self.chunks] {
            bytes.extend_from_slice(&total.to_le_bytes());
        }
        for page in &self.pages {
            bytes.extend_from_slice(page.as_bytes());
        }
        bytes
    }

    /// Reads the index with this root.
    pub(crate) fn decode(bytes: &[u8], root: &Hash, limits: &Limits) -> Result<Self, PieceError> {
        if bytes.len() > limits.piece_bytes_max {
            return Err(PieceError::TooLarge);
        }
        if Hash::of(bytes) != *root {
            return Err(PieceError::Hash);
        }
        let (&version, bytes) = bytes.split_first().ok_or(PieceError::Length)?;
        if version != VERSION {
            return Err(PieceError::Version);
        }
        let (totals, pages) = bytes
            .split_first_chunk::<{ HEAD_LEN - 1 }>()
            .ok_or(PieceError::Length)?;
        let (hashes, rest) = pages.as_chunks::<{ Hash::LEN }>();
        if !rest.is_empty() {
            return Err(PieceError::Length);
        }
        if hashes.len() > limits.pages_max as usize {
            return Err(PieceError::TooLarge);
        }
        let (words, _) = totals.as_chunks::<8>();
        let mut totals = words.iter().copied().map(u64::from_le_bytes);
        let mut total = || totals.next().ok_or(PieceError::Length);
        let pages = hashes.iter().copied().map(Hash::from_bytes).collect();
        let index = Self::new(total()?, total()?, total()?, pages);
        index.check(limits)?;
        Ok(index)
    }

    /// Every chunk has an item and, but for items without bytes, a byte.
    fn check(&self, limits: &Limits) -> Result<(), PieceError> {
        let items_max = self.chunks.saturating_mul(u64::from(CHUNK_ITEMS_MAX));
        let bytes_max = self.chunks.saturating_mul(limits.piece_bytes_max as u64);
        if self.chunks.div_ceil(PAGE_CHUNKS) != self.pages.len() as u64
            || self.items < self.chunks
            || self.items > items_max
        {
            return Err(PieceError::Totals);
        }
        if self.bytes > bytes_max {
            return Err(PieceError::TooLarge);
        }
        Ok(())
    }

    pub(crate) const fn items(&self) -> u64 {
        self.items
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) const fn chunks(&self) -> u64 {
        self.chunks
    }

    /// The hash of each page.
    pub(crate) fn pages(&self) -> &[Hash] {
        &self.pages
    }

    /// The numbers of the chunks of a page; none if there is no such page.
    pub(crate) fn chunks_of(&self, page: u32) -> Range<u64> {
        let first = u64::from(page).saturating_mul(PAGE_CHUNKS).min(self.chunks);
        first..first.saturating_add(PAGE_CHUNKS).min(self.chunks)
    }

    /// Whether these are the totals of all pages together.
    pub(crate) const fn check_totals(&self, items: u64, bytes: u64) -> Result<(), PieceError> {
        if self.items == items && self.bytes == bytes {
            Ok(())
        } else {
            Err(PieceError::Totals)
        }
    }
}
