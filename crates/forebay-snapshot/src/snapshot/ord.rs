use std::fmt;
use std::ops::{Bound, Deref};

use imbl::OrdMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::snapshot::{Build, OutOfOrder, Snapshot};

/// An ordered map that goes on changing while snapshots of it are kept.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::{OrdSnapshot, Snapshot};
/// use imbl::OrdMap;
///
/// let mut accounts: OrdMap<u64, i64> = OrdMap::unit(7, 100);
/// let snapshot = OrdSnapshot::from(accounts.clone());
/// accounts.insert(7, 50);
/// assert_eq!(snapshot.get(&7), Some(&100));
/// assert_eq!(snapshot.len(), 1);
/// ```
#[derive(Clone)]
pub struct OrdSnapshot<K, V>(OrdMap<K, V>);

impl<K, V> OrdSnapshot<K, V> {
    /// Returns the map.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::OrdSnapshot;
    /// use imbl::OrdMap;
    ///
    /// let accounts: OrdMap<u64, i64> = OrdMap::unit(7, 100);
    /// assert_eq!(OrdSnapshot::from(accounts.clone()).into_inner(), accounts);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> OrdMap<K, V> {
        self.0
    }
}

impl<K, V> Snapshot for OrdSnapshot<K, V>
where
    K: Clone + Ord + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Item = (K, V);
    type Entry<'a> = (&'a K, &'a V);
    type Place = K;
    type Builder = OrdBuilder<K, V>;

    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn iter_after(&self, place: Option<&K>) -> impl Iterator<Item = (&K, &V)> {
        let begin = place.map_or(Bound::Unbounded, Bound::Excluded);
        self.0.range::<_, K>((begin, Bound::Unbounded))
    }

    fn place_after(entry: &(&K, &V)) -> K {
        entry.0.clone()
    }

    fn identity(entry: &Self::Entry<'_>) -> impl Serialize {
        entry.0
    }

    fn builder(_: u64) -> OrdBuilder<K, V> {
        OrdBuilder(OrdMap::new())
    }
}

impl<K, V> fmt::Debug for OrdSnapshot<K, V>
where
    K: Ord + fmt::Debug,
    V: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OrdSnapshot").field(&self.0).finish()
    }
}

impl<K, V> Deref for OrdSnapshot<K, V> {
    type Target = OrdMap<K, V>;

    fn deref(&self) -> &OrdMap<K, V> {
        &self.0
    }
}

impl<K, V> From<OrdMap<K, V>> for OrdSnapshot<K, V> {
    fn from(map: OrdMap<K, V>) -> Self {
        Self(map)
    }
}

/// Makes an [`OrdSnapshot`], of items whose keys rise.
pub struct OrdBuilder<K, V>(OrdMap<K, V>);

impl<K, V> Build for OrdBuilder<K, V>
where
    K: Clone + Ord + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Snapshot = OrdSnapshot<K, V>;
    type Item = (K, V);

    fn push(&mut self, (key, value): (K, V)) -> Result<(), OutOfOrder> {
        if self.0.get_max().is_some_and(|(last, _)| *last >= key) {
            return Err(OutOfOrder);
        }
        self.0.insert(key, value);
        Ok(())
    }

    fn finish(self) -> Result<OrdSnapshot<K, V>, OutOfOrder> {
        Ok(self.0.into())
    }
}

/// It shows no items, which may be many.
impl<K, V> fmt::Debug for OrdBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrdBuilder").finish_non_exhaustive()
    }
}
