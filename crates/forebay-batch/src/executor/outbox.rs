use forebay_rt::sync::{Mutex, lock};

use crate::error::ExecuteError;

/// Where those who submitted the values of one batch take their results from.
pub(crate) struct Outbox<O, E> {
    results: Mutex<Option<Results<O, E>>>,
}

struct Results<O, E> {
    /// `None` once it was taken.
    results: Vec<Option<Result<O, ExecuteError<E>>>>,
    /// The position of each slot, where values were withdrawn.
    positions: Option<Vec<u32>>,
}

impl<O, E> Outbox<O, E> {
    pub(crate) fn new() -> Self {
        Self {
            results: Mutex::new(None),
        }
    }

    /// Puts the results in. Called once, under the lock of the executor.
    pub(crate) fn set(
        &self,
        results: Vec<Result<O, ExecuteError<E>>>,
        positions: Option<Vec<u32>>,
    ) {
        let results = results.into_iter().map(Some).collect();
        *lock(&self.results) = Some(Results { results, positions });
    }

    pub(crate) fn is_set(&self) -> bool {
        lock(&self.results).is_some()
    }

    /// Takes the result of the value in this slot.
    pub(crate) fn take(&self, slot: u32) -> Option<Result<O, ExecuteError<E>>> {
        let mut results = lock(&self.results);
        let results = results.as_mut()?;
        let position = match &results.positions {
            Some(positions) => *positions.get(slot as usize)?,
            None => slot,
        };
        results.results.get_mut(position as usize)?.take()
    }
}
