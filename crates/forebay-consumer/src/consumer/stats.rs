use std::sync::Arc;

use forebay_core::{Cursor, Sequence};

/// What a consumer does, and how far it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// What it does at this moment.
    pub phase: Phase,
    /// How many items were applied.
    pub applied: u64,
    /// In how many batches.
    pub batches: u64,
    /// How many of them were applied after the last acknowledged commit.
    pub uncommitted: u64,
    /// The last position up to which everything was applied.
    pub reached: Option<Cursor>,
    /// The position that is known to be stored.
    pub committed: Option<Cursor>,
    /// The last sequence of what is followed, where that is known; not after the end.
    pub head: Option<Sequence>,
    /// How many commits were acknowledged.
    pub commits: u64,
    /// How many of them changed nothing, since somebody else with the same key is as far or further.
    pub unchanged: u64,
    /// How many commits and other calls of the store failed, those that were refused included.
    pub store_failures: u64,
    /// How often the handler failed, a panic included.
    pub handler_failures: u64,
    /// How often what is followed could not be reached, broke off or refused. Gaps are none.
    pub interruptions: u64,
    /// How often the handler was to forget what was applied.
    pub begun_anew: u64,
    /// What the last failure said, for people.
    pub last_error: Option<Arc<str>>,
}

impl Stats {
    /// Returns how many sequences the consumer is behind, where the head is known and in the log
    /// that it reads. Sequences need not be contiguous, so it is at least as many as are missing.
    ///
    /// It is `None` where what is followed does not know [its head](crate::Follow::head), and after
    /// the end. For an alarm, watch that it does not grow, rather than that it is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_consumer::Stats;
    /// use forebay_core::{Cursor, LogId, Sequence};
    ///
    /// let mut stats = Stats::default();
    /// assert_eq!(stats.lag(), None);
    /// stats.head = Some(Sequence::new(40));
    /// assert_eq!(stats.lag(), Some(40));
    /// stats.reached = Some(Cursor::new(LogId::new(1), Sequence::new(39)));
    /// assert_eq!(stats.lag(), Some(1));
    /// ```
    #[must_use]
    pub fn lag(&self) -> Option<u64> {
        let reached = self.reached.map_or(0, |cursor| cursor.sequence().get());
        Some(self.head?.get().saturating_sub(reached))
    }
}

/// What a consumer does at a moment.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// It looks where it was, or was not started yet.
    #[default]
    Loading,
    /// It begins to follow.
    Opening,
    /// It applies the pieces of a snapshot.
    Snapshot,
    /// It applies what comes, or waits for it.
    Following,
    /// The handler or what is followed failed, and it waits to try again. Calls of the store are not
    /// meant: it goes on while a commit is tried again, and a load that is shows as `Loading`.
    Waiting,
    /// It was stopped or the log has ended, and it finishes what it has begun.
    Stopping,
    /// It has ended, or was dropped.
    Ended,
}
