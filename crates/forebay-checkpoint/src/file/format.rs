//! The bytes of a file, and what they say. Nothing here knows of a disk, a lock or a thread.
//!
//! [`field`] is numbers in bytes, [`header`] the first bytes of a file, [`block`] what is written in
//! one step, and [`record`] what a block says of one key. [`replay`] reads a file, and [`salvage`]
//! one that is damaged.

pub(crate) mod block;
pub(crate) mod field;
pub(crate) mod header;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod salvage;
#[cfg(test)]
mod tests;
