//! A state as pieces that are named by their hashes.
//!
//! ```text
//! root = hash of
//!   index   version, items, bytes, chunks, and the hash of each
//!     page    of up to PAGE_CHUNKS chunks: the hash, items and bytes of each
//!       chunk   items, one after the other
//! ```
//!
//! Each piece is checked against one that was checked before it, so a wrong one is known the moment it
//! arrives, and so is who sent it. No piece names the anchor: states that are equal, or equal in parts,
//! share pieces, wherever they were taken.
//!
//! The tree of hashes is Merkle's, and that contents decide where chunks end is from LBFS. Identity by
//! position and root is much like that of CometBFT's snapshots, answers that are bounded by bytes and
//! hold one part at least like those of KRaft's `FetchSnapshot` and of Ethereum's `snap/1`.

mod cuts;
mod index;
mod items;
mod limits;
mod page;
mod table;
#[cfg(test)]
mod tests;

pub use crate::chunk::limits::Limits;
pub(crate) use crate::chunk::{
    index::Index,
    items::decode_items,
    page::{Chunk, PAGE_CHUNKS, Page},
    table::{Builder, Run, SEGMENT_BYTES, Table, queued_bytes_min},
};
