//! Keys drawn by Zipf's law, the same ones for every peer.

use crate::random::Random;

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
    let mut random = Random::default();
    let mut drawn = Vec::with_capacity(count);
    for _ in 0..count {
        let point = random.unit() * total;
        drawn.push(cumulated.partition_point(|&bound| bound < point) as u64);
    }
    drawn
}
