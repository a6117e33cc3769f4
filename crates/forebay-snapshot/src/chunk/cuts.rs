//! Where one chunk ends and the next begins.
//!
//! Were chunks cut by size alone, one item more would move all cuts after it, and nothing that a
//! follower has of an earlier anchor would be of use. So a cut follows the item it stands behind: the
//! hash of its identity decides, at odds that grow with its size, which keeps chunks of small items and
//! of large ones about as large. All of this is part of the format: peers with other cuts would have
//! other roots.

/// No cut before a chunk has this many bytes, unless the next item does not fit.
///
/// The larger a chunk, the more likely is it to hold what has changed, so of chunks that are as large on
/// average, those of even sizes outlast more. But were this more than half of the average, it would
/// take many chunks after an item more or less until cuts are again where they were.
const CHUNK_BYTES_MIN: usize = 4 << 10;

/// How many bytes follow on average until a cut, once there may be one.
const CHUNK_BYTES_MORE: u64 = 4 << 10;

/// A chunk has at most this many bytes, unless it is a single item.
pub(crate) const CHUNK_BYTES_MAX: usize = 32 << 10;

/// A chunk has at most this many items, since an item may take no bytes.
pub(crate) const CHUNK_ITEMS_MAX: u32 = 4 << 10;

/// What is known of the chunk that is being filled.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cutter {
    bytes: usize,
    items: u32,
}

impl Cutter {
    /// Whether the chunk must end before an item of this size.
    pub(crate) const fn ends_before(self, item_bytes: usize) -> bool {
        self.items > 0 && self.bytes.saturating_add(item_bytes) > CHUNK_BYTES_MAX
    }

    /// Takes the item in, and says whether the chunk ends after it.
    pub(crate) fn ends_after(&mut self, identity: &[u8], item_bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(item_bytes);
        self.items = self.items.saturating_add(1);
        if self.items >= CHUNK_ITEMS_MAX || self.bytes >= CHUNK_BYTES_MAX {
            return true;
        }
        let odds = (u64::MAX / CHUNK_BYTES_MORE).saturating_mul(item_bytes as u64);
        self.bytes >= CHUNK_BYTES_MIN && mix(identity) < odds
    }
}

/// Spreads the bits of an identity, alike on every machine.
///
/// Nobody gains from inputs that collide: chunks stay within their bounds whatever comes out.
fn mix(identity: &[u8]) -> u64 {
    const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
    const SECOND: u64 = 0xd6e8_feb8_6659_fd93;
    let fold = |left: u64, right: u64| {
        let product = u128::from(left) * u128::from(right);
        (product as u64) ^ ((product >> u64::BITS) as u64)
    };
    let (words, rest) = identity.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mut state = FIRST ^ identity.len() as u64;
    for word in words.iter().chain([&last]) {
        state = fold(state ^ u64::from_le_bytes(*word), SECOND) ^ FIRST;
    }
    fold(state, SECOND ^ FIRST)
}
