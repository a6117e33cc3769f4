use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::snapshot::{Build, OutOfOrder, Snapshot};

/// A state that is copied as a whole each time it changes, in the order in which it stands.
///
/// Chunks follow the content of the items, so what is inserted or removed changes those around it.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::{SliceSnapshot, Snapshot};
///
/// let snapshot = SliceSnapshot::from(vec!["a".to_owned(), "b".to_owned()]);
/// assert_eq!(snapshot.len(), 2);
/// assert_eq!(snapshot[1], "b");
/// ```
pub struct SliceSnapshot<T>(Arc<[T]>);

impl<T> SliceSnapshot<T> {
    /// Returns the items with what keeps them.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::SliceSnapshot;
    ///
    /// let snapshot = SliceSnapshot::from(vec![1, 2, 3]);
    /// assert_eq!(snapshot.into_inner()[..], [1, 2, 3]);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> Arc<[T]> {
        self.0
    }
}

impl<T> Snapshot for SliceSnapshot<T>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Item = T;
    type Entry<'a> = SliceEntry<'a, T>;
    type Place = usize;
    type Builder = SliceBuilder<T>;

    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn iter_after(&self, place: Option<&usize>) -> impl Iterator<Item = SliceEntry<'_, T>> {
        let begin = place.map_or(0, |&place| place.min(self.0.len()));
        let place_of = move |offset: usize| begin.saturating_add(offset).saturating_add(1);
        self.0[begin..]
            .iter()
            .enumerate()
            .map(move |(offset, item)| SliceEntry::new(place_of(offset), item))
    }

    fn place_after(entry: &SliceEntry<'_, T>) -> usize {
        entry.place_after()
    }

    fn identity(entry: &Self::Entry<'_>) -> impl Serialize {
        entry.item()
    }

    fn builder(_: u64) -> SliceBuilder<T> {
        SliceBuilder(Vec::new())
    }
}

impl<T> Clone for SliceSnapshot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for SliceSnapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SliceSnapshot").field(&self.0).finish()
    }
}

impl<T> Deref for SliceSnapshot<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<Arc<[T]>> for SliceSnapshot<T> {
    fn from(items: Arc<[T]>) -> Self {
        Self(items)
    }
}

impl<T> From<Vec<T>> for SliceSnapshot<T> {
    fn from(items: Vec<T>) -> Self {
        Self(items.into())
    }
}

/// An item of a list, with its place in it.
#[derive(Clone, Copy, Debug)]
pub struct SliceEntry<'a, T> {
    place_after: usize,
    item: &'a T,
}

impl<'a, T> SliceEntry<'a, T> {
    pub(crate) const fn new(place_after: usize, item: &'a T) -> Self {
        Self { place_after, item }
    }

    pub(crate) const fn place_after(&self) -> usize {
        self.place_after
    }

    pub(crate) const fn item(&self) -> &'a T {
        self.item
    }
}

/// It is the item alone.
impl<T: Serialize> Serialize for SliceEntry<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.item.serialize(serializer)
    }
}

/// Makes a [`SliceSnapshot`]; items in any order make one.
#[derive(Debug)]
pub struct SliceBuilder<T>(Vec<T>);

impl<T> Build for SliceBuilder<T>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Snapshot = SliceSnapshot<T>;
    type Item = T;

    fn push(&mut self, item: T) -> Result<(), OutOfOrder> {
        self.0.push(item);
        Ok(())
    }

    fn finish(self) -> Result<SliceSnapshot<T>, OutOfOrder> {
        Ok(self.0.into())
    }
}
