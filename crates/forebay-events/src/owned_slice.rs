use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::chain::slots::Reach;
use crate::entry::{Entries, Slice};
use crate::log::Log;

/// A [`Slice`] that owns its share of the log, as streams give it.
///
/// It can be used as a slice of the events. It keeps alive the segment in which they are and, as
/// any reader that stands there, what comes after it.
pub struct OwnedSlice<T> {
    reach: Reach<T>,
    log: Arc<Log<T>>,
}

impl<T> OwnedSlice<T> {
    pub(crate) const fn new(reach: Reach<T>, log: Arc<Log<T>>) -> Self {
        Self { reach, log }
    }

    /// Returns the events with their sequences; there is at least one.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    /// use futures::StreamExt;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// let mut slices = log.source().subscribe().into_stream();
    /// log.append_all(7, ["one", "two"]).unwrap();
    /// let slice = futures::executor::block_on(slices.next()).unwrap().unwrap();
    /// assert!(slice.iter().all(|entry| entry.sequence().get() == 7));
    /// ```
    #[must_use]
    pub fn iter(&self) -> Entries<'_, T> {
        let from = self.reach.at();
        let seen = self.reach.look(from);
        Entries::new(seen.map(|(segment, events)| Slice::new(segment, from, events)))
    }
}

impl<T> Deref for OwnedSlice<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let seen = self.reach.look(self.reach.at());
        seen.map_or(&[], |(_, events)| events)
    }
}

impl<'a, T> IntoIterator for &'a OwnedSlice<T> {
    type Item = crate::entry::Entry<'a, T>;
    type IntoIter = Entries<'a, T>;

    fn into_iter(self) -> Entries<'a, T> {
        self.iter()
    }
}

impl<T> Clone for OwnedSlice<T> {
    fn clone(&self) -> Self {
        Self {
            reach: self.reach.clone(),
            log: Arc::clone(&self.log),
        }
    }
}

impl<T> Drop for OwnedSlice<T> {
    fn drop(&mut self) {
        if let Some(segment) = self.reach.take() {
            self.log.release(segment);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedSlice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}
