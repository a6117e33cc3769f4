use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// When to look at what next.
///
/// A deadline that moves back, as each fetch does, leaves its timer where it is. Once that fires, it is
/// set anew, which costs one spare wake-up and spares a change of this table on each fetch.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: BTreeMap<K, Instant>,
}

impl<K: Clone + Ord> Timers<K> {
    pub(crate) const fn new() -> Self {
        Self {
            by_time: BTreeSet::new(),
            by_key: BTreeMap::new(),
        }
    }

    /// Has the key looked at by then, or earlier.
    pub(crate) fn arm(&mut self, key: &K, at: Instant) {
        if self.by_key.get(key).is_some_and(|&armed| armed <= at) {
            return;
        }
        self.disarm(key);
        self.by_key.insert(key.clone(), at);
        self.by_time.insert((at, key.clone()));
    }

    pub(crate) fn disarm(&mut self, key: &K) {
        if let Some(armed) = self.by_key.remove(key) {
            self.by_time.remove(&(armed, key.clone()));
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes a key whose time has come.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_time.len()
    }
}
