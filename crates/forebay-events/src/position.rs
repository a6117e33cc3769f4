use std::fmt;

use forebay_core::Cursor;

use crate::chain::place::Place;
use crate::subscription::Subscription;

/// Between two events of a log, or before or after all of them.
///
/// It keeps alive what comes after it, as a reader does that stands still.
///
/// # Examples
///
/// ```
/// use forebay_events::Publisher;
///
/// let mut log = Publisher::<&str>::new();
/// let start = log.position();
/// log.append(1, "one")?;
///
/// let mut late = start.subscribe();
/// assert_eq!(late.try_next().unwrap().as_deref(), Some(&"one"));
/// # Ok::<(), forebay_events::NotRising<&str>>(())
/// ```
pub struct Position<T, E = std::convert::Infallible> {
    place: Place<T, E>,
}

impl<T, E> Position<T, E> {
    pub(crate) const fn new(place: Place<T, E>) -> Self {
        Self { place }
    }

    pub(crate) fn into_place(self) -> Place<T, E> {
        self.place
    }

    /// Returns a subscription to what comes after this position.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<u32>::new();
    /// let start = log.position();
    /// log.append(1, 10)?;
    /// assert_eq!(start.subscribe().lag(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Subscription<T, E> {
        Subscription::new(self.place.clone())
    }

    /// Returns the last sequence all of whose events come before this position.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<u32>::new();
    /// log.append(7, 70)?;
    /// assert_eq!(log.position().cursor().sequence().get(), 7);
    /// # Ok::<(), forebay_events::NotRising<u32>>(())
    /// ```
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.place.cursor()
    }
}

impl<T, E> Clone for Position<T, E> {
    fn clone(&self) -> Self {
        Self::new(self.place.clone())
    }
}

impl<T, E> fmt::Debug for Position<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Position").field(&self.cursor()).finish()
    }
}
