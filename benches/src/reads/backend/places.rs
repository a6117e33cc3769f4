/// Where the rows of a batch belong, for rows that come back in any order.
///
/// A sorted list finds them faster than a map that is built for one batch only.
#[derive(Debug)]
pub(super) struct Places(Vec<(u64, usize)>);

impl Places {
    /// Notes the places of `keys`, of which no two are equal.
    pub(super) fn new(keys: &[u64]) -> Self {
        let places = keys.iter().enumerate();
        let mut places: Vec<(u64, usize)> = places.map(|(place, key)| (*key, place)).collect();
        places.sort_unstable();
        Self(places)
    }

    /// Returns the keys in rising order.
    pub(super) fn keys(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|(key, _)| *key)
    }

    /// Returns the place of a key; `None` for one that is not in the batch.
    pub(super) fn find(&self, key: u64) -> Option<usize> {
        let found = self.0.binary_search_by_key(&key, |(key, _)| *key);
        found.ok().map(|at| self.0[at].1)
    }
}
