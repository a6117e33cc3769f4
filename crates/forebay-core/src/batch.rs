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
/// The first answer of a position stands. Whatever cannot be used (a position outside the call, a
/// second answer, a key that nobody asked for) is ignored and counted in
/// [`ignored`](Answers::ignored).
///
/// Room for the answers is allocated once, and becomes the list of results in place.
///
/// # Examples
///
/// What a backend says of five keys, before its connection breaks:
///
/// ```
/// use forebay_core::{Answers, LoadError};
///
/// let keys = ["ada", "bob", "eve", "kim", "zoe"];
/// let mut answers = Answers::<_, u64, &str>::new(&keys);
/// assert!(answers.set(0, 7));
/// assert!(answers.insert(&"kim", 9));
/// assert!(answers.missing(1));
/// assert!(answers.fail(2, "not allowed"));
///
/// // What cannot be used changes nothing.
/// assert!(!answers.insert(&"max", 1));
/// assert_eq!(answers.ignored(), 1);
/// assert_eq!(answers.unanswered().collect::<Vec<_>>(), [4]);
///
/// let broken = LoadError::from("connection lost");
/// let results = answers.finish_failed(&broken);
/// assert_eq!(results[0], Ok(Some(7)));
/// assert_eq!(results[1], Ok(None));
/// assert_eq!(results[4].as_ref().unwrap_err().backend(), Some(&"connection lost"));
/// ```
pub struct Answers<'a, K, V, E> {
    keys: &'a [K],
    slots: Vec<Option<LoadResult<V, E>>>,
    // Behind the key that was inserted last.
    next: usize,
    positions: Option<Positions<'a, K>>,
    ignored: usize,
}

impl<'a, K, V, E> Answers<'a, K, V, E> {
    /// Creates room for the answers of `keys`.
    ///
    /// # Examples
    ///
    /// See [`Answers`].
    #[must_use]
    pub fn new(keys: &'a [K]) -> Self {
        let slots = std::iter::repeat_with(|| None).take(keys.len()).collect();
        Self {
            keys,
            slots,
            next: 0,
            positions: None,
            ignored: 0,
        }
    }

    /// Puts in the value of the key at `position`; returns whether it was used.
    ///
    /// # Examples
    ///
    /// See [`Answers`].
    pub fn set(&mut self, position: usize, value: V) -> bool {
        self.put(Some(position), Ok(Some(value)))
    }

    /// Puts in the value of `key`; returns whether it was used.
    ///
    /// The right one for rows that come back in any order. In the order of the keys, with or
    /// without gaps, they are found by comparing alone; the first one that is not builds an index.
    ///
    /// A key that stands in several positions, as it may where keys are not joined, takes a value
    /// for each of them, in no promised order: insert once for each time that it stands there.
    ///
    /// # Examples
    ///
    /// See [`Answers`].
    pub fn insert(&mut self, key: &K, value: V) -> bool
    where
        K: Eq + Hash,
    {
        let position = self.find(key);
        if let Some(position) = position {
            self.next = position + 1;
        }
        self.put(position, Ok(Some(value)))
    }

    /// Says that there is nothing for the key at `position`; returns whether it was used.
    ///
    /// Leaving the key out says the same, unless the whole call fails afterwards.
    ///
    /// # Examples
    ///
    /// See [`Answers`].
    pub fn missing(&mut self, position: usize) -> bool {
        self.put(Some(position), Ok(None))
    }

    /// Says that the key at `position` failed, and it alone; returns whether it was used.
    ///
    /// # Examples
    ///
    /// See [`Answers`].
    pub fn fail(&mut self, position: usize, error: E) -> bool {
        self.put(Some(position), Err(LoadError::from(error)))
    }

