use forebay_core::Sequence;

/// What a log holds at one moment.
///
/// # Examples
///
/// ```
/// use forebay_events::Publisher;
///
/// let mut log = Publisher::<u64>::new();
/// let reader = log.source().subscribe();
/// log.append(3, 30)?;
///
/// let stats = log.source().stats();
/// assert_eq!((stats.published, stats.retained, stats.waiting), (1, 1, 0));
/// assert_eq!(stats.oldest.get(), 3);
/// # Ok::<(), forebay_events::NotRising<u64>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// How many events were published.
    pub published: u64,
    /// How many of them are in memory: what readers have yet to read, what the retention keeps, and
    /// the rest of the segments in which these are.
    pub retained: u64,
    /// The first sequence of the oldest segment that somebody can still read; zero before the first
    /// event. A reader far behind shows here.
    pub oldest: Sequence,
    /// The last sequence; zero before the first.
    pub head: Sequence,
    /// How many readers wait for the next event.
    pub waiting: usize,
}
