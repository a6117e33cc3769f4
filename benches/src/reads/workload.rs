//! Which keys are asked for, in which order, and when.

mod zipf;

use std::path::PathBuf;

use crate::random::Random;
use crate::reads::trace::Trace;
use crate::reads::workload::zipf::Zipf;

/// Where the keys of a run come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Workload {
    /// A few keys are asked for often: the key of rank `r` with weight `1 / r^skew`.
    Zipf {
        /// How steep the weights fall; 0 is the same as [`Workload::Uniform`].
        skew: f64,
    },
    /// Every key is asked for equally often.
    Uniform,
    /// One key after the other, from the first to the last, again and again.
    Scan,
    /// All clients ask for one key at one instant, and for the next one once all are answered.
    Stampede,
    /// All clients ask at one instant, each for another key, as the parts of a page do; and for
    /// the next ones once all are answered.
    Page,
    /// The recorded reads of a file.
    Trace {
        /// The file, as it was named on the command line.
        path: PathBuf,
        /// Its reads.
        trace: Trace,
    },
}

impl Workload {
    /// Returns how many different keys the backend must hold: those of the trace, or `asked`.
    #[must_use]
    pub fn keys(&self, asked: u32) -> u32 {
        match self {
            Self::Trace { trace, .. } => trace.distinct,
            _ => asked,
        }
    }

    /// Returns the keys of `loads` loads, or of the whole trace where it is shorter.
    ///
    /// `burst` is how many loads begin at one instant in a stampede, which asks for one key then, and
    /// in a page, which asks for different ones as far as there are so many. Both always have whole
    /// bursts. Keys are laid out over
    /// the backend in random order, so that a popular key's neighbours are not popular too; only
    /// a scan follows the backend's order.
    #[must_use]
    pub fn draw(&self, loads: usize, keys: u32, burst: usize, seed: u64) -> Vec<u32> {
        let places = Random::new(seed, "places").permutation(self.keys(keys));
        let place = |key: u32| places[key as usize % places.len()];
        let mut random = Random::new(seed, "keys");
        match self {
            Self::Zipf { skew } => {
                let zipf = Zipf::new(keys, *skew);
                let ranks = (0..loads).map(|_| zipf.rank(random.unit()));
                ranks.map(place).collect()
            }
            Self::Uniform => (0..loads).map(|_| random.below(keys)).collect(),
            Self::Scan => (0..keys).cycle().take(loads).collect(),
            Self::Stampede => {
                let bursts = (0..keys).cycle().map(place);
                let bursts = bursts.take(loads.div_ceil(burst));
                bursts
                    .flat_map(|key| std::iter::repeat_n(key, burst))
                    .collect()
            }
            Self::Page => {
                let whole = loads.div_ceil(burst) * burst;
                (0..keys).cycle().map(place).take(whole).collect()
            }
            Self::Trace { trace, .. } => {
                let read = trace.keys.iter().take(loads);
                read.map(|&key| place(key)).collect()
            }
        }
    }
}

/// Returns when `loads` loads come, as nanoseconds from the start: at random, independent of each
/// other, `per_second` of them in a second on average.
#[must_use]
pub fn arrivals(loads: usize, per_second: f64, seed: u64) -> Vec<u64> {
    let mut random = Random::new(seed, "arrivals");
    let pause_ns = 1e9 / per_second;
    let mut now_ns = 0.0;
    let times = std::iter::repeat_with(|| {
        now_ns += random.exponential() * pause_ns;
        now_ns as u64
    });
    times.take(loads).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn zipf_asks_for_the_first_rank_as_often_as_its_weight_says() {
        let keys = Workload::Zipf { skew: 1.0 }.draw(100_000, 1_000, 1, 5);
        let mut counts = vec![0_u32; 1_000];
        keys.iter().for_each(|&key| counts[key as usize] += 1);
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let harmonic: f64 = (1..=1_000).map(|rank| 1.0 / f64::from(rank)).sum();
        assert!((f64::from(counts[0]) / 1e5 - 1.0 / harmonic).abs() < 0.005);
        assert!((f64::from(counts[1]) / 1e5 - 0.5 / harmonic).abs() < 0.005);
    }

    #[test]
    fn a_stampede_asks_for_each_key_a_burst_at_a_time() {
        let keys = Workload::Stampede.draw(9, 50, 3, 1);
        assert!(
            keys.chunks(3)
                .all(|burst| burst.iter().all(|key| *key == burst[0]))
        );
        assert_ne!(keys[0], keys[3]);
    }

    #[test]
    fn a_page_asks_for_a_burst_of_different_keys_at_a_time() {
        let keys = Workload::Page.draw(9, 50, 4, 1);
        assert_eq!(keys.len(), 12);
        let different = |page: &[u32]| page.iter().collect::<HashSet<_>>().len();
        assert!(keys.chunks(4).all(|page| different(page) == 4));
    }

    #[test]
    fn arrivals_rise_and_keep_the_rate() {
        let times = arrivals(100_000, 1_000.0, 9);
        assert!(times.is_sorted());
        let last_s = times[times.len() - 1] as f64 / 1e9;
        assert!((last_s - 100.0).abs() < 2.0, "{last_s}");
    }

    #[test]
    fn a_trace_keeps_equal_keys_equal() {
        let trace = crate::reads::trace::parse(b"a\nb\na\nc\n", Default::default()).unwrap();
        let path = PathBuf::new();
        let keys = Workload::Trace { path, trace }.draw(10, 1, 1, 2);
        assert_eq!(keys.len(), 4);
        assert!(keys[0] == keys[2] && keys[0] != keys[1] && keys[1] != keys[3]);
    }
}
