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

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM_BYTES: usize = 1 << 10;

    /// An identity after which a chunk that may end does, or one after which it never does by chance.
    fn identity(ends: bool) -> [u8; 8] {
        let ends_after = |identity: &[u8; 8]| {
            let mut cutter = Cutter {
                bytes: CHUNK_BYTES_MIN,
                items: 1,
            };
            cutter.ends_after(identity, ITEM_BYTES) == ends
        };
        (0_u64..).map(u64::to_le_bytes).find(ends_after).unwrap()
    }

    #[test]
    fn a_chunk_is_filled_to_the_last_byte() {
        let mut cutter = Cutter::default();
        assert!(!cutter.ends_before(usize::MAX), "a single item always fits");
        for _ in 1..CHUNK_BYTES_MAX / ITEM_BYTES {
            assert!(!cutter.ends_after(&identity(false), ITEM_BYTES));
        }
        assert!(!cutter.ends_before(ITEM_BYTES));
        assert!(cutter.ends_before(ITEM_BYTES + 1));
        assert!(cutter.ends_after(&identity(false), ITEM_BYTES));
    }

    #[test]
    fn no_chunk_ends_by_chance_before_it_has_its_least() {
        let mut cutter = Cutter::default();
        for _ in 1..CHUNK_BYTES_MIN / ITEM_BYTES {
            assert!(!cutter.ends_after(&identity(true), ITEM_BYTES));
        }
        assert!(cutter.ends_after(&identity(true), ITEM_BYTES));
    }

    #[test]
    fn items_without_bytes_fill_a_chunk_too() {
        let mut cutter = Cutter::default();
        for _ in 1..CHUNK_ITEMS_MAX {
            assert!(!cutter.ends_after(b"", 0));
        }
        assert!(cutter.ends_after(b"", 0));
    }

    #[test]
    fn what_follows_an_identity_in_its_last_word_counts() {
        assert_ne!(mix(b""), mix(&[0]));
        assert_ne!(mix(&[0; 8]), mix(&[0; 9]));
    }
}
