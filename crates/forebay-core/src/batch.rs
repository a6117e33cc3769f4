use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use crate::{LoadError, LoadResult};

/// Loads the values of many keys in one backend call.
///
/// The keys are unique and in the order of their first arrival. Values go into [`Answers`]
/// rather than into a returned list, so that rows which come back in any order, or not at all, or
/// with a failure of their own, need no sorting, and what was found before a failure is kept.
///
/// # Examples
///
/// Rows that a database returns in any order are put in by key, and keys without a row are left
/// out:
///
/// ```
/// use std::convert::Infallible;
///
/// use forebay_core::{Answers, LoadBatch};
///
/// struct Users;
///
/// impl LoadBatch<u64> for Users {
///     type Value = String;
///     type Error = Infallible;
///
///     async fn load_batch(
///         &self,
///         keys: &[u64],
///         answers: &mut Answers<'_, u64, String, Infallible>,
///     ) -> Result<(), Infallible> {
///         for id in keys.iter().rev().filter(|id| **id < 100) {
///             answers.insert(id, format!("user {id}"));
///         }
///         Ok(())
///     }
/// }
///
/// let keys = [7, 1000];
/// let mut answers = Answers::new(&keys);
/// futures::executor::block_on(Users.load_batch(&keys, &mut answers)).unwrap();
/// assert_eq!(answers.finish(), [Ok(Some("user 7".to_owned())), Ok(None)]);
/// ```
pub trait LoadBatch<K> {
    /// What a key stands for.
    type Value: Send;

    /// How the backend fails.
    type Error: Send + Sync;

    /// Loads the values of `keys` and puts them into `answers`.
    ///
    /// A key that is left out has no value: its callers get `Ok(None)`.
    ///
    /// # Errors
    ///
    /// A failure of the whole call. It reaches the keys that were not answered before it; a
    /// failure of one key goes into [`Answers::fail`] instead.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped when nobody waits for any of its keys any more, so dropping it must
    /// be safe. What was put into `answers` until then still counts.
    fn load_batch(
        &self,
        keys: &[K],
        answers: &mut Answers<'_, K, Self::Value, Self::Error>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

macro_rules! forward_to_pointee {
    ($($pointer:ty),*) => {$(
        impl<K, L: LoadBatch<K> + ?Sized> LoadBatch<K> for $pointer {
            type Value = L::Value;
            type Error = L::Error;

            fn load_batch(
                &self,
                keys: &[K],
                answers: &mut Answers<'_, K, Self::Value, Self::Error>,
            ) -> impl Future<Output = Result<(), Self::Error>> + Send {
                (**self).load_batch(keys, answers)
            }
        }
    )*};
}

forward_to_pointee!(&L, Arc<L>, Box<L>);

/// Where a [`LoadBatch`] puts what it found for the keys of one call.
///
/// The first answer of a key stands. Whatever cannot be used (a position outside the call, a
/// second answer, a key that nobody asked for) is ignored and counted in
/// [`ignored`](Answers::ignored).
///
/// Room for the answers is allocated once; [`insert`](Answers::insert) builds an index of the keys
/// at its first use.
pub struct Answers<'a, K, V, E> {
    keys: &'a [K],
    slots: Vec<Option<LoadResult<V, E>>>,
    positions: HashMap<&'a K, usize>,
    ignored: usize,
}

impl<'a, K, V, E> Answers<'a, K, V, E> {
    /// Creates room for the answers of `keys`.
    #[must_use]
    pub fn new(keys: &'a [K]) -> Self {
        let slots = std::iter::repeat_with(|| None).take(keys.len()).collect();
        Self {
            keys,
            slots,
            positions: HashMap::new(),
            ignored: 0,
        }
    }

    /// Puts in the value of the key at `position`; returns whether it was used.
    pub fn set(&mut self, position: usize, value: V) -> bool {
        self.put(Some(position), Ok(Some(value)))
    }

    /// Puts in the value of `key`; returns whether it was used.
    ///
    /// The right one for rows that come back in any order.
    pub fn insert(&mut self, key: &K, value: V) -> bool
    where
        K: Eq + Hash,
    {
        if self.positions.is_empty() {
            let positions = self
                .keys
                .iter()
                .enumerate()
                .map(|(position, key)| (key, position));
            self.positions.extend(positions);
        }
        let position = self.positions.get(key).copied();
        self.put(position, Ok(Some(value)))
    }

    /// Says that there is nothing for the key at `position`; returns whether it was used.
    ///
    /// Leaving the key out says the same, unless the whole call fails afterwards.
    pub fn missing(&mut self, position: usize) -> bool {
        self.put(Some(position), Ok(None))
    }

    /// Says that the key at `position` failed, and it alone; returns whether it was used.
    pub fn fail(&mut self, position: usize, error: E) -> bool {
        self.put(Some(position), Err(LoadError::from(error)))
    }

    /// Returns how many answers could not be used.
    #[must_use]
    pub const fn ignored(&self) -> usize {
        self.ignored
    }

    /// Returns the results in the order of the keys; those left out are `Ok(None)`.
    #[must_use]
    pub fn finish(self) -> Vec<LoadResult<V, E>> {
        self.slots
            .into_iter()
            .map(|slot| slot.unwrap_or(Ok(None)))
            .collect()
    }

    /// Returns the results in the order of the keys; those left out failed with `error`.
    #[must_use]
    pub fn finish_failed(self, error: &LoadError<E>) -> Vec<LoadResult<V, E>> {
        self.slots
            .into_iter()
            .map(|slot| slot.unwrap_or_else(|| Err(error.clone())))
            .collect()
    }

    fn put(&mut self, position: Option<usize>, answer: LoadResult<V, E>) -> bool {
        let slot = position.and_then(|position| self.slots.get_mut(position));
        let Some(slot @ None) = slot else {
            self.ignored += 1;
            return false;
        };
        *slot = Some(answer);
        true
    }
}

impl<K, V, E> fmt::Debug for Answers<'_, K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered = self.slots.iter().filter(|slot| slot.is_some()).count();
        f.debug_struct("Answers")
            .field("keys", &self.keys.len())
            .field("answered", &answered)
            .field("ignored", &self.ignored)
            .finish()
    }
}