    /// Returns the positions that have no answer yet, in order.
    ///
    /// A key that was said to be [`missing`](Answers::missing) has one.
    ///
    /// # Examples
    ///
    /// See [`Answers`].
    pub fn unanswered(&self) -> impl Iterator<Item = usize> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(position, slot)| slot.is_none().then_some(position))
    }

    /// Returns how many answers could not be used.
    ///
    /// # Examples
    ///
    /// See [`Answers`].
    #[must_use]
    pub const fn ignored(&self) -> usize {
        self.ignored
    }

    /// Returns the results in the order of the keys; those left out are `Ok(None)`.
    ///
    /// # Examples
    ///
    /// See [`LoadBatch`].
    #[must_use]
    pub fn finish(self) -> Vec<LoadResult<V, E>> {
        self.slots
            .into_iter()
            .map(|slot| slot.unwrap_or(Ok(None)))
            .collect()
    }

    /// Returns the results in the order of the keys; those left out failed with `error`.
    ///
    /// # Examples
    ///
    /// See [`Answers`].
    #[must_use]
    pub fn finish_failed(self, error: &LoadError<E>) -> Vec<LoadResult<V, E>> {
        self.slots
            .into_iter()
            .map(|slot| slot.unwrap_or_else(|| Err(error.clone())))
            .collect()
    }

    /// Finds a position of `key` that has no answer yet.
    fn find(&mut self, key: &K) -> Option<usize>
    where
        K: Eq + Hash,
    {
        let is_open = |slots: &[Option<_>], at: usize| slots.get(at).is_some_and(Option::is_none);
        let Some(positions) = &mut self.positions else {
            // Over all rows that come in order, this walks once through the keys.
            let ahead = self.keys.iter().enumerate().skip(self.next);
            let mut found = ahead.filter(|(at, other)| *other == key && is_open(&self.slots, *at));
            if let Some((position, _)) = found.next() {
                return Some(position);
            }
            let positions = self.positions.insert(Positions::new(self.keys));
            return positions.find(key, |at| is_open(&self.slots, at));
        };
        if self.keys.get(self.next) == Some(key) && is_open(&self.slots, self.next) {
            return Some(self.next);
        }
        positions.find(key, |at| is_open(&self.slots, at))
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

/// Where each key stands.
struct Positions<'a, K> {
    /// The first position of each key that may have no answer.
    first: HashMap<&'a K, usize>,
    /// For each position the next one of the same key; empty unless some key stands twice.
    twins: Vec<Option<usize>>,
}

impl<'a, K: Eq + Hash> Positions<'a, K> {
    fn new(keys: &'a [K]) -> Self {
        let mut first = HashMap::with_capacity(keys.len());
        let mut twins = Vec::new();
        for (position, key) in keys.iter().enumerate().rev() {
            if let Some(twin) = first.insert(key, position) {
                twins.resize(keys.len(), None);
                twins[position] = Some(twin);
            }
        }
        Self { first, twins }
    }

    /// Finds the first open position of `key`, and does not look at those before it again.
    fn find(&mut self, key: &K, is_open: impl Fn(usize) -> bool) -> Option<usize> {
        let first = self.first.get_mut(key)?;
        while !is_open(*first) {
            *first = self.twins.get(*first).copied().flatten()?;
        }
        Some(*first)
    }
}

#[test]
fn results_take_the_room_of_the_answers() {
    fn check<V: Default>() {
        let keys = [1, 2, 3];
        let answers = || {
            let mut answers = Answers::<u8, V, String>::new(&keys);
            answers.set(1, V::default());
            let room = answers.slots.as_ptr().addr();
            (answers, room)
        };
        let (finished, room) = answers();
        let results = finished.finish();
        assert_eq!(results.as_ptr().addr(), room);
        let (failed, room) = answers();
        let results = failed.finish_failed(&LoadError::TimedOut);
        assert_eq!(results.as_ptr().addr(), room);
    }
    check::<()>();
    check::<u8>();
    check::<u64>();
    check::<String>();
    check::<[u64; 9]>();
}
