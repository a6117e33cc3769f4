//! Keys that stand in a call more than once, as they do where loads share nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use forebay_core::{LoadError, LoadResult};
use forebay_rt::panic_message;
use hashbrown::HashTable;

/// Gives the positions `open`, which have no answer, the first one that their key has at another
/// position; returns those that are left.
///
/// A backend that answers by key answers once. Its other loads would be told that there is nothing.
/// Where the code of a key or a value panics, they are told of that.
pub(super) fn share<K, V, E>(
    keys: &[K],
    results: &mut [LoadResult<V, E>],
    open: Vec<usize>,
    hash: impl Fn(&K) -> u64,
) -> Vec<usize>
where
    K: Eq,
    V: Clone,
{
    if open.is_empty() || open.len() == keys.len() {
        return open;
    }
    let shared = catch_unwind(AssertUnwindSafe(|| copy(keys, results, &open, hash)));
    shared.unwrap_or_else(|payload| {
        let message = panic_message(&*payload);
        for position in open {
            if let Some(result) = results.get_mut(position) {
                *result = Err(LoadError::Panicked(message.clone()));
            }
        }
        Vec::new()
    })
}

fn copy<K, V, E>(
    keys: &[K],
    results: &mut [LoadResult<V, E>],
    open: &[usize],
    hash: impl Fn(&K) -> u64,
) -> Vec<usize>
where
    K: Eq,
    V: Clone,
{
    let mut answered = HashTable::with_capacity(keys.len() - open.len());
    let mut left = open.iter().copied().peekable();
    for (position, key) in keys.iter().enumerate() {
        if left.next_if_eq(&position).is_some() {
            continue;
        }
        let is_it = |(_, other): &(usize, &K)| *other == key;
        let entry = answered.entry(hash(key), is_it, |(_, key)| hash(key));
        entry.or_insert((position, key));
    }
    let mut open = open.to_vec();
    open.retain(|position| {
        let Some(key) = keys.get(*position) else {
            return true;
        };
        let found = answered.find(hash(key), |(_, other)| *other == key);
        let answer = found.and_then(|(from, _)| results.get(*from).cloned());
        let (Some(answer), Some(result)) = (answer, results.get_mut(*position)) else {
            return true;
        };
        *result = answer;
        false
    });
    open
}
