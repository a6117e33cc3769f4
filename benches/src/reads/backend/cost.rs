use crate::random::Random;
use crate::reads::backend::CallTime;

/// How a modelled backend behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(
    clippy::exhaustive_structs,
    reason = "written as a literal from the command line"
)]
pub struct Shape {
    /// What every call costs.
    pub fixed_ns: u64,
    /// What every key in a call costs on top.
    pub per_key_ns: u64,
    /// The median of what a call costs beyond that, drawn from a log-normal distribution; 0 for
    /// calls that all take the same.
    pub tail_ns: u64,
    /// The deviation of that cost's logarithm: how long the tail is.
    pub tail_sigma: f64,
    /// How many calls are served at once; more wait in line.
    pub in_flight_max: usize,
    /// The share of calls that fail, from 0 to 1.
    pub error_rate: f64,
}

impl Shape {
    /// Returns the straight line through the times that calls took: what they have in common, and
    /// what each key costs on top. Any number of them are served at once, as their times tell of
    /// waiting for one another already.
    #[must_use]
    pub fn fitted(times: &[CallTime]) -> Self {
        let calls = times.len().max(1) as f64;
        let points = || times.iter().map(|time| (time.keys as f64, time.ns as f64));
        let (keys, ns) = points().fold((0.0, 0.0), |(keys, ns), point| {
            (keys + point.0 / calls, ns + point.1 / calls)
        });
        let (spread, together) = points().fold((0.0, 0.0), |(spread, together), point| {
            let apart = point.0 - keys;
            (spread + apart * apart, together + apart * (point.1 - ns))
        });
        // Calls of one length say nothing of what a key costs. No line leads below zero.
        let slope = if spread > 0.0 { together / spread } else { 0.0 };
        let per_key = slope.clamp(0.0, ns / keys.max(1.0));
        Self {
            fixed_ns: (ns - per_key * keys).max(0.0) as u64,
            per_key_ns: per_key as u64,
            tail_ns: 0,
            tail_sigma: 0.0,
            in_flight_max: usize::MAX,
            error_rate: 0.0,
        }
    }
}

/// What one call costs, and whether it fails in the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Cost {
    /// From the moment it is served to its answer.
    pub ns: u64,
    /// Whether the answer is an error.
    pub fails: bool,
}

/// The costs of a backend's calls, in the order in which they begin to be served.
///
/// The model and the independent simulation of it each hold their own: it is what they are told
/// about the backend, and all that they have in common.
#[derive(Clone, Debug)]
pub struct Costs {
    shape: Shape,
    random: Random,
}

impl Costs {
    /// Creates the costs that `seed` names.
    #[must_use]
    pub fn new(shape: Shape, seed: u64) -> Self {
        let random = Random::new(seed, "costs");
        Self { shape, random }
    }

    /// Returns how many calls are served at once.
    #[must_use]
    pub fn in_flight_max(&self) -> usize {
        self.shape.in_flight_max
    }

    /// Returns the cost of the next call, which asks for `keys` keys.
    pub fn draw(&mut self, keys: u64) -> Cost {
        let Self { shape, random } = self;
        let stretch = libm::exp(shape.tail_sigma * random.normal());
        let tail_ns = (shape.tail_ns as f64 * stretch) as u64;
        let certain_ns = shape
            .fixed_ns
            .saturating_add(shape.per_key_ns.saturating_mul(keys));
        Cost {
            ns: certain_ns.saturating_add(tail_ns),
            fails: random.unit() < shape.error_rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_have_their_floor_their_median_and_their_errors() {
        let shape = Shape {
            fixed_ns: 1_000,
            per_key_ns: 10,
            tail_ns: 500,
            tail_sigma: 1.0,
            in_flight_max: 4,
            error_rate: 0.25,
        };
        let mut costs = Costs::new(shape, 4);
        let mut drawn: Vec<Cost> = (0..10_001).map(|_| costs.draw(2)).collect();
        let failed = drawn.iter().filter(|cost| cost.fails).count();
        assert!((2_300..2_700).contains(&failed), "{failed}");
        drawn.sort_unstable_by_key(|cost| cost.ns);
        assert!(drawn[0].ns >= 1_020);
        assert!(
            (1_480..1_560).contains(&drawn[5_000].ns),
            "{:?}",
            drawn[5_000]
        );
    }

    #[test]
    fn a_line_is_found_through_times_that_lie_on_one() {
        let time = |keys| CallTime {
            keys,
            ns: 5_000 + 30 * keys,
        };
        let shape = Shape::fitted(&[1, 10, 100, 7].map(time));
        assert_eq!((shape.fixed_ns, shape.per_key_ns), (5_000, 30));
    }

    #[test]
    fn times_that_make_no_line_cost_what_they_cost_on_average() {
        let fitted = |times: &[(u64, u64)]| {
            let time = |&(keys, ns)| CallTime { keys, ns };
            let shape = Shape::fitted(&times.iter().map(time).collect::<Vec<_>>());
            (shape.fixed_ns, shape.per_key_ns)
        };
        assert_eq!(fitted(&[]), (0, 0));
        assert_eq!(fitted(&[(1, 300), (1, 500)]), (400, 0), "one length only");
        assert_eq!(
            fitted(&[(1, 500), (3, 300)]),
            (400, 0),
            "long calls that are faster"
        );
        assert_eq!(
            fitted(&[(10, 100), (30, 500)]),
            (0, 15),
            "short calls for nothing"
        );
    }
}
