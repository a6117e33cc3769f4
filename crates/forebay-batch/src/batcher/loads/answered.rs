use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use forebay_core::{LoadError, LoadResult};
use forebay_rt::panic_message;

/// Where the loads of one batch find their answers, without a lock.
pub(crate) struct Cell<V, E> {
    answered: OnceLock<Answered<V, E>>,
}

struct Answered<V, E> {
    results: Vec<LoadResult<V, E>>,
    /// The position of each slot, where keys that nobody wanted any more were left out.
    positions: Option<Vec<u32>>,
}

impl<V, E> Cell<V, E> {
    pub(crate) const fn new() -> Self {
        Self {
            answered: OnceLock::new(),
        }
    }

    /// Puts the answers in. Called once, under the lock: whoever holds it sees either the batch or
    /// its answers.
    pub(crate) fn set(&self, results: Vec<LoadResult<V, E>>, positions: Option<Vec<u32>>) {
        let _ = self.answered.set(Answered { results, positions });
    }

    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.answered.get().is_some()
    }

    /// A copy of the answer of the key in this slot; a value's own code that panics fails this load
    /// only.
    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<LoadResult<V, E>>
    where
        V: Clone,
    {
        // A value is moved by itself: the processor has to wait where what was just written in
        // parts is read as a whole.
        Some(match self.answer(slot)? {
            Ok(Some(value)) => match catch_unwind(AssertUnwindSafe(|| value.clone())) {
                Ok(value) => Ok(Some(value)),
                Err(payload) => Err(LoadError::Panicked(panic_message(&*payload))),
            },
            Ok(None) => Ok(None),
            Err(error) => Err(error.clone()),
        })
    }

    #[inline]
    fn answer(&self, slot: u32) -> Option<&LoadResult<V, E>> {
        let answered = self.answered.get()?;
        let position = match &answered.positions {
            Some(positions) => *positions.get(slot as usize)?,
            None => slot,
        };
        answered.results.get(position as usize)
    }
}
