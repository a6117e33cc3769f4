//! What a reader does with the events that it gets.

/// Sees the number of every event that a reader was given.
pub trait Sight: Send {
    /// Sees one.
    fn see(&mut self, number: u64);
}

/// How many events were seen, and their sum: as little work as lets a wrong delivery show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The sum of their numbers.
    pub sum: u64,
}

impl Tally {
    /// Returns the tally of the events from zero up to `count`, each seen once.
    #[must_use]
    pub fn of_first(count: u64) -> Self {
        Self {
            count,
            sum: count * count.saturating_sub(1) / 2,
        }
    }
}

impl Sight for Tally {
    fn see(&mut self, number: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(number);
    }
}

impl Sight for Vec<u64> {
    fn see(&mut self, number: u64) {
        self.push(number);
    }
}

impl<S: Sight> Sight for &mut S {
    fn see(&mut self, number: u64) {
        (**self).see(number);
    }
}
