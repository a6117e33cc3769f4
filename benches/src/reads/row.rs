//! What the backends hold: one row for each key, whose content follows from the key.

use std::sync::Arc;

/// The bytes of a row: about what a small record of a user takes.
pub const ROW_BYTES: usize = 128;

/// A row, as every backend returns it and every cache keeps it.
pub type Row = Arc<[u8; ROW_BYTES]>;

/// Returns what the backend holds for `key`.
#[must_use]
pub fn row(key: u64) -> Row {
    let mut bytes = [0; ROW_BYTES];
    for (word, place) in words(key).zip(bytes.chunks_exact_mut(8)) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    Arc::new(bytes)
}

/// Returns whether `row` is what the backend holds for `key`, every byte of it.
#[must_use]
pub fn is_row_of(row: &[u8], key: u64) -> bool {
    let expected = words(key).map(u64::to_le_bytes);
    row.len() == ROW_BYTES
        && row
            .chunks_exact(8)
            .zip(expected)
            .all(|(at, word)| at == word)
}

/// Returns the words of a key's row: no two keys share one in the same place.
fn words(key: u64) -> impl Iterator<Item = u64> {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let start = key.wrapping_add(1).wrapping_mul(STEP);
    (0..(ROW_BYTES / 8) as u32).map(move |word| start.rotate_left(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_belongs_to_its_key_alone() {
        assert!(is_row_of(&*row(7), 7));
        assert!(!is_row_of(&*row(7), 8));
        assert!(!is_row_of(&row(7)[1..], 7));
        let mut damaged = *row(7);
        damaged[ROW_BYTES - 1] ^= 1;
        assert!(!is_row_of(&damaged, 7));
    }
}
