use std::time::Duration;

/// What a log keeps, and for whom.
///
/// Readers always keep alive what they have not read yet, and the log what its last append holds.
/// [`Retention::window`] keeps more for those who come back; [`Retention::readers_up_to`] bounds
/// what readers may keep. Both count in events, and are kept to by whole segments, which hold at
/// most 512.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use forebay_events::Retention;
///
/// // Who was away for up to 10,000 events finds all of them, and who is more than a million behind
/// // for half a minute is cut off.
/// let retention = Retention::readers_up_to(1_000_000)
///     .grace(Duration::from_secs(30))
///     .with_window(10_000);
/// # assert_ne!(retention, Retention::READERS);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Retention {
    rules: Rules,
}

/// What the chains of a log go by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rules {
    /// So many of the newest events are kept, whether somebody reads them or not.
    pub(crate) window: u64,
    pub(crate) limit: Option<Limit>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Limit {
    /// So many of the newest events may be kept by readers.
    pub(crate) events: u64,
    pub(crate) grace: Duration,
}

impl Retention {
    /// Events live as long as some reader has not read them, however many they are.
    pub const READERS: Self = Self {
        rules: Rules {
            window: 0,
            limit: None,
        },
    };

    /// Besides what readers keep, the last `events` are kept for those who resume.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, Retention};
    ///
    /// let mut log = Publisher::<u64>::builder()
    ///     .retention(Retention::window(1_000))
    ///     .build()?;
    /// let source = log.source();
    /// let start = source.subscribe().cursor();
    /// for number in 1..=1_000 {
    ///     log.push(number)?;
    /// }
    /// assert_eq!(source.resume(start)?.lag(), 1_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn window(events: usize) -> Self {
        Self::READERS.with_window(events)
    }

    /// A reader that is more than `events` behind is cut off: it gets the rest of the segment it
    /// is in, at most 512 events, and then [`RecvError::Lagged`](crate::RecvError::Lagged).
    ///
    /// It costs memory for at most `events`, and one segment for each such reader.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_events::{Publisher, RecvError, Retention};
    ///
    /// let mut log = Publisher::<u64>::builder()
    ///     .retention(Retention::readers_up_to(1_000))
    ///     .build()?;
    /// let mut reader = log.source().subscribe();
    /// for number in 1..=10_000 {
    ///     log.push(number)?;
    /// }
    /// let error = loop {
    ///     match reader.try_next() {
    ///         Ok(_) => {}
    ///         Err(error) => break error,
    ///     }
    /// };
    /// assert!(matches!(error, RecvError::Lagged { missed } if missed > 8_000));
    ///
    /// // It goes on when it says so.
    /// assert!(reader.skip_to_oldest() > 8_000);
    /// assert!(reader.try_next().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn readers_up_to(events: usize) -> Self {
        let limit = Limit {
            events: events as u64,
            grace: Duration::ZERO,
        };
        Self {
            rules: Rules {
                window: 0,
                limit: Some(limit),
            },
        }
    }

    /// Readers may be too far behind for this long before they are cut off.
    ///
    /// The writer looks at the time when it begins a new segment, so while nothing is published,
    /// nobody is cut off. It needs a clock: that of the log's runtime. Without
    /// [`readers_up_to`](Retention::readers_up_to) it means nothing.
    ///
    /// # Examples
    ///
    /// See [`Retention`].
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        if let Some(limit) = &mut self.rules.limit {
            limit.grace = grace;
        }
        self
    }

    /// Besides, the last `events` are kept for those who resume.
    ///
    /// # Examples
    ///
    /// See [`Retention`].
    #[must_use]
    pub const fn with_window(mut self, events: usize) -> Self {
        self.rules.window = events as u64;
        self
    }

    pub(crate) const fn rules(self) -> Rules {
        self.rules
    }

    /// How many events readers may be behind, if that is bounded.
    pub(crate) const fn readers_max(self) -> Option<u64> {
        match self.rules.limit {
            Some(limit) => Some(limit.events),
            None => None,
        }
    }
}

impl Rules {
    /// Whether anything but the last append is to be kept, or looked after.
    pub(crate) const fn is_needed(&self) -> bool {
        self.window > 0 || self.limit.is_some()
    }

    /// Whether time plays a part.
    pub(crate) const fn needs_clock(&self) -> bool {
        matches!(self.limit, Some(limit) if !limit.grace.is_zero())
    }
}
