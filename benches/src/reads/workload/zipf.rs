/// Ranks drawn with weight `1 / rank^skew`, by their sums: exact for any skew, and a table that is
/// small next to the backend's.
pub(super) struct Zipf {
    sums: Vec<f64>,
}

impl Zipf {
    pub(super) fn new(ranks: u32, skew: f64) -> Self {
        let mut sum = 0.0;
        let weights = (1..=ranks).map(|rank| libm::pow(f64::from(rank), -skew));
        let sums = weights.map(|weight| {
            sum += weight;
            sum
        });
        Self {
            sums: sums.collect(),
        }
    }

    /// Returns the rank, from 0, at a share of the whole weight.
    pub(super) fn rank(&self, share: f64) -> u32 {
        let whole = self.sums.last().copied().unwrap_or_default();
        let rank = self.sums.partition_point(|&sum| sum <= share * whole);
        rank.min(self.sums.len().saturating_sub(1)) as u32
    }
}
