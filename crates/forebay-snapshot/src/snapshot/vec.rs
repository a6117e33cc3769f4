use std::fmt;
use std::ops::Deref;

use imbl::Vector;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::snapshot::slice::SliceEntry;
use crate::snapshot::{Build, OutOfOrder, Snapshot};

/// A list that goes on changing while snapshots of it are kept.
///
/// Chunks follow the content of the items, so what is inserted or removed changes those around it.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::{Snapshot, VecSnapshot};
/// use imbl::Vector;
///
/// let mut list: Vector<u64> = (0..3).collect();
/// let snapshot = VecSnapshot::from(list.clone());
/// list.push_back(3);
/// assert_eq!(snapshot.len(), 3);
/// ```
#[derive(Clone)]
pub struct VecSnapshot<T: Clone>(Vector<T>);

impl<T: Clone> VecSnapshot<T> {
    /// Returns the list.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::VecSnapshot;
    /// use imbl::Vector;
    ///
    /// let names: Vector<u64> = (0..3).collect();
    /// assert_eq!(VecSnapshot::from(names.clone()).into_inner(), names);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> Vector<T> {
        self.0
    }
}

impl<T> Snapshot for VecSnapshot<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Item = T;
    type Entry<'a> = SliceEntry<'a, T>;
    type Place = usize;
    type Builder = VecBuilder<T>;

    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn iter_after(&self, place: Option<&usize>) -> impl Iterator<Item = SliceEntry<'_, T>> {
        let begin = place.map_or(0, |&place| place.min(self.0.len()));
        let place_of = move |offset: usize| begin.saturating_add(offset).saturating_add(1);
        self.0
            .focus()
            .narrow(begin..)
            .into_iter()
            .enumerate()
            .map(move |(offset, item)| SliceEntry::new(place_of(offset), item))
    }

    fn place_after(entry: &SliceEntry<'_, T>) -> usize {
        entry.place_after()
    }

    fn identity(entry: &Self::Entry<'_>) -> impl Serialize {
        entry.item()
    }

    fn builder(_: u64) -> VecBuilder<T> {
        VecBuilder(Vector::new())
    }
}

impl<T: Clone + fmt::Debug> fmt::Debug for VecSnapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VecSnapshot").field(&self.0).finish()
    }
}

impl<T: Clone> Deref for VecSnapshot<T> {
    type Target = Vector<T>;

    fn deref(&self) -> &Vector<T> {
        &self.0
    }
}

impl<T: Clone> From<Vector<T>> for VecSnapshot<T> {
    fn from(list: Vector<T>) -> Self {
        Self(list)
    }
}

/// Makes a [`VecSnapshot`]; items in any order make one.
#[derive(Debug)]
pub struct VecBuilder<T: Clone>(Vector<T>);

impl<T> Build for VecBuilder<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Snapshot = VecSnapshot<T>;
    type Item = T;

    fn push(&mut self, item: T) -> Result<(), OutOfOrder> {
        self.0.push_back(item);
        Ok(())
    }

    fn finish(self) -> Result<VecSnapshot<T>, OutOfOrder> {
        Ok(self.0.into())
    }
}
