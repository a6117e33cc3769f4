//! Draws that are the same on every machine.
//!
//! The standard library's logarithms and powers come from the platform, whose last bits differ
//! from the next one's. Here they are computed by `libm`, from a generator whose sequence is
//! fixed, so that a seed names one workload and one modelled backend everywhere.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A sequence of draws, named by its seed.
#[derive(Clone, Debug)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// Creates the sequence that `seed` and `purpose` name. Sequences for different purposes have
    /// nothing to do with each other.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        let seed = purpose.bytes().fold(seed, |seed, byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Draws a number from 0 up to, not including, 1.
    pub fn unit(&mut self) -> f64 {
        const BITS: u32 = f64::MANTISSA_DIGITS;
        (self.0.next_u64() >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
    }

    /// Draws a whole number below `bound`, each about equally often.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> u64::BITS) as u32
    }

    /// Draws from the exponential distribution with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.unit())
    }

    /// Draws from the normal distribution with mean 0 and deviation 1. Always takes two numbers
    /// of the sequence, so that what follows does not depend on what was drawn.
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(2.0 * self.exponential());
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Returns the numbers from 0 up to, not including, `count` in random order.
    #[must_use]
    pub fn permutation(&mut self, count: u32) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..count).collect();
        for last in (1..count).rev() {
            numbers.swap(last as usize, self.below(last + 1) as usize);
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_one_sequence_on_every_machine() {
        let mut random = Random::new(7, "test");
        let draws = [random.normal(), random.exponential(), random.unit()].map(f64::to_bits);
        assert_eq!(draws, DRAWS);
    }

    #[test]
    fn purposes_and_seeds_are_independent() {
        let first = |seed, purpose| Random::new(seed, purpose).unit().to_bits();
        assert_ne!(first(7, "keys"), first(7, "costs"));
        assert_ne!(first(7, "keys"), first(8, "keys"));
    }

    #[test]
    fn a_permutation_holds_each_number_once() {
        let mut numbers = Random::new(1, "test").permutation(1_000);
        assert_ne!(numbers[..4], [0, 1, 2, 3]);
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..1_000));
    }

    #[test]
    fn normal_draws_have_the_moments_of_the_normal_distribution() {
        let mut random = Random::new(3, "test");
        let draws: Vec<f64> = (0..100_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02);
    }

    /// The bits of three draws, as another machine made them.
    const DRAWS: [u64; 3] = [
        0x3fef_d999_913e_63b5,
        0x3fca_cfa3_7e30_bfec,
        0x3fef_a6cf_fe7e_a0c9,
    ];
}
