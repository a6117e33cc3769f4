use std::time::Duration;

/// Spreads delays, so that many followers that lost the same provider do not all come back at once.
///
/// Everything it says follows from the seed, so a run can be repeated.
#[derive(Clone, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from the whole range.
    pub(crate) fn number(&mut self) -> u64 {
        // SplitMix64: any seed will do, even zero, and there is nothing secret about a delay.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Something between three and five quarters of a delay.
    pub(crate) fn spread(&mut self, delay: Duration) -> Duration {
        let share = u32::try_from(self.number() >> 48).unwrap_or(0);
        let half = delay / 2;
        (delay - delay / 4).saturating_add(half / (u32::from(u16::MAX) + 1) * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_spread_around_what_was_asked_for_and_repeat_with_the_seed() {
        let second = Duration::from_secs(1);
        let spread = |seed| {
            let mut jitter = Jitter::new(seed);
            (0..100).map(|_| jitter.spread(second)).collect::<Vec<_>>()
        };
        assert_eq!(spread(7), spread(7));
        assert_ne!(spread(7), spread(8));
        let all = spread(7);
        assert!(
            all.iter()
                .all(|delay| *delay >= second * 3 / 4 && *delay < second * 5 / 4)
        );
        assert!(all.iter().any(|delay| *delay < second) && all.iter().any(|delay| *delay > second));
    }

    #[test]
    fn no_delay_overflows() {
        let mut jitter = Jitter::new(0);
        for delay in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let _ = jitter.spread(delay);
        }
    }
}
