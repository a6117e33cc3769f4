use bytes::Bytes;
use forebay_snapshot::OrdSnapshot;
use imbl::OrdMap;

/// What is replicated: values by key, in the order of keys.
pub(super) type State = OrdMap<u64, Bytes>;

/// The same as the machines of the snapshot crate see it.
pub(super) type Kept = OrdSnapshot<u64, Bytes>;

/// Returns the state before the first change: so many keys, each with a value of its own.
pub(super) fn first(keys: u32, value_bytes: usize) -> State {
    let item = |key: u32| {
        let key = u64::from(key);
        (key, Bytes::from(value(key, 0, value_bytes)))
    };
    (0..keys).map(item).collect()
}

/// Returns what a change writes: no two changes write the same, as far as there is room.
pub(super) fn value(key: u64, sequence: u64, bytes: usize) -> Vec<u8> {
    let mut value = Vec::with_capacity(bytes);
    extend_with_value(&mut value, key, sequence, bytes);
    value
}

/// Adds what a change writes to the end of something.
pub(super) fn extend_with_value(buffer: &mut Vec<u8>, key: u64, sequence: u64, bytes: usize) {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let end = buffer.len() + bytes;
    let mut word = key.wrapping_mul(STEP) ^ sequence.rotate_left(32).wrapping_mul(STEP);
    while buffer.len() < end {
        // The steps of a generator that is known to spread what it is given over all bits.
        word = word.wrapping_add(STEP);
        let mixed = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = (mixed ^ (mixed >> 31)).to_le_bytes();
        let left = (end - buffer.len()).min(mixed.len());
        buffer.extend_from_slice(&mixed[..left]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_length_and_differ() {
        for bytes in [0, 1, 7, 8, 9, 100] {
            assert_eq!(value(7, 1, bytes).len(), bytes);
        }
        assert_ne!(value(7, 1, 8), value(7, 2, 8));
        assert_ne!(value(7, 1, 8), value(8, 1, 8));
        assert_eq!(value(7, 1, 9)[..8], value(7, 1, 8));
    }
}
