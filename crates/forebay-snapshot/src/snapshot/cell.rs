use std::fmt;
use std::iter;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::snapshot::{Build, OutOfOrder, Snapshot};

/// A state of one item, such as a configuration or a counter.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::{CellSnapshot, Snapshot};
///
/// let snapshot = CellSnapshot::new(42_u64);
/// assert_eq!(snapshot.len(), 1);
/// assert_eq!(*snapshot.get(), 42);
/// ```
pub struct CellSnapshot<T>(Arc<T>);

impl<T> CellSnapshot<T> {
    /// Creates the snapshot of this item.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{CellSnapshot, Snapshot};
    ///
    /// assert_eq!(CellSnapshot::new("the whole state".to_owned()).len(), 1);
    /// ```
    #[must_use]
    pub fn new(item: T) -> Self {
        Self(Arc::new(item))
    }

    /// Returns the item.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::CellSnapshot;
    ///
    /// assert_eq!(CellSnapshot::new(7).get(), &7);
    /// ```
    #[must_use]
    pub fn get(&self) -> &T {
        &self.0
    }

    /// Returns the item with what keeps it.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::CellSnapshot;
    ///
    /// assert_eq!(*CellSnapshot::new(7).into_inner(), 7);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T> Snapshot for CellSnapshot<T>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Item = T;
    type Entry<'a> = &'a T;
    type Place = ();
    type Builder = CellBuilder<T>;

    fn len(&self) -> u64 {
        1
    }

    fn iter_after(&self, place: Option<&()>) -> impl Iterator<Item = &T> {
        iter::repeat_n(&*self.0, usize::from(place.is_none()))
    }

    fn place_after(_: &&T) -> Self::Place {}

    fn identity(_: &Self::Entry<'_>) -> impl Serialize {}

    fn builder(_: u64) -> CellBuilder<T> {
        CellBuilder(None)
    }
}

impl<T> Clone for CellSnapshot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<Arc<T>> for CellSnapshot<T> {
    fn from(item: Arc<T>) -> Self {
        Self(item)
    }
}

impl<T: fmt::Debug> fmt::Debug for CellSnapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CellSnapshot").field(&self.0).finish()
    }
}

/// Makes a [`CellSnapshot`], of exactly one item.
#[derive(Debug)]
pub struct CellBuilder<T>(Option<T>);

impl<T> Build for CellBuilder<T>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Snapshot = CellSnapshot<T>;
    type Item = T;

    fn push(&mut self, item: T) -> Result<(), OutOfOrder> {
        match self.0.replace(item) {
            None => Ok(()),
            Some(_) => Err(OutOfOrder),
        }
    }

    fn finish(self) -> Result<CellSnapshot<T>, OutOfOrder> {
        self.0.map(CellSnapshot::new).ok_or(OutOfOrder)
    }
}
