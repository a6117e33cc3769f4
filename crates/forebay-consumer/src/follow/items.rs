use forebay_core::Checkpoint;

/// Items that came in one piece, one after the other, and the positions between them.
///
/// Who implements [`Follow`](crate::Follow) takes [`Received`], unless there is a type already that
/// holds many.
pub trait Items: Send + Sync {
    /// One of them.
    type Item: Send + Sync;

    /// Returns them all.
    fn items(&self) -> &[Self::Item];

    /// Returns the last position that is reached once the first `count` of them are applied, and how
    /// many of them it takes; `None` if they all belong to a sequence that goes on after them.
    ///
    /// It is asked a few times for each batch, so it should not look at every item. It takes no more
    /// items for more of them: what is reached with some is reached with all. A position that takes
    /// more than `count` is passed over.
    fn reached(&self, count: usize) -> Option<(usize, Checkpoint)>;
}

/// Items that were received, and the positions that are reached between them.
///
/// # Examples
///
/// Two items of one sequence, and one of the next:
///
/// ```
/// use forebay_consumer::{Items, Received};
/// use forebay_core::{Cursor, LogId};
///
/// let at = |sequence: u64| Cursor::new(LogId::new(1), sequence.into());
/// let items = Received::from(vec!["a", "b"]).reaching(at(1)).and("c").reaching(at(2));
/// assert_eq!(items.items(), ["a", "b", "c"]);
/// assert_eq!(items.reached(1), None);
/// assert_eq!(items.reached(2), Some((2, at(1).into())));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Received<T> {
    items: Vec<T>,
    /// After how many items which position is reached, rising.
    reached: Vec<(usize, Checkpoint)>,
}

impl<T> Received<T> {
    /// Creates it without an item.
    ///
    /// # Examples
    ///
    /// Nothing for this consumer, up to a position that need not be looked at again:
    ///
    /// ```
    /// use forebay_consumer::{Items, Received};
    /// use forebay_core::{Cursor, LogId};
    ///
    /// let seven = Cursor::new(LogId::new(1), 7.into());
    /// let nothing = Received::<u64>::new().reaching(seven);
    /// assert_eq!(nothing.reached(0), Some((0, seven.into())));
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            items: Vec::new(),
            reached: Vec::new(),
        }
    }

    /// Creates it with one item.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_consumer::{Items, Received};
    ///
    /// assert_eq!(Received::one(7).items(), [7]);
    /// ```
    #[must_use]
    pub fn one(item: T) -> Self {
        Self::from(vec![item])
    }

    /// Adds an item after the others.
    ///
    /// # Examples
    ///
    /// See [`Received`].
    #[must_use]
    pub fn and(mut self, item: T) -> Self {
        self.push(item);
        self
    }

    /// Says that with the items so far a position is reached: all of its sequence is there.
    ///
    /// Positions rise. One that does not is passed over by the consumer.
    ///
    /// # Examples
    ///
    /// See [`Received`].
    #[must_use]
    pub fn reaching(mut self, position: impl Into<Checkpoint>) -> Self {
        self.reach(position);
        self
    }

    /// Adds an item after the others.
    ///
    /// # Examples
    ///
    /// Messages of a connection, each with its offset, of which the third has two parts:
    ///
    /// ```
    /// use forebay_consumer::{Items, Received};
    /// use forebay_core::{Cursor, LogId};
    ///
    /// let messages = [(1, true, "a"), (2, true, "b"), (3, false, "c"), (3, true, "d")];
    /// let mut received = Received::new();
    /// for (offset, is_last, text) in messages {
    ///     received.push(text);
    ///     if is_last {
    ///         received.reach(Cursor::new(LogId::new(1), u64::into(offset)));
    ///     }
    /// }
    /// let reached = |count| received.reached(count).map(|(after, at)| (after, at.sequence().get()));
    /// assert_eq!(reached(2), Some((2, 2)));
    /// assert_eq!(reached(3), Some((2, 2)), "not in the middle of the third");
    /// assert_eq!(reached(4), Some((4, 3)));
    /// ```
    pub fn push(&mut self, item: T) {
        self.items.push(item);
    }

    /// Returns whether there is neither an item nor a position, so that it need not be handed on.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_consumer::Received;
    /// use forebay_core::{Cursor, LogId};
    ///
    /// let mut received = Received::<u64>::new();
    /// assert!(received.is_empty());
    /// received.reach(Cursor::new(LogId::new(1), 7.into()));
    /// assert!(!received.is_empty(), "a position is something as well");
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty() && self.reached.is_empty()
    }

    /// Says that with the items so far a position is reached, as [`reaching`](Self::reaching) does.
    ///
    /// # Examples
    ///
    /// See [`push`](Self::push).
    pub fn reach(&mut self, position: impl Into<Checkpoint>) {
        self.reached.push((self.items.len(), position.into()));
    }
}

impl<T> From<Vec<T>> for Received<T> {
    fn from(items: Vec<T>) -> Self {
        Self {
            items,
            reached: Vec::new(),
        }
    }
}

impl<T> Default for Received<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + Sync> Items for Received<T> {
    type Item = T;

    fn items(&self) -> &[T] {
        &self.items
    }

    fn reached(&self, count: usize) -> Option<(usize, Checkpoint)> {
        let known = self.reached.partition_point(|(after, _)| *after <= count);
        self.reached.get(known.checked_sub(1)?).cloned()
    }
}
