//! Keys drawn by Zipf's law, the same ones for every peer.

/// Returns `count` key numbers below `keys`, drawn with skew 1 from a fixed seed.
///
/// The key with number 0 is drawn most often.
pub(crate) fn draw(keys: u32, count: usize) -> Vec<u64> {
    let mut cumulated = Vec::with_capacity(keys as usize);
    let mut total = 0.0;
    for rank in 1..=keys {
        total += 1.0 / f64::from(rank);
        cumulated.push(total);
    }
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let mut drawn = Vec::with_capacity(count);
    for _ in 0..count {
        let point = unit(&mut state) * total;
        drawn.push(cumulated.partition_point(|&bound| bound < point) as u64);
    }
    drawn
}

/// Returns the next number in `0.0..1.0` of a xorshift generator.
fn unit(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    // The upper 32 bits are exact as a float, and finer than any question needs.
    let upper = u32::try_from(*state >> 32).unwrap_or(u32::MAX);
    f64::from(upper) / (f64::from(u32::MAX) + 1.0)
}
