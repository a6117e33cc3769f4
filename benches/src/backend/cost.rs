use crate::random::Random;

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
    in_flight_max: usize,
    origin: Origin,
}

/// Where costs come from.
#[derive(Clone, Debug)]
enum Origin {
    Drawn { shape: Shape, random: Random },
    Recorded { times_ns: Vec<u64>, next: usize },
}

impl Costs {
    /// Creates the costs that `seed` names.
    #[must_use]
    pub fn new(shape: Shape, seed: u64) -> Self {
        let random = Random::new(seed, "costs");
        Self {
            in_flight_max: shape.in_flight_max,
            origin: Origin::Drawn { shape, random },
        }
    }

    /// Creates costs from the times that calls took, waiting for their turn included: a backend
    /// that was recorded serves any number of calls at once. After the last one comes the first.
    #[must_use]
    pub fn recorded(times_ns: Vec<u64>) -> Self {
        Self {
            in_flight_max: usize::MAX,
            origin: Origin::Recorded { times_ns, next: 0 },
        }
    }

    /// Returns how many calls are served at once.
    #[must_use]
    pub fn in_flight_max(&self) -> usize {
        self.in_flight_max
    }

    /// Returns the cost of the next call, which asks for `keys` keys.
    pub fn draw(&mut self, keys: u64) -> Cost {
        match &mut self.origin {
            Origin::Drawn { shape, random } => drawn(shape, random, keys),
            Origin::Recorded { times_ns, next } => {
                let ns = times_ns.get(*next).copied().unwrap_or_default();
                *next = (*next + 1) % times_ns.len().max(1);
                Cost { ns, fails: false }
            }
        }
    }
}

fn drawn(shape: &Shape, random: &mut Random, keys: u64) -> Cost {
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
    fn recorded_costs_come_in_their_order_again_and_again() {
        let mut costs = Costs::recorded(vec![5, 7]);
        let drawn = [0; 3].map(|_| costs.draw(1).ns);
        assert_eq!(drawn, [5, 7, 5]);
        assert_eq!(Costs::recorded(Vec::new()).draw(1).ns, 0);
    }
}
