//! The blocks of the open file, and where they end.

use crate::file::format::header::Header;
use crate::file::format::replay::Place;

/// So many bytes before the tail are looked at to see that the file is still the one that was read.
/// Every header has as many, and every block.
pub(crate) const MARK_BYTES: usize = 32;

pub(crate) type Mark = [u8; MARK_BYTES];

pub(super) struct Chain {
    pub(super) header: Header,
    pub(super) place: Place,
    /// The bytes right before the tail.
    pub(super) mark: Mark,
    /// So much of it is durable, as far as is known here.
    pub(super) durable: u64,
    /// Whether there is something behind the tail that never was whole.
    pub(super) torn: bool,
    /// How long the file is.
    pub(super) len: u64,
}

/// Where a chain ends: what is to be known to end it there again.
#[derive(Clone, Copy)]
pub(super) struct Ending {
    pub(super) tail: u64,
    prev: u32,
    mark: Mark,
}

impl Chain {
    /// The chain of a file that is all of it, and durable.
    pub(super) fn whole(header: Header, place: Place, bytes: &[u8]) -> Self {
        Self {
            mark: mark_of(bytes),
            durable: place.tail,
            torn: false,
            len: place.tail,
            header,
            place,
        }
    }

    pub(super) const fn ending(&self) -> Ending {
        Ending {
            tail: self.place.tail,
            prev: self.place.prev,
            mark: self.mark,
        }
    }

    pub(super) const fn end_at(&mut self, ending: Ending) {
        self.place.tail = ending.tail;
        self.place.prev = ending.prev;
        self.mark = ending.mark;
    }
}

/// Returns the last bytes, of which there are enough.
pub(super) fn mark_of(bytes: &[u8]) -> Mark {
    bytes.last_chunk().copied().unwrap_or([0; MARK_BYTES])
}
