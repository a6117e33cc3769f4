use std::fmt;
use std::ops::Deref;

use forebay_core::Sequence;

use crate::chain::segment::Segment;

/// An event and where it stands in its log.
///
/// It can be used as the event itself.
pub struct Entry<'a, T> {
    segment: &'a Segment<T>,
    at: u32,
    event: &'a T,
}

impl<'a, T> Entry<'a, T> {
    #[inline]
    pub(crate) const fn new(segment: &'a Segment<T>, at: u32, event: &'a T) -> Self {
        Self { segment, at, event }
    }

    /// Returns the event, for as long as the subscription is not asked for another one.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// let mut reader = log.source().subscribe();
    /// log.append_all(7, ["one", "two"]).unwrap();
    /// let entry = reader.try_next().unwrap().unwrap();
    /// assert_eq!((entry.event(), entry.sequence().get(), entry.is_last()), (&"one", 7, false));
    /// ```
    #[inline]
    #[must_use]
    pub const fn event(&self) -> &'a T {
        self.event
    }

    /// Returns the sequence that the event was published with.
    ///
    /// # Examples
    ///
    /// See [`event`](Entry::event).
    #[inline]
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.segment.sequence(self.at)
    }

    /// Returns whether it is the last event of its sequence.
    ///
    /// Only then has the reader reached that sequence: whoever keeps its position keeps it here.
    ///
    /// # Examples
    ///
    /// See [`event`](Entry::event).
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.segment.is_last(self.at)
    }
}

impl<T> Clone for Entry<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Entry<'_, T> {}

impl<T> Deref for Entry<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.event
    }
}

impl<T: fmt::Debug> fmt::Debug for Entry<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("sequence", &self.sequence())
            .field("event", self.event)
            .field("is_last", &self.is_last())
            .finish()
    }
}

/// Events that follow one another: at least one, and as many as lie side by side in memory.
///
/// It can be used as a slice of the events; [`iter`](Slice::iter) gives each with its sequence.
pub struct Slice<'a, T> {
    segment: &'a Segment<T>,
    from: u32,
    events: &'a [T],
}

impl<'a, T> Slice<'a, T> {
    pub(crate) const fn new(segment: &'a Segment<T>, from: u32, events: &'a [T]) -> Self {
        Self {
            segment,
            from,
            events,
        }
    }

    /// Returns the events.
    ///
    /// # Examples
    ///
    /// See [`Subscription::next_slice`](crate::Subscription::next_slice).
    #[inline]
    #[must_use]
    pub const fn events(&self) -> &'a [T] {
        self.events
    }

    /// Returns the event number `index` of the slice, with its sequence; the first is number zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// let mut reader = log.source().subscribe();
    /// log.append_all(7, ["seven", "seven, too"])?;
    /// let slice = reader.try_next_slice()?.ok_or("two were published")?;
    /// let last = slice.entry(slice.events().len() - 1).ok_or("it is not empty")?;
    /// // After this one its reader may commit.
    /// assert!(last.sequence().get() == 7 && last.is_last());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn entry(&self, index: usize) -> Option<Entry<'a, T>> {
        let event = self.events.get(index)?;
        Some(Entry::new(self.segment, self.from + index as u32, event))
    }

    /// Returns an iterator over the events with their sequences.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::Publisher;
    ///
    /// let mut log = Publisher::<&str>::new();
    /// let mut reader = log.source().subscribe();
    /// log.append(7, "seven")?;
    /// log.append_all(9, ["nine", "nine, too"])?;
    ///
    /// let slice = reader.try_next_slice()?.unwrap();
    /// let sequences: Vec<_> = slice.iter().map(|entry| entry.sequence().get()).collect();
    /// assert_eq!(sequences, [7, 9, 9]);
    /// assert_eq!(slice.events(), ["seven", "nine", "nine, too"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn iter(&self) -> Entries<'a, T> {
        Entries::new(Some(*self))
    }
}

impl<T> Clone for Slice<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slice<'_, T> {}

impl<T> Deref for Slice<'_, T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.events
    }
}

impl<'a, T> IntoIterator for Slice<'a, T> {
    type Item = Entry<'a, T>;
    type IntoIter = Entries<'a, T>;

    fn into_iter(self) -> Entries<'a, T> {
        self.iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for Slice<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// The events of a [`Slice`] or a [`OwnedSlice`](crate::OwnedSlice), each with its sequence.
pub struct Entries<'a, T> {
    slice: Option<Slice<'a, T>>,
    index: usize,
}

impl<'a, T> Entries<'a, T> {
    pub(crate) const fn new(slice: Option<Slice<'a, T>>) -> Self {
        Self { slice, index: 0 }
    }
}

impl<'a, T> Iterator for Entries<'a, T> {
    type Item = Entry<'a, T>;

    fn next(&mut self) -> Option<Entry<'a, T>> {
        let entry = self.slice?.entry(self.index)?;
        self.index += 1;
        Some(entry)
    }

    /// It costs the same for any `n`.
    fn nth(&mut self, n: usize) -> Option<Entry<'a, T>> {
        let all = self.index + self.len();
        self.index = self.index.saturating_add(n).min(all);
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let all = self.slice.map_or(0, |slice| slice.events.len());
        (all - self.index, Some(all - self.index))
    }
}

impl<T> ExactSizeIterator for Entries<'_, T> {}

impl<T> Clone for Entries<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<T: fmt::Debug> fmt::Debug for Entries<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
